"""The auth layer: puts credentials on calls, and is the only code that shows them to a server.

Headers, origins and what follows a 401: docs/protocols/auth.md.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from services.auth.calls.cookies import CookieJar
from services.auth.calls.origins import require_origin
from services.auth.calls.routing import Route
from services.auth.credentials import Credentials
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.keeping.keeper import Keeper
from services.auth.settings import AuthSettings
from services.auth.signed_out import signed_out
from services.errors import CredentialsError, LoginError, ServiceError, UnreachableError
from services.models.account import AccountMode, StoragePlace
from services.transport.dates import server_time
from services.transport.failures import Identity
from services.transport.signing import Signed

ENDED_CODES: Final = frozenset({"token_invalidated", "token_revoked"})
"""Codes of a 401 after which a refresh would not help: the whole login was ended."""
STANDING_CODES: Final = frozenset({"read_only", "account_changed"})
"""Codes of our own errors that a new sign-in would not mend."""
_log = logging.getLogger(__name__)


class AccountSigner:
    """Signs the requests of one action with the login of this process.

    After a 401 it reads the storage again, then renews the login, each once.

    Args:
        keeper: Holds the login.
        settings: Of sign-in.
        cookies: Those of the guard in front of ChatGPT.
        route: Where the account's workspace lives.
        ended: Told when the login is over for good.
        told_time: Told what time it is at the server, in Unix seconds.
        may_renew: False for a question that goes before an action, whose 401 is not the last word.
    """

    def __init__(
        self,
        keeper: Keeper,
        settings: AuthSettings,
        cookies: CookieJar,
        route: Callable[[], Awaitable[Route]],
        ended: Callable[[ServiceError], None],
        told_time: Callable[[float], None] = lambda _: None,
        *,
        may_renew: bool = True,
    ) -> None:
        self._keeper = keeper
        self._settings = settings
        self._cookies = cookies
        self._route = route
        self._ended = ended
        self._told_time = told_time
        self._may_renew = may_renew
        self._seen = ""
        """Snapshot that the last request was signed with."""
        self._step = 0

    @property
    def identity(self) -> Identity:
        """Whom the requests speak for."""
        stored = self._keeper.stored
        if stored.storage is StoragePlace.ENVIRONMENT:
            return Identity(has_key=True, key_source=stored.place)
        if stored.credentials is not None and stored.credentials.mode is AccountMode.API_KEY:
            return Identity(has_key=True, key_source="the stored API key")
        return Identity(has_key=True, is_account=True)

    async def sign(self, url: httpx.URL) -> Signed:
        """The credentials for one request.

        Raises:
            CredentialsError: Nobody is signed in, the login has ended, or the host may not see it.
        """
        # First, since it may find out whose the credentials are.
        route = await self._route()
        try:
            credentials = await self._keeper.fresh()
        except RefreshFailedError as error:
            raise self._told(error) from error
        except CredentialsError as error:
            if error.code not in STANDING_CODES:
                self._ended(error)
            raise
        self._seen = credentials.snapshot
        if credentials.mode is AccountMode.API_KEY:
            return self._with_key(url, credentials)
        return self._with_tokens(url, credentials, route)

    async def recover(self, error: ServiceError) -> bool:
        """Whether another try with another signature may pass where this one got a 401.

        Raises:
            CredentialsError: Somebody else is signed in now.
        """
        if error.status != 401 or not isinstance(error, LoginError):
            return False
        stored = self._keeper.stored
        if stored.credentials is None or stored.credentials.mode is not AccountMode.CHATGPT:
            return False
        if stored.storage is StoragePlace.ENVIRONMENT:
            return False
        if self._step == 0:
            self._step = 1
            found = await self._keeper.reload(self._seen)
            _log.info("after a 401 the login was read again: %s", found)
            if found == "gone":
                ended = signed_out("The login was ended by another program")
                self._ended(ended)
                raise ended
            if found == "changed":
                return True
            # The same tokens would be refused again, but for a hiccup of the server; a code that
            # says the login is over is none.
            if error.code not in ENDED_CODES:
                return True
        if not self._may_renew:
            return False
        if self._step == 1 and error.code not in ENDED_CODES:
            try:
                await self._keeper.renew(self._seen, "unauthorized_recovery")
            except RefreshFailedError as failure:
                raise self._told(failure) from failure
            except CredentialsError as failure:
                if failure.code not in STANDING_CODES:
                    self._ended(failure)
                raise
            self._step = 2
            return True
        self._step = 3
        self._ended(error)
        return False

    def _told(self, error: RefreshFailedError) -> ServiceError:
        """What a failed renewal means for the call: the end, or another try when it makes sense."""
        if error.is_permanent:
            self._ended(error)
            return error
        return UnreachableError(
            error.message,
            next_step=error.next_step or "Try again later",
            status=error.status,
            request_id=error.request_id,
            retry_at=error.retry_at,
            code="refresh",
        )

    def received(self, response: httpx.Response) -> None:
        """Keep the cookies that the guard in front of ChatGPT wants back, and tell its time."""
        if (now := server_time(response.headers)) is not None:
            self._told_time(now)
        self._cookies.received(response.request.url, response.headers)

    def _with_key(self, url: httpx.URL, credentials: Credentials) -> Signed:
        assert credentials.api_key is not None
        require_origin(url, kind="openai", settings=self._settings)
        base = self._settings.base_url_of(credentials.api_key)
        if base != self._settings.openai_base_url:
            url = _moved(url, base)
        return Signed(url=url, headers={"authorization": f"Bearer {credentials.api_key.reveal()}"})

    def _with_tokens(self, url: httpx.URL, credentials: Credentials, route: Route) -> Signed:
        tokens = credentials.tokens
        assert tokens is not None
        if route.origin is not None:
            url = _moved(url, route.origin)
        require_origin(url, kind="chatgpt", settings=self._settings)
        headers = {
            "authorization": f"Bearer {tokens.access_token.reveal()}",
        }
        if "/wham/" not in url.path:
            headers["originator"] = self._settings.provider.originator
        if workspace := tokens.workspace:
            headers["chatgpt-account-id"] = workspace
        if tokens.claims.is_fedramp:
            headers["x-openai-fedramp"] = "true"
        if route.override is not None:
            headers["x-openai-account-routing-override"] = route.override
        if cookies := self._cookies.header_for(url):
            headers["cookie"] = cookies
        return Signed(url=url, headers=headers)


def _moved(url: httpx.URL, to: str) -> httpx.URL:
    """The same at the server of another address."""
    origin = httpx.URL(to)
    return url.copy_with(scheme=origin.scheme, host=origin.host, port=origin.port)
