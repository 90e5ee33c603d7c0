"""Clients, store, bus and services, opened in order and closed in reverse."""

import logging
import os
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.accounts import auth_settings, login_storage, make_auth, refuse_forbidden_key
from app.online import Online
from app.providers import choose_provider
from app.quiet_hours import is_quiet
from app.settings import Settings
from services.auth.settings import AuthSettings
from services.auth.signed_out import NOT_SET_UP, signed_out
from services.auth.stores.storage import CredentialStorage
from services.auth.summary import account_of_stored
from services.bus import EventBus
from services.chat.service import ChatService
from services.clock import Clock, SystemClock
from services.errors import CredentialsError, StorageError
from services.limits.service import LimitsService
from services.limits.whose import limits_id
from services.models.account import Account, AccountMode, StoragePlace
from services.models.limits import LimitsState, Standing
from services.provider import Provider
from services.store.chats import ChatStore
from services.store.database import Database
from services.store.limits import LimitStore

if TYPE_CHECKING:
    import httpx

    from services.auth.service import AuthService

_log = logging.getLogger(__name__)
INSTRUCTIONS = (
    "You are a helpful assistant for software developers, talking in a terminal. "
    "Be concise and exact. Write Markdown; put code into fenced blocks with their language."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that views and commands work with."""

    chat: ChatService
    chats: ChatStore
    catalogue: Online
    limits: LimitsService
    bus: EventBus
    clock: Clock
    provider: Provider
    account: Account
    """Who was signed in at the start; `AccountChanged` tells what comes later."""
    open_auth: "Callable[[], AbstractAsyncContextManager[AuthService]] | None"
    """Gives the sign-in that is at work in this run; None where the provider wants no login."""
    notices: tuple[str, ...]
    """What the user should know about how things were opened."""


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    save: bool = True,
    provider: Provider | None = None,
    is_interactive: bool = True,
    is_polling: bool | None = None,
    environ: Mapping[str, str] = os.environ,
) -> AsyncGenerator[Services]:
    """Open everything for one run.

    Args:
        settings: Of this run.
        save: False keeps chats in memory only.
        provider: Instead of the one that settings and environment name.
        is_interactive: False for commands, where `CODEX_API_KEY` counts.
        is_polling: Whether limits are read again and again; None for where somebody looks at them.
        environ: Environment variables.

    Raises:
        UsageError: The configuration names something that cannot be used.
        CredentialsError: Nothing is set up to answer, or the login cannot be used.
        StorageError: The database belongs to a newer version, or the login cannot be read.
    """
    login = _Login()
    if provider is None or provider.wants_login:
        login = await _find_login(settings, environ, is_interactive=is_interactive)
        provider = provider or choose_provider(settings, environ, login.account.mode)
        refuse_forbidden_key(provider, login.how)
    if provider is None:
        raise CredentialsError(
            "Nothing is set up to answer",
            next_step="Sign in with foredeck login, set OPENAI_API_KEY, or "
            "FOREDECK_OPENAI_BASE_URL for a local server, or try foredeck --demo",
            code=NOT_SET_UP,
        )
    if provider.wants_login:
        provider = replace(provider, owner=login.account.account_id or "")
    host = urlsplit(provider.base_url).netloc.rpartition("@")[2]
    _log.info("provider %s at %s speaks %s", provider.id, host, provider.wire)
    clock = SystemClock()
    bus = EventBus()
    async with AsyncExitStack() as stack:
        if save:
            database = await Database.open(settings.folders.data / "foredeck.db", clock)
        else:
            database = await Database.in_memory(clock)
        stack.push_async_callback(database.close)
        for notice in database.notices:
            _log.warning("store: %s", notice)
        online = await stack.enter_async_context(
            Online(
                provider=provider,
                environ=environ,
                models_cache=settings.folders.cache / "models_cache.json",
                clock=clock,
                new_id=_new_id,
                make_auth=login.maker(clock, bus) if provider.wants_login else None,
            )
        )
        chats = ChatStore(database, clock)
        chat = ChatService(
            inference=online,
            provider=provider,
            catalogue=online,
            store=chats,
            bus=bus,
            clock=clock,
            new_id=_new_id,
            instructions=settings.instructions or INSTRUCTIONS,
            model=settings.model or provider.default_model,
            effort=settings.effort,
        )
        account = login.account if provider.wants_login else Account()
        limit_store = LimitStore(database, clock)
        with suppress(StorageError):
            # For the status line, which reads no configuration.
            await limit_store.set_shows(settings.limits_show)
            if login.is_without_account:
                # Nor does it know that the account whose numbers it shows is signed in no more.
                await limit_store.set_status(LimitsState(standing=Standing.API_KEY))
        limits = LimitsService(
            account=limits_id(account),
            standing=_standing(account),
            storage=limit_store,
            source=online if account.mode is AccountMode.CHATGPT else None,
            bus=bus,
            clock=clock,
            new_id=_new_id,
            is_polling=is_interactive if is_polling is None else is_polling,
            is_quiet=partial(is_quiet, settings.limits_quiet_hours),
            signed_in_at=account.refreshed_at,
        )
        # Left after the chat, so that it hears how the last turn ended.
        await stack.enter_async_context(limits)
        await stack.enter_async_context(chat)
        yield Services(
            chat=chat,
            chats=chats,
            catalogue=online,
            limits=limits,
            bus=bus,
            clock=clock,
            provider=provider,
            account=account,
            open_auth=online.open_auth if provider.wants_login else None,
            notices=(
                *database.notices,
                *login.account.notices,
                *(login.how.problems if login.how else ()),
                *_unused_server(settings, provider),
            ),
        )


def _unused_server(settings: Settings, provider: Provider) -> tuple[str, ...]:
    """A sentence where a server was named that a login takes the place of."""
    if provider.id != "chatgpt" or settings.openai_base_url is None:
        return ()
    named, used = urlsplit(settings.openai_base_url), urlsplit(provider.base_url)
    if named.netloc == used.netloc:
        return ()
    host = named.netloc.rpartition("@")[2]
    return (f'ChatGPT answers, since you are signed in; provider = "openai" asks {host}',)


@dataclass(frozen=True, slots=True)
class _Login:
    """What is stored, and how sign-in is made over it."""

    account: Account = field(default_factory=Account)
    how: AuthSettings | None = None
    storage: CredentialStorage | None = None

    @property
    def is_without_account(self) -> bool:
        """Whether it is known that nobody is signed in with ChatGPT.

        A key of the environment stands in for one run, and says nothing about that.
        """
        is_looked_for = self.storage is not None
        is_for_once = self.account.storage is StoragePlace.ENVIRONMENT
        return is_looked_for and not is_for_once and self.account.mode is not AccountMode.CHATGPT

    def maker(
        self, clock: Clock, bus: EventBus
    ) -> "Callable[[httpx.AsyncClient], AuthService] | None":
        how, storage = self.how, self.storage
        if how is None or storage is None:
            return None
        return lambda http: make_auth(how, storage, http, clock, bus)


async def _find_login(
    settings: Settings, environ: Mapping[str, str], *, is_interactive: bool
) -> _Login:
    """Read what is stored, unless a provider is named that wants no login."""
    if settings.provider not in {None, "openai", "chatgpt"}:
        return _Login()
    how = auth_settings(settings, environ)
    if settings.profile == "api":
        return _Login(how=how)
    storage = login_storage(how, environ, is_interactive=is_interactive)
    stored = await storage.load()
    if stored.problem:
        # Falling through to a key would bill somebody who believes to be signed in.
        raise signed_out(stored.problem)
    return _Login(account_of_stored(stored, how, is_shared=storage.is_shared), how, storage)


def _standing(account: Account) -> Standing:
    # Whoever answers without a login is paid by the token, or by nobody.
    return Standing.UNKNOWN if account.mode is AccountMode.CHATGPT else Standing.API_KEY


def _new_id() -> str:
    return str(uuid.uuid4())
