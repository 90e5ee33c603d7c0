"""Has the issuer end logins that nobody shall use any more."""

import asyncio
import logging
from typing import Final

from services.auth.credentials import Tokens
from services.auth.grant import Grant
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.keeping.refresher import require_issuer
from services.auth.settings import AuthSettings
from services.errors import ServiceError

LIMIT: Final = 10.0
"""Seconds that a logout waits for the issuer."""
_log = logging.getLogger(__name__)


class Ender:
    """Revokes tokens.

    Args:
        endpoint: Who is asked.
        settings: Of sign-in.
    """

    def __init__(self, endpoint: TokenEndpoint, settings: AuthSettings) -> None:
        self._endpoint = endpoint
        self._settings = settings

    async def revoke(self, tokens: Tokens) -> str:
        """End a login; a sentence where that did not work."""
        has_refresh = bool(tokens.refresh_token.reveal())
        token = tokens.refresh_token if has_refresh else tokens.access_token
        hint = "refresh_token" if has_refresh else "access_token"
        try:
            require_issuer(tokens, self._settings)
            async with asyncio.timeout(LIMIT):
                await self._endpoint.revoke(
                    token, hint=hint, issuer=tokens.issuer, client_id=tokens.client_id
                )
        except TimeoutError:
            return "The tokens could not be revoked: the issuer did not answer in time"
        except ServiceError as error:
            return f"The tokens could not be revoked: {error.message}"
        return ""

    async def end(self, tokens: Tokens) -> None:
        """End a login that another one has replaced."""
        problem = await self.revoke(tokens)
        if problem:
            _log.warning("the login before this one was not revoked: %s", problem)

    async def drop(self, grant: Grant) -> None:
        """End a login that was not stored."""
        try:
            await self._endpoint.revoke(grant.refresh_token, hint="refresh_token", issuer=None)
        except ServiceError as error:
            _log.warning("tokens that were not stored could not be revoked: %s", error.code)
