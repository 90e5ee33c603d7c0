"""Signing in with a browser: authorization code with PKCE.

The flow and its limits: docs/protocols/auth.md.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

from services.auth.flows.callback import CallbackServer
from services.auth.flows.gate import Gate
from services.auth.flows.pasted import query_in
from services.auth.flows.pkce import Pkce, new_pkce
from services.auth.flows.ports import CallbackPorts, PortTakenError
from services.auth.grant import Grant
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.issuer.posting import checked_issuer
from services.auth.keeping.lasting import to_its_end
from services.auth.provider import SignInProvider
from services.clock import Clock
from services.errors import ServiceError, UsageError
from services.provider import Secret

__all__ = ["LIFE", "BrowserLogin", "PortTakenError"]

LIFE: Final = 600.0
"""Seconds that an attempt waits for the browser."""
FAREWELL: Final = 2.0
"""Seconds that one who leaves waits for the end of tokens that came already."""
_log = logging.getLogger(__name__)


class BrowserLogin:
    """One attempt to sign in with a browser.

    Entering it takes the callback port, leaving it gives the port back, whatever came before.

    Args:
        endpoint: Exchanges the code.
        provider: The issuer, and what it wants in the authorize URL.
        clock: Says when the attempt ends.
        ports: Shared by the attempts of a process, so that a new one takes over the port of an
            earlier one; each attempt for itself where there is none.
    """

    def __init__(
        self,
        endpoint: TokenEndpoint,
        provider: SignInProvider,
        clock: Clock,
        ports: CallbackPorts | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._provider = provider
        self._clock = clock
        self._ports = ports or CallbackPorts()
        self._pkce: Pkce | None = None
        self._gate: Gate | None = None
        self._server: CallbackServer | None = None
        self._redirect_uri = ""
        self._ends = 0.0
        self.url = ""
        """What the browser opens; it holds the state, so it is for this user alone."""
        self.port = 0
        """Where the callback is waited for."""
        self.ends_at = 0.0
        """Unix seconds."""

    async def __aenter__(self) -> Self:
        """Take the port and make the URL.

        Raises:
            PortTakenError: No callback can arrive.
            UsageError: Nobody can sign in at the issuer's address.
        """
        issuer = checked_issuer(self._provider.issuer)
        pkce = new_pkce()
        gate = Gate(pkce.state)
        bound = await self._ports.bind(self._provider, self._superseded)
        server = CallbackServer(bound, gate, self._provider.callback_path, self._cancelled)
        self._pkce, self._gate, self._server, self.port = pkce, gate, server, bound.port
        try:
            await server.open()
        except BaseException:
            self._free()
            raise
        self._redirect_uri = (
            f"http://{self._provider.redirect_host}:{bound.port}{self._provider.callback_path}"
        )
        self.url = self._authorize_url(issuer, pkce)
        self._ends = self._clock.monotonic() + LIFE
        self.ends_at = self._clock.now() + LIFE
        _log.info("sign-in by browser waits on port %d", self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the port back and forget the secrets."""
        self._pkce = None
        self._end(ServiceError("The sign-in was left", code="cancelled"))
        self._free()
        if self._gate is not None:
            self._gate.settle(is_signed_in=False)
        if self._server is not None:
            await self._server.close()

    def paste(self, text: str) -> None:
        """Take the answer from the address that the browser ended at.

        An answer that says no is told by `wait`.

        Args:
            text: The whole address, or its query.

        Raises:
            UsageError: It is no answer, one to another attempt, or not the first.
        """
        query = query_in(text, self._provider)
        self._opened().take(query)

    async def wait(self, on_arrival: Callable[[], None] = lambda: None) -> Grant:
        """Wait for the browser, then exchange its code.

        Args:
            on_arrival: Called when the browser has come back with a code.

        Raises:
            LoginError: The issuer said no.
            ServiceError: The time is over, the port was wanted by another sign-in, or the
                exchange failed.
        """
        gate = self._opened()
        arrived = await self._arrival(gate)
        pkce, self._pkce = self._pkce, None
        try:
            if isinstance(arrived, ServiceError):
                raise arrived
            if pkce is None:
                raise UsageError("This sign-in is over", next_step="Sign in again", code="used")
            on_arrival()
            grant = await self._endpoint.exchange_code(arrived, pkce.verifier, self._redirect_uri)
        except BaseException:
            gate.settle(is_signed_in=False)
            raise
        gate.settle(is_signed_in=True)
        if self._provider.wants_api_key:
            grant = replace(grant, api_key=await self._key_for(grant))
        return grant

    async def _key_for(self, grant: Grant) -> Secret | None:
        try:
            return await self._endpoint.exchange_api_key(grant.id_token)
        except BaseException:
            # Whoever leaves now never gets the tokens, so nobody shall be able to use them.
            with suppress(ServiceError):
                await to_its_end(
                    self._endpoint.revoke(
                        grant.refresh_token, hint="refresh_token", issuer=None, timeout=FAREWELL
                    )
                )
            raise

    async def _arrival(self, gate: Gate) -> Secret | ServiceError:
        async with asyncio.TaskGroup() as group:
            timer = group.create_task(self._expire())
            arrived = await gate.arrival()
            timer.cancel()
        return arrived

    async def _expire(self) -> None:
        while (left := self._ends - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)
        self._end(
            ServiceError(
                f"The browser did not come back within {LIFE / 60:.0f} minutes",
                next_step="Sign in again, or with a device code",
                code="timeout",
            )
        )
        self._free()

    def _cancelled(self) -> None:
        """Another program asked for the port, as Codex does when it signs in."""
        self._end(
            ServiceError(
                "Another program's sign-in asked for the port, so this one was cancelled",
                next_step="Sign in again when the other one is done, or with a device code",
                code="cancelled",
            )
        )
        self._free()

    def _superseded(self) -> None:
        self._end(
            ServiceError(
                "Another sign-in was begun here, so this one was cancelled", code="cancelled"
            )
        )
        self._free()

    def _end(self, error: ServiceError) -> None:
        if self._gate is not None:
            self._gate.end(error)

    def _free(self) -> None:
        if self._server is not None:
            self._server.free()
        self._ports.release(self.port, self._superseded)

    def _opened(self) -> Gate:
        if self._gate is None:
            raise UsageError("This sign-in has not begun", code="used")
        return self._gate

    def _authorize_url(self, issuer: str, pkce: Pkce) -> str:
        provider = self._provider
        parameters = [
            ("response_type", "code"),
            ("client_id", provider.client_id),
            ("redirect_uri", self._redirect_uri),
            ("scope", provider.scope),
            ("code_challenge", pkce.challenge),
            ("code_challenge_method", "S256"),
            *provider.authorize_extra,
            ("state", pkce.state.reveal()),
            ("originator", provider.originator),
        ]
        if provider.workspaces:
            parameters.append(("allowed_workspace_id", ",".join(provider.workspaces)))
        return f"{issuer}{provider.authorize_path}?{urlencode(parameters)}"
