"""Whose a personal access token is. Wire format: docs/protocols/auth.md."""

import re
from dataclasses import dataclass
from typing import Final

import httpx

from services.auth.calls.origins import require_origin
from services.auth.claims import IdClaims
from services.auth.precedence import ACCESS_TOKEN, PERSONAL
from services.auth.settings import AuthSettings
from services.clean import clean_line
from services.clock import Clock
from services.errors import (
    BadPayloadError,
    CredentialsError,
    LoginError,
    NotFoundError,
    ServiceError,
)
from services.provider import Secret
from services.transport.failures import Identity
from services.transport.http import read_json
from services.transport.signing import Signed
from services.wire.reading import JsonObject, as_object, as_text

TIMEOUT: Final = 30.0
ANSWER_LIMIT: Final = 1024 * 1024
_TOKEN: Final = re.compile(rf"{PERSONAL}[\x21-\x7e]{{1,8192}}")
_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")


def is_personal(token: Secret) -> bool:
    """Whether a token is a personal access token, by its beginning."""
    return token.reveal().strip().startswith(PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalToken:
    """A token that may be used, and whose it is."""

    token: Secret
    claims: IdClaims
    """`account_id` and `user_id` are there."""


async def whoami(
    http: httpx.AsyncClient, token: Secret, *, settings: AuthSettings, clock: Clock
) -> PersonalToken:
    """Ask the issuer whose a personal access token is; nothing of it is stored.

    Args:
        http: From `create_client`.
        token: As it was set; blanks around it are no part of it.
        settings: Name the issuer.
        clock: Time.

    Raises:
        CredentialsError: It is no token that can be sent, or may not be sent there.
        LoginError: The issuer does not accept it.
        ServiceError: There is no answer, or none that can be read.
    """
    trimmed = Secret(token.reveal().strip())
    if not _TOKEN.fullmatch(trimmed.reveal()):
        raise CredentialsError(
            f"{ACCESS_TOKEN} holds no personal access token that can be sent",
            next_step=f"Copy the whole token into {ACCESS_TOKEN} again, or unset it",
            code="personal_token",
        )
    signer = _TokenSigner(trimmed, settings)
    url = settings.provider.whoami_url
    try:
        document, _ = await read_json(
            http,
            http.build_request("GET", url),
            identity=signer.identity,
            clock=clock,
            timeout=TIMEOUT,
            limit=ANSWER_LIMIT,
            retries=1,
            signer=signer,
        )
    except NotFoundError as error:
        raise NotFoundError(
            "The issuer knows no personal access tokens (404)",
            next_step=f"Unset {ACCESS_TOKEN} to use the stored login",
            status=error.status,
            request_id=error.request_id,
            code=error.code,
        ) from error
    except LoginError as error:
        if error.status != 401:
            raise
        raise LoginError(
            f"The token in {ACCESS_TOKEN} is not accepted (401)",
            next_step=f"Make a new token, or unset {ACCESS_TOKEN} to use the stored login",
            status=error.status,
            request_id=error.request_id,
            code=error.code,
        ) from error
    return PersonalToken(token=trimmed, claims=_claims(as_object(document)))


class _TokenSigner:
    """Puts the token on the one question, and on nothing else."""

    def __init__(self, token: Secret, settings: AuthSettings) -> None:
        self._token = token
        self._settings = settings

    @property
    def identity(self) -> Identity:
        return Identity(has_key=True, key_source=ACCESS_TOKEN)

    async def sign(self, url: httpx.URL) -> Signed:
        require_origin(url, kind="accounts", settings=self._settings)
        return Signed(url=url, headers={"authorization": f"Bearer {self._token.reveal()}"})

    async def recover(self, error: ServiceError) -> bool:
        return False

    def received(self, response: httpx.Response) -> None:
        """The issuer's cookies are not kept."""


def _claims(members: JsonObject) -> IdClaims:
    """The same as an id_token would say.

    Raises:
        BadPayloadError: An id is missing, or could not be sent in a header.
    """
    user_id = as_text(members.get("chatgpt_user_id"))
    account_id = as_text(members.get("chatgpt_account_id"))
    if not _is_id(user_id) or not _is_id(account_id):
        raise BadPayloadError(
            f"The issuer's answer does not say whose the token in {ACCESS_TOKEN} is",
            next_step=f"Unset {ACCESS_TOKEN} to use the stored login",
            code="whoami",
        )
    return IdClaims(
        email=clean_line(as_text(members.get("email")) or "") or None,
        account_id=account_id,
        user_id=user_id,
        plan=clean_line(as_text(members.get("chatgpt_plan_type")) or "") or None,
        is_fedramp=members.get("chatgpt_account_is_fedramp") is True,
    )


def _is_id(value: str | None) -> bool:
    return value is not None and _ID.fullmatch(value) is not None
