"""The text of `auth.json` and what it means. Schema: docs/protocols/auth.md.

The keyring holds the same document. Nothing here names a secret in an error.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, cast

from services.auth.claims import read_id_token
from services.auth.credentials import Credentials, Tokens
from services.auth.stores.auth_mode import FOREIGN, mode_of
from services.errors import BadPayloadError
from services.headers import is_sendable
from services.models.account import AccountMode
from services.provider import Secret

SIZE_LIMIT: Final = 1024 * 1024
"""Bytes of a document."""
_DEPTH_LIMIT: Final = 100
_TOP: Final = ("auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh")
_TOKENS: Final = (
    "id_token",
    "access_token",
    "refresh_token",
    "oauth_provenance",
    "login_owner_id",
    "account_id",
)
_PROVENANCE: Final = ("issuer", "client_id")
_RFC_3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))"
)

Members = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a document says."""

    credentials: Credentials | None = None
    """None where nobody is signed in, or what is there cannot be used."""
    problem: str = ""
    """Why it cannot be used, a sentence; empty where nobody is signed in."""
    is_broken: bool = False
    """Whether it is no JSON object: somebody may be writing it."""
    notices: tuple[str, ...] = ()
    """What the user should know though it can be used."""


class _UnusableError(Exception):
    """Why a document cannot be used, without the name of the document."""


class _BrokenError(_UnusableError):
    """It is not a document at all."""


def parse(content: bytes, name: str) -> Reading:
    """Read a document that anybody may have written.

    Args:
        content: UTF-8, with or without a byte order mark.
        name: What the document is called in sentences (`auth.json`).
    """
    notices: list[str] = []
    try:
        members = _members(content)
        credentials = _credentials(members, name, notices)
    except _UnusableError as error:
        return Reading(problem=f"{name} {error}", is_broken=isinstance(error, _BrokenError))
    return Reading(credentials=credentials, notices=tuple(notices))


def render(credentials: Credentials, *, beneath: bytes | None = None, compact: bool) -> str:
    """The document that Codex reads as these credentials.

    Members that are not known stay, those of the document the credentials came from and those
    that another program has added since.

    Args:
        credentials: To be written.
        beneath: The document that is replaced, where there is one.
        compact: On one line, as Codex has it in a keyring.

    Raises:
        BadPayloadError: The credentials do not hold what their mode needs.
    """
    origin = _members_or_none(credentials.raw.reveal().encode("utf-8", "replace")) or {}
    found = (_members_or_none(beneath) or {}) if beneath is not None else {}
    # A login of another kind ends with this one, unless both stood in the same document.
    found = {key: value for key, value in found.items() if key not in FOREIGN or key in origin}
    document: Members
    if credentials.mode is AccountMode.API_KEY and credentials.api_key is not None:
        document = {"auth_mode": "apikey", "OPENAI_API_KEY": credentials.api_key.reveal()}
    elif credentials.mode is AccountMode.CHATGPT and credentials.tokens is not None:
        key = credentials.api_key
        document = {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": key.reveal() if key is not None else None,
            "tokens": _rendered_tokens(credentials.tokens, _object(origin.get("tokens"))),
        }
        at = credentials.last_refresh
        # Codex sends no Authorization at all where this member is missing.
        at = credentials.tokens.life.begins_at if at is None else at
        if at is not None:
            document["last_refresh"] = _written_time(at)
    else:
        raise BadPayloadError("There is no login that could be stored", code="credentials")
    document |= _unknown({**origin, **found}, _TOP)
    if compact:
        return json.dumps(document, allow_nan=False, separators=(",", ":"))
    return json.dumps(document, allow_nan=False, indent=2)


def _rendered_tokens(tokens: Tokens, origin: Mapping[str, Any]) -> Members:
    rendered: Members = {
        "id_token": tokens.id_token.reveal(),
        "access_token": tokens.access_token.reveal(),
        "refresh_token": tokens.refresh_token.reveal(),
    }
    provenance: Members = {}
    if tokens.issuer is not None:
        provenance["issuer"] = tokens.issuer
    if tokens.client_id is not None:
        provenance["client_id"] = tokens.client_id
    provenance |= _unknown(_object(origin.get("oauth_provenance")), _PROVENANCE)
    if provenance:
        rendered["oauth_provenance"] = provenance
    if tokens.login_owner_id is not None:
        rendered["login_owner_id"] = tokens.login_owner_id
    claimed = tokens.claims.account_id
    is_whole = claimed is not None and is_sendable(claimed)
    rendered["account_id"] = tokens.account_id or (claimed if is_whole else None)
    return rendered | _unknown(origin, _TOKENS)


def _members(content: bytes) -> Members:
    """The document as an object.

    Raises:
        _BrokenError: It is none, or holds what no JSON may hold.
    """
    if len(content) > SIZE_LIMIT:
        message = "is larger than 1 MiB"
        raise _UnusableError(message)
    if not content.strip():
        message = "is empty"
        raise _BrokenError(message)
    try:
        value: object = json.loads(
            content.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite
        )
        _check_depth(value)
    except (ValueError, RecursionError):
        # Chained, the cause would carry the text into a traceback.
        message = "is no JSON that can be read"
        raise _BrokenError(message) from None
    if not isinstance(value, dict):
        message = "holds no JSON object"
        raise _BrokenError(message)
    return cast("Members", value)


