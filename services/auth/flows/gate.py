"""Lets one answer of the issuer in, for one attempt to sign in.

It does not matter whether the answer comes with the browser or is pasted. Order of the checks:
docs/protocols/auth.md.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from services.auth.flows.pkce import is_same
from services.auth.issuer.refusal import shown
from services.errors import LoginError, RefusedError, ServiceError, UsageError
from services.provider import Secret

_PARAMETERS: Final = 50
_NOT_ENABLED: Final = "missing_codex_entitlement"


class StrangeAnswerError(UsageError):
    """An answer that is not for this attempt, or not readable: the attempt goes on."""


class UsedAnswerError(UsageError):
    """An answer to an attempt that has its answer."""


class Gate:
    """What an attempt waits at. Made inside a running loop.

    Args:
        state: What an answer must bring back to be let in.
    """

    def __init__(self, state: Secret) -> None:
        loop = asyncio.get_running_loop()
        self._state = state
        self._arrived: asyncio.Future[Secret | ServiceError] = loop.create_future()
        self._settled: asyncio.Future[bool] = loop.create_future()

    @property
    def is_closed(self) -> bool:
        """Whether an answer was let in, or the attempt is over."""
        return self._arrived.done()

    def take(self, query: str) -> None:
        """Let the answer in a query in: a code, or the issuer's reason for giving none.

        Raises:
            UsedAnswerError: There was one already.
            StrangeAnswerError: It is none, or one to another attempt.
        """
        if self.is_closed:
            raise UsedAnswerError("This sign-in has its answer already", code="used")
        parameters = _parameters(query)
        if not is_same(parameters.get("state", ""), self._state):
            raise StrangeAnswerError(
                "The answer belongs to another attempt to sign in",
                next_step="Use the page that this attempt has opened",
                code="state",
            )
        self._arrived.set_result(_answer(parameters, self._state))

    def end(self, error: ServiceError) -> None:
        """End the attempt with an error, unless it has its answer."""
        if not self.is_closed:
            self._arrived.set_result(error)

    async def arrival(self) -> Secret | ServiceError:
        """Wait for the code, or for the reason why none will come."""
        # A waiter that is cancelled must not take the future with it.
        return await asyncio.shield(self._arrived)

    def settle(self, *, is_signed_in: bool) -> None:
        """Tell the browser's tab how it ended."""
        if not self._settled.done():
            self._settled.set_result(is_signed_in)

    async def settlement(self, limit: float) -> bool | None:
        """Whether the tokens came; None where that is not known within `limit` seconds."""
        try:
            async with asyncio.timeout(limit):
                return await asyncio.shield(self._settled)
        except TimeoutError:
            return None


def _parameters(query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="replace", max_num_fields=_PARAMETERS
        )
    except ValueError:
        raise StrangeAnswerError("The answer cannot be read", code="query") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise StrangeAnswerError(
                "The answer names one parameter twice, with two values", code="ambiguous"
            )
    return found


def _answer(parameters: Mapping[str, str], state: Secret) -> Secret | ServiceError:
    code = parameters.get("code", "")
    if (error := parameters.get("error")) is not None:
        return _denied(error, parameters.get("error_description", ""), (Secret(code), state))
    if not code:
        return RefusedError(
            "The issuer sent no code along",
            next_step="Sign in again",
            code="missing_authorization_code",
        )
    return Secret(code)


def _denied(error: str, description: str, secrets: tuple[Secret, ...]) -> LoginError:
    if error == "access_denied" and _NOT_ENABLED in description.lower():
        return LoginError(
            "Codex is not enabled for this workspace",
            next_step="Ask the administrator of your workspace to enable it",
            code=_NOT_ENABLED,
        )
    reason = shown(description, secrets) or shown(error, secrets)
    return LoginError(
        f"The issuer refused to sign you in{f': {reason}' if reason else ''}",
        next_step="Sign in again, or in another way",
        code=shown(error, secrets)[:60] or "error",
    )
