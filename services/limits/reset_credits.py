"""Answers about resets that can be redeemed. Wire format: docs/protocols/limits.md."""

from typing import Final

from services.clean import clean_line
from services.errors import BadPayloadError
from services.models.limits import Redeemed, ResetCredit, ResetCredits
from services.wire.limit_values import read_time, read_whole
from services.wire.reading import as_list, as_object, as_text

MAX_CREDITS: Final = 100
AVAILABLE: Final = "available"
_ID_LIMIT: Final = 200
_TITLE_LIMIT: Final = 100
_DESCRIPTION_LIMIT: Final = 500


def read_reset_credits(document: object) -> ResetCredits:
    """The resets, one by one; one that cannot be named is left out.

    Raises:
        BadPayloadError: It is no such answer.
    """
    members = as_object(document)
    said = read_whole(members.get("available_count"))
    if said is None and not isinstance(members.get("credits"), list):
        raise BadPayloadError(
            "The server's answer about resets cannot be read",
            next_step="Check the base URL, and the proxy in between",
            code="reset_credits",
        )
    entries = (_credit(entry) for entry in as_list(members.get("credits"))[:MAX_CREDITS])
    found = {credit.id: credit for credit in entries if credit is not None}
    single = tuple(found.values())
    available = sum(credit.status == AVAILABLE for credit in single)
    return ResetCredits(
        available=available if said is None else said,
        applicable=read_whole(members.get("applicable_available_count")),
        credits=single,
    )


def _credit(entry: object) -> ResetCredit | None:
    members = as_object(entry)
    credit_id = as_text(members.get("id")) or ""
    # An id that had to be cleaned would be that of no credit any more.
    if not credit_id or clean_line(credit_id, _ID_LIMIT) != credit_id:
        return None
    return ResetCredit(
        id=credit_id,
        status=clean_line(as_text(members.get("status")) or "unknown", 40),
        granted_at=read_time(members.get("granted_at")),
        expires_at=read_time(members.get("expires_at")),
        title=clean_line(as_text(members.get("title")) or "", _TITLE_LIMIT),
        description=clean_line(as_text(members.get("description")) or "", _DESCRIPTION_LIMIT),
    )


def read_redeemed(document: object) -> Redeemed:
    """What came of redeeming.

    Raises:
        BadPayloadError: It says nothing of that, so it may have happened.
    """
    members = as_object(document)
    code = as_text(members.get("code"))
    match code:
        case "reset" | "nothing_to_reset" | "no_credit" | "already_redeemed":
            return Redeemed(code=code, windows_reset=read_whole(members.get("windows_reset")))
        case _:
            raise BadPayloadError("The server's answer to it cannot be read", code="redeemed")
