"""Sign-in for everybody else: who is signed in, how one gets in and out, how calls are signed.

Facts: docs/protocols/auth.md.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from services.auth.calls.cookies import CookieJar
from services.auth.calls.layer import AccountSigner
from services.auth.calls.origins import require_origin
from services.auth.calls.routing import NO_ROUTE, Route, Router
from services.auth.calls.whoami import is_personal, whoami
from services.auth.credentials import Credentials, Tokens
from services.auth.flows.browser import BrowserLogin
from services.auth.flows.device import DeviceLogin
from services.auth.flows.ports import CallbackPorts
from services.auth.grant import Grant
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.keeping.ender import Ender
from services.auth.keeping.keeper import Keeper
from services.auth.keeping.lasting import look_at, to_its_end
from services.auth.provider import SignInProvider
from services.auth.settings import AuthSettings, LoginMethod
from services.auth.skew import Skew
from services.auth.stores.storage import CredentialStorage
from services.auth.summary import account_of_stored
from services.bus import EventBus
from services.clock import Clock
from services.errors import CredentialsError, ServiceError
from services.events import AccountChanged, SignInNeeded
from services.headers import is_sendable
from services.models.account import Account, AccountMode, LogoutResult
from services.provider import Secret

T = TypeVar("T")
_log = logging.getLogger(__name__)


class AuthService:
    """One account at a time. Use as an async context manager; entering reads the storage.

    Args:
        storage: Where the login lies.
        http: From `services.transport.http.create_client`.
        settings: Of sign-in.
        clock: Time.
        check_key: Asks the API whether a key is good; raises `ServiceError` where it is not.
        bus: Told of changes; None for commands.
    """

    def __init__(
        self,
        storage: CredentialStorage,
        http: httpx.AsyncClient,
        settings: AuthSettings,
        clock: Clock,
        *,
        check_key: Callable[[Secret], Awaitable[None]],
        bus: EventBus | None = None,
    ) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self._bus = bus
        self._check_key = check_key
        self._endpoint = TokenEndpoint(http, settings.provider, clock)
        self._ender = Ender(self._endpoint, settings)
        self._keeper = Keeper(storage, self._endpoint, settings, clock, self._publish)
        self._cookies = CookieJar(settings.provider.chatgpt_base_url, clock)
        self._router = Router(http, settings.provider, clock)
        self._identifying = asyncio.Lock()
        self._ports = CallbackPorts()
        self._skew = Skew()
        self._beside: set[asyncio.Task[Any]] = set()
        """What goes on whoever waits for it; `close` waits."""
        self._warning = ""
        """What is odd about the route to the account's workspace."""

    async def __aenter__(self) -> Self:
        await self._keeper.load()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let refresh, storing and revoking come to their end, in time, also when cancelled."""
        await to_its_end(self._settle())

    async def _settle(self) -> None:
        await self._keeper.close()
        while self._beside:
            await asyncio.wait(self._beside)

    @property
    def account(self) -> Account:
        """Who is signed in now."""
        account = account_of_stored(self._keeper.stored, self._settings, is_shared=self.is_shared)
        said = (self._warning, self._skew.words)
        return replace(account, notices=(*account.notices, *(words for words in said if words)))

    @property
    def is_renewing(self) -> bool:
        """Whether the login is being renewed."""
        return self._keeper.is_renewing

    @property
    def is_spending(self) -> bool:
        """Whether a refresh token is out whose answer is not stored yet."""
        return self._keeper.is_spending

    @property
    def provider(self) -> SignInProvider:
        """Who signs in."""
        return self._settings.provider

    @property
    def settings(self) -> AuthSettings:
        """How this run signs in."""
        return self._settings

    @property
    def is_shared(self) -> bool:
        """Whether Codex uses the place where logins are kept."""
        return self._keeper.is_shared

    @property
    def problem(self) -> str:
        """Why what is stored cannot be used, a sentence; empty where it can."""
        return self._keeper.stored.problem

    def browser_login(self) -> BrowserLogin:
        """One attempt to sign in with a browser; enter it to begin.

        Raises:
            CredentialsError: The configured issuer is not one that may see tokens.
        """
        self._require_issuer()
        return BrowserLogin(self._endpoint, self._settings.provider, self._clock, self._ports)

    def device_login(self) -> DeviceLogin:
        """One attempt to sign in with a code; enter it to begin.

        Raises:
            CredentialsError: The configured issuer is not one that may see tokens.
        """
        self._require_issuer()
        return DeviceLogin(self._endpoint, self._settings.provider, self._clock)

    def signer(self) -> AccountSigner:
        """Signs the calls of one action."""
        return self._signer(self._route)

    async def accept(self, grant: Grant) -> Account:
        """Store what a login brought, and end the login that it replaces.

        Raises:
            CredentialsError: This workspace, or this way to sign in, is not allowed here.
            StorageError: It cannot be stored; the old login is untouched.
        """
        try:
            return await self._accept(grant)
        except BaseException:
            if not self._keeper.holds(grant.refresh_token):
                # Nor does anybody else, so nobody shall be able to use these tokens.
                self._later(self._ender.drop(grant))
            raise

    def accepting(self, grant: Grant) -> asyncio.Task[Account]:
        """The same as a task that nobody who leaves takes along; `close` waits for it."""
        return self._later(self.accept(grant), "store")

    async def _accept(self, grant: Grant) -> Account:
        self._require_method("chatgpt")
        tokens = Tokens(
            id_token=grant.id_token,
            access_token=grant.access_token,
            refresh_token=grant.refresh_token,
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            login_owner_id=secrets.token_urlsafe(32),
        )
        workspace = tokens.claims.account_id
        allowed = self.provider.workspaces
        if allowed and workspace not in allowed:
            raise CredentialsError(
                "This workspace may not be used here",
                next_step=f"Sign in to workspace {' or '.join(allowed)}",
                code="workspace_restriction",
            )
        return await self._replace(
            Credentials(
                mode=AccountMode.CHATGPT,
                tokens=replace(tokens, account_id=workspace),
                api_key=grant.api_key,
                last_refresh=self._clock.now(),
            )
        )

    async def use_api_key(self, key: Secret) -> Account:
        """Sign in with an API key, after one question to the API whether it is good.

        Raises:
            ServiceError: As `check_api_key`; nothing was stored.
            StorageError: It cannot be stored.
        """
        return await asyncio.shield(self.keeping(await self.check_api_key(key)))

    def keeping(self, key: Secret) -> asyncio.Task[Account]:
        """Store a key that was checked, as a task that nobody who leaves takes along."""
        login = Credentials(mode=AccountMode.API_KEY, api_key=key)
        return self._later(self._replace(login), "store")

    async def check_api_key(self, key: Secret) -> Secret:
        """Ask the API whether a key is good.

        Returns:
            The key as it is stored.

        Raises:
            CredentialsError: It is empty, holds what no key holds, or API keys may not be used.
            ServiceError: The API refused it or was not reached.
        """
        self._require_method("api")
        text = key.reveal().strip()
        if not is_sendable(text):
            raise CredentialsError(
                "That is no API key" if text else "The API key is empty",
                next_step="Copy it again, whole and in one line",
                code="key",
            )
        await self._check_key(Secret(text))
        return Secret(text)

    async def logout(
        self, *, keep_remote: bool = False, deleted: Callable[[], None] = lambda: None
    ) -> LogoutResult:
        """Delete the login, then have the issuer revoke it.

        Args:
            keep_remote: Leave the tokens valid at the issuer.
            deleted: Called when it is gone here, before the issuer is told.

        Raises:
            StorageError: It could not be deleted; nothing was revoked.
        """
        was_there = self._keeper.stored.storage is not None
        gone, is_other = await self._keeper.forget()
        self._router.forget()
        if gone is None or gone.tokens is None or keep_remote:
            was_there = gone is not None or was_there
            return LogoutResult(was_signed_in=was_there, is_revoked=None, is_other_left=is_other)
        deleted()
        # Whoever leaves meanwhile has no login any more with which this could be done later.
        problem = await asyncio.shield(self._later(self._ender.revoke(gone.tokens)))
        return LogoutResult(
            was_signed_in=True, is_revoked=not problem, problem=problem, is_other_left=is_other
        )

    async def renew(self) -> Account:
        """Renew the login now.

        Raises:
            ServiceError: It cannot be renewed.
        """
        credentials = self._keeper.credentials
        if credentials is not None and credentials.mode is AccountMode.CHATGPT:
            await self._keeper.renew(credentials.snapshot, "scheduled")
        return self.account

    async def reload(self) -> Account:
        """Read the storage again, whoever is signed in there now.

        Raises:
            StorageError: The place cannot be reached.
        """
        await self._keeper.load()
        return self.account

    async def check(self, method: LoginMethod) -> None:
        """Find out whether a login would be kept, before anybody is asked for one.

        Raises:
            CredentialsError: This way to sign in is not allowed here.
            StorageError: The login could not be written where it belongs.
        """
        self._require_method(method)
        await self._keeper.check_writable()

    def _require_issuer(self) -> None:
        require_origin(httpx.URL(self.provider.issuer), kind="issuer", settings=self._settings)

    def _require_method(self, method: LoginMethod) -> None:
        only = self._settings.only_method
        if only is not None and only != method:
            way = "ChatGPT" if only == "chatgpt" else "an API key"
            raise CredentialsError(
                f"Codex's configuration allows only {way} here",
                next_step="Change forced_login_method there, or sign in that way",
                code="login_method",
            )

    async def _replace(self, credentials: Credentials) -> Account:
        await self._keeper.replace(credentials, self._replaced)
        return self.account

    def _replaced(self, before: Credentials | None) -> None:
        self._router.forget()
        if before is not None and before.tokens is not None:
            # Nobody who has just signed in shall wait for the end of what was before.
            self._later(self._ender.end(before.tokens))

    def _later(self, work: Coroutine[Any, Any, T], name: str = "revoke") -> asyncio.Task[T]:
        """Do it beside what is going on; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        task.add_done_callback(look_at)
        return task

    def _signer(
        self, route: Callable[[], Awaitable[Route]], *, may_renew: bool = True
    ) -> AccountSigner:
        return AccountSigner(
            self._keeper,
            self._settings,
            self._cookies,
            route,
            self._tell_ended,
            self._compare,
            may_renew=may_renew,
        )

    async def _route(self) -> Route:
        """Where the account's workspace lives; the usual place where that cannot be learnt.

        Raises:
            ServiceError: Nobody knows whose a token of the environment is, or where a workspace
                lives that must not be reached the usual way.
        """
        await self._identify()
        credentials = self._keeper.credentials
        if credentials is None or credentials.tokens is None:
            return NO_ROUTE
        tokens = credentials.tokens
        route = await self._router.route(
            tokens.workspace,
            lambda: self._signer(_nowhere, may_renew=False),
            is_constrained=tokens.claims.is_fedramp,
        )
        if route.warning != self._warning:
            self._warning = route.warning
            self._publish()
        return route

    async def _identify(self) -> None:
        """Ask once whose a personal access token is, which does not tell it itself."""
        async with self._identifying:
            credentials = self._keeper.credentials
            tokens = credentials.tokens if credentials is not None else None
            if tokens is None or tokens.identity or not is_personal(tokens.access_token):
                return
            found = await whoami(
                self._http, tokens.access_token, settings=self._settings, clock=self._clock
            )
            self._keeper.identify(found.claims)
            self._publish()

    def _compare(self, theirs: float) -> None:
        if self._skew.compare(self._clock.now(), theirs):
            self._publish()

    def _publish(self) -> None:
        if self._bus is not None:
            self._bus.publish(AccountChanged(account=self.account))

    def _tell_ended(self, error: ServiceError) -> None:
        _log.warning("the login is over: %s", error.code)
        if self._bus is not None:
            self._bus.publish(SignInNeeded(failure=error.failure))


async def _nowhere() -> Route:
    return NO_ROUTE
