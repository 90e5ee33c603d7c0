"""Screens with fixed content: no service, no clock, no motion."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.foredeck import Foredeck
from app.screens.shell import ShellScreen
from app.settings import load_settings
from app.views.chat import ChatView
from services.models.catalogue import ModelInfo
from services.models.chat import ChatSummary, Item, TurnPhase, TurnState

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from app.wiring import Services

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
TITLES = (
    ("Invoices slow after the rewrite", 0.0),
    ("Webhook retries and idempotency", HOUR),
    ("Semver ranges with pre-releases", 3 * HOUR),
    ("OIDC discovery behind a proxy", 4 * HOUR),
    ("Safari drops the session cookie", DAY),
    ("Cron jobs: one leader or a lease", DAY + HOUR),
    ("Compare uv and pip-tools", 3 * DAY),
    ("Upload limits behind the CDN", 4 * DAY),
    ("Explain SKIP LOCKED", 12 * DAY),
)
MODEL = ModelInfo(
    slug="gpt-5.5",
    name="GPT-5.5",
    context_window=272_000,
    efforts=("low", "medium", "high"),
    default_effort="medium",
    is_default=True,
    provider="openai",
)


@asynccontextmanager
async def nothing() -> "AsyncGenerator[Services]":
    """Services that never come."""
    await asyncio.Event().wait()
    yield  # pyright: ignore[reportReturnType]


@pytest.fixture
def make_app(tmp_path: Path) -> Callable[..., Foredeck]:
    def make(theme: str = "dark", *, welcome: bool = False, **flags: Any) -> Foredeck:
        settings = load_settings(
            {"theme": theme, "reduced_motion": True, **flags},
            {"FOREDECK_HOME": str(tmp_path / "foredeck")},
        )
        return Foredeck(settings, None if welcome else nothing, driver_class=None)

    return make


async def fill(
    pilot: "Pilot[Any]",
    items: tuple[Item, ...],
    *,
    phase: TurnPhase | None = None,
    seconds: float = 14.0,
) -> ChatView:
    """Put a conversation on the screen, as if services had told it."""
    await settle(pilot)
    shell = pilot.app.screen_stack[0]
    assert isinstance(shell, ShellScreen)
    view = shell.chat
    assert view is not None
    chats = tuple(
        ChatSummary(
            id=f"chat-{number}",
            title=title,
            created_at=NOW - age,
            updated_at=NOW - age,
            turns=4,
            model="gpt-5.5",
        )
        for number, (title, age) in enumerate(TITLES)
    )
    shell.state = "online"
    view.models = (MODEL,)
    view.summary = chats[0]
    view.context_tokens = 84_000
    view.transcript.load(items)
    view.status._now = lambda: NOW
    pane = shell.chats
    assert pane is not None
    pane.now = NOW
    pane.chats = chats
    pane.open_id = chats[0].id
    if phase is not None:
        view.is_answering = True
        pane.running_id = chats[0].id
        view.status.state = TurnState(
            chat_id=chats[0].id,
            turn_id="t1",
            phase=phase,
            started_at=NOW - seconds,
            model="gpt-5.5",
        )
    else:
        view.status.summary = "14 s · 412 tokens · gpt-5.5"
    return view


async def settle(pilot: "Pilot[Any]") -> None:
    """Let everything that was asked for be drawn."""
    for _ in range(5):
        await pilot.pause()
