"""Clients, store, bus and services, opened in order and closed in reverse."""

import logging
import os
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.online import Online
from app.providers import choose_provider
from app.settings import Settings
from services.bus import EventBus
from services.chat.service import ChatService
from services.clock import Clock, SystemClock
from services.errors import CredentialsError
from services.provider import Provider
from services.store.chats import ChatStore
from services.store.database import Database

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
    bus: EventBus
    clock: Clock
    provider: Provider
    notices: tuple[str, ...]
    """What the user should know about how things were opened."""


@asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    save: bool = True,
    provider: Provider | None = None,
    environ: Mapping[str, str] = os.environ,
) -> AsyncGenerator[Services]:
    """Open everything for one run.

    Args:
        settings: Of this run.
        save: False keeps chats in memory only.
        provider: Instead of the one that settings and environment name.
        environ: Environment variables.

    Raises:
        UsageError: The configuration names something that cannot be used.
        CredentialsError: Nothing is set up to answer.
        StorageError: The database belongs to a newer version.
    """
    provider = provider or choose_provider(settings, environ)
    if provider is None:
        raise CredentialsError(
            "Nothing is set up to answer",
            next_step="Set OPENAI_API_KEY, or FOREDECK_OPENAI_BASE_URL for a local server, "
            "or try foredeck --demo",
        )
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
        await stack.enter_async_context(chat)
        yield Services(
            chat=chat,
            chats=chats,
            catalogue=online,
            bus=bus,
            clock=clock,
            provider=provider,
            notices=tuple(database.notices),
        )


def _new_id() -> str:
    return str(uuid.uuid4())
