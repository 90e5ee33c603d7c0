"""The token endpoint: codes and refresh tokens go in, tokens come out.

Requests, answers and limits: docs/protocols/auth.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from services.auth.claims import decode
from services.auth.grant import Grant
from services.auth.issuer.posting import Answer, Post, checked_issuer
from services.auth.issuer.refresh_failure import (
    RefreshFailedError,
    from_answer,
    transient,
    unusable,
)
from services.auth.issuer.refusal import refusal
from services.auth.provider import SignInProvider
from services.clock import Clock
from services.errors import BadPayloadError, ServiceError, UsageError
from services.headers import is_sendable
from services.provider import Secret
from services.transport.failures import request_id

REVOKE_TIMEOUT: Final = 10.0
_TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 a name
_ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a refresh brought; None keeps what is stored."""

    id_token: Secret | None = None
    access_token: Secret | None = None
    refresh_token: Secret | None = None


class TokenEndpoint:
    """Speaks to the token and revoke endpoints of an issuer: one attempt a call.

    Args:
        http: From `create_client`.
        provider: The issuer, its paths and encodings.
        clock: Time.
    """

    def __init__(self, http: httpx.AsyncClient, provider: SignInProvider, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self.post = Post(http, clock)
        """For the other endpoints of the same issuer."""

    async def exchange_code(self, code: Secret, verifier: Secret, redirect_uri: str) -> Grant:
        """Turn an authorization code into tokens; a code is good for one call.

        Args:
            code: From the redirect, or from the device endpoint.
            verifier: Whose challenge the issuer was given.
            redirect_uri: The same string as in the authorize URL.

        Raises:
            ServiceError: The issuer refused, was not reached, or gave no valid tokens.
        """
        secrets = (code, verifier)
        answer = await self._ask(
            {
                "grant_type": "authorization_code",
                "client_id": self._provider.client_id,
                "code": code.reveal(),
                "redirect_uri": redirect_uri,
                "code_verifier": verifier.reveal(),
            }
        )
        if not answer.is_success:
            raise refusal(answer, self._clock.now(), secrets)
        document = answer.document()
        id_token = _required(document, "id_token", answer)
        access_token = _required(document, "access_token", answer)
        refresh_token = _required(document, "refresh_token", answer)
        try:
            decode(id_token)
        except BadPayloadError:
            raise _invalid(answer, "the id_token is no token that can be read") from None
        return Grant(id_token=id_token, access_token=access_token, refresh_token=refresh_token)

    async def exchange_api_key(self, id_token: Secret) -> Secret | None:
        """Ask for an API key of the account; None where the issuer gives none, for any cause."""
        try:
            answer = await self._ask(
                {
                    "grant_type": _TOKEN_EXCHANGE,
                    "client_id": self._provider.client_id,
                    "requested_token": "openai-api-key",
                    "subject_token": id_token.reveal(),
                    "subject_token_type": _ID_TOKEN,
                }
            )
            return _usable(answer.document().get("access_token")) if answer.is_success else None
        except ServiceError:
            return None

    async def refresh(
        self, refresh_token: Secret, *, reason: str, issuer: str | None, client_id: str | None
    ) -> Renewed:
        """Spend a refresh token.

        A field of the answer that is missing, null or unusable keeps what is stored: what else
        the answer holds must not be lost with it, since the token is spent. An answer without
        anything new is for the caller to judge.

        Args:
            refresh_token: Good for one call.
            reason: `proactive_expiry`, `scheduled` or `unauthorized_recovery`.
            issuer: Who gave it; None for the provider's. The caller has decided to trust it.
            client_id: To whom it was given; None for the provider's.

        Raises:
            RefreshFailedError: It says whether trying again can help.
        """
        token = refresh_token.reveal().strip()
        if not token:
            raise unusable("The login holds nothing to renew it with")
        if not is_sendable(token):
            raise unusable("The stored refresh token is damaged")
        try:
            url = self._url(issuer, self._provider.token_path)
        except UsageError as error:
            raise unusable(error.message) from error
        try:
            answer = await self.post(
                url,
                {
                    "client_id": client_id or self._provider.client_id,
                    "grant_type": "refresh_token",
                    "refresh_reason": reason,
                    "refresh_token": token,
                    **dict(self._provider.token_extra),
                },
                encoding=self._provider.refresh_encoding,
                headers=self._originator,
            )
            if not answer.is_success:
                raise from_answer(answer, self._clock.now(), (Secret(token),))
            return _renewed(answer)
        except RefreshFailedError:
            raise
        except ServiceError as error:
            raise transient(error) from error

    async def revoke(
        self,
        token: Secret,
        *,
        hint: str,
        issuer: str | None,
        client_id: str | None = None,
        timeout: float = REVOKE_TIMEOUT,
    ) -> None:
        """Have a token declared dead, within ten seconds.

        Args:
            token: Refresh token, or access token where there is none.
            hint: `refresh_token` or `access_token`.
            issuer: Who gave it; None for the provider's.
            client_id: To whom a refresh token was given; None for the provider's.
            timeout: Seconds for all of it.

        Raises:
            ServiceError: It may still be good.
        """
        members = {"token": token.reveal(), "token_type_hint": hint}
        if hint == "refresh_token":
            members["client_id"] = client_id or self._provider.client_id
        answer = await self.post(
            self._url(issuer, self._provider.revoke_path),
            members,
            encoding=self._provider.revoke_encoding,
            headers=self._originator,
            total=timeout,
        )
        if not answer.is_success:
            raise refusal(answer, self._clock.now(), (token,))

    async def _ask(self, members: Mapping[str, str]) -> Answer:
        return await self.post(
            self._url(None, self._provider.token_path),
            {**members, **dict(self._provider.token_extra)},
            encoding=self._provider.exchange_encoding,
        )

    def _url(self, issuer: str | None, path: str) -> str:
        return checked_issuer(issuer or self._provider.issuer) + path

    @property
    def _originator(self) -> Mapping[str, str]:
        return {"originator": self._provider.originator}


def _renewed(answer: Answer) -> Renewed:
    document = answer.document()
    id_token = _usable(document.get("id_token"))
    if id_token is not None:
        try:
            decode(id_token)
        except BadPayloadError:
            id_token = None
    renewed = Renewed(
        id_token=id_token,
        access_token=_usable(document.get("access_token")),
        refresh_token=_usable(document.get("refresh_token")),
    )
    names = ("id_token", "access_token", "refresh_token")
    if renewed == Renewed() and any(document.get(name) is not None for name in names):
        raise _invalid(answer, "none of its tokens can be read")
    return renewed


def _required(document: Mapping[str, object], name: str, answer: Answer) -> Secret:
    token = _usable(document.get(name))
    if token is None:
        raise _invalid(answer, f"{name} is missing or no text")
    return token


def _usable(value: object) -> Secret | None:
    """A token that can be stored and sent as it is."""
    return Secret(value) if isinstance(value, str) and is_sendable(value) else None


def _invalid(answer: Answer, why: str) -> BadPayloadError:
    return BadPayloadError(
        f"{answer.host} gave an invalid token response: {why}",
        next_step="Sign in again",
        status=answer.status,
        request_id=request_id(answer.headers),
        code="token_response",
    )