def _members_or_none(content: bytes) -> Members | None:
    try:
        return _members(content)
    except _UnusableError:
        return None


def _refuse(_constant: str) -> float:
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(_DEPTH_LIMIT):
        inner: list[object] = []
        for member in level:
            if isinstance(member, dict):
                inner.extend(cast("Members", member).values())
            elif isinstance(member, list):
                inner.extend(cast("list[object]", member))
        if not inner:
            return
        level = inner
    raise ValueError


def _credentials(members: Members, name: str, notices: list[str]) -> Credentials | None:
    mode, foreign = mode_of(members)
    if foreign:
        message = f"holds {foreign}, which Foredeck does not use and leaves alone"
        raise _UnusableError(message)
    raw = Secret(json.dumps(members, allow_nan=False))
    key = members.get("OPENAI_API_KEY")
    if mode is AccountMode.API_KEY:
        return Credentials(mode=mode, api_key=_header_text(key, "API key"), raw=raw)
    if mode is AccountMode.NONE:
        return None
    tokens = _tokens(members.get("tokens"), name, notices)
    if tokens is None:
        return None
    beside = key.strip() if isinstance(key, str) else ""
    return Credentials(
        mode=mode,
        tokens=tokens,
        api_key=Secret(beside) if beside else None,
        last_refresh=_read_time(members.get("last_refresh")),
        raw=raw,
    )


def _tokens(value: object, name: str, notices: list[str]) -> Tokens | None:
    """The tokens; None where the document says that there are none.

    Raises:
        _UnusableError: They are incomplete, or not what tokens are.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        message = "holds tokens in a form that is not known"
        raise _UnusableError(message)
    members = cast("Members", value)
    id_token = _header_text(members.get("id_token"), "id_token")
    try:
        claimed = read_id_token(id_token).account_id
    except BadPayloadError:
        message = "holds an id_token that cannot be decoded"
        raise _UnusableError(message) from None
    account_id = members.get("account_id")
    provenance: object = members.get("oauth_provenance")
    if provenance is not None and not isinstance(provenance, dict):
        message = "names the issuer of its tokens in a form that is not known"
        raise _UnusableError(message)
    issued = _object(provenance)
    refresh_token = members.get("refresh_token")
    if isinstance(refresh_token, str) and not refresh_token.strip():
        notices.append(f"{name} holds no refresh token: sign in again when this login ends")
        refresh = Secret("")
    else:
        refresh = _header_text(refresh_token, "refresh_token")
    stored = None
    if account_id is not None and account_id != "":
        stored = _header_text(account_id, "account_id").reveal()
    if stored is not None and claimed is not None and stored != claimed:
        notices.append(f"{name} names another account than its id_token; the stored one is used")
    owner = members.get("login_owner_id")
    return Tokens(
        id_token=id_token,
        access_token=_header_text(members.get("access_token"), "access_token"),
        refresh_token=refresh,
        account_id=stored,
        issuer=_optional_text(issued, "issuer"),
        client_id=_optional_text(issued, "client_id"),
        login_owner_id=owner if isinstance(owner, str) else None,
    )


def _header_text(value: object, name: str) -> Secret:
    """A secret that a header can carry, without the blanks around it.

    Raises:
        _UnusableError: It is missing, or a character of it could not be sent.
    """
    if value is None:
        message = f"holds no {name}"
        raise _UnusableError(message)
    if not isinstance(value, str):
        message = f"holds no text as {name}"
        raise _UnusableError(message)
    text = value.strip()
    if not text:
        message = f"holds an empty {name}"
        raise _UnusableError(message)
    if not is_sendable(text):
        message = f"holds a blank, control or foreign character inside its {name}"
        raise _UnusableError(message)
    return Secret(text)


def _optional_text(members: Mapping[str, Any], key: str) -> str | None:
    value = members.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        message = "names the issuer of its tokens in a form that is not known"
        raise _UnusableError(message)
    return value


def _object(value: Any) -> Members:
    return cast("Members", value) if isinstance(value, dict) else {}


def _unknown(members: Mapping[str, Any], known: tuple[str, ...]) -> Members:
    return {key: value for key, value in members.items() if key not in known}


def _read_time(value: object) -> float | None:
    """Unix seconds of an RFC 3339 time with any offset; None for anything else."""
    match = _RFC_3339.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    sign, hours, minutes = match[8], int(match[9] or 0), int(match[10] or 0)
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
    if second > 60:
        return None
    try:
        # A leap second is written as the 60th, which datetime does not know.
        moment = datetime(
            year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset)
        ).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment + (1 if second == 60 else 0) + float(match[7] or 0)


def _written_time(at: float) -> str:
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
