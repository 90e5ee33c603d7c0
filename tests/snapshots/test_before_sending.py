"""The question before sending, and messages that wait until a reset."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck
from services.models.chat import QueuedMessage
from services.models.limit_history import PreSend
from tests.snapshots import content
from tests.snapshots.conftest import DAY, HOUR, NOW, fill, settle

Compare = Callable[..., bool]
Make = Callable[..., Foredeck]
SCARCE = PreSend(
    window_id="codex/18000",
    label="5 h",
    cost_percent=1.24,
    left_percent=0.8,
    resets_at=NOW + HOUR,
)
WAITING = (
    QueuedMessage(id="q1", text="due while the app was closed", not_before=NOW - HOUR),
    QueuedMessage(id="q2", text="for the next week", not_before=NOW + 3 * DAY),
    QueuedMessage(id="q3", text="for the next five hours", not_before=NOW + HOUR),
)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_message_is_asked_about_while_others_wait(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], theme: str
) -> None:
    app = make_app(theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        view = await fill(pilot, content.CHAT)
        view.composer._queue_rows._now = lambda: NOW
        view.composer.queue = WAITING
        view.composer.load_text("what changes with 50,000 invoices")
        question = view._writing.question
        question._now = lambda: NOW
        question.asked = SCARCE
        question.focus()
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_queue_is_asked_about_while_somebody_writes(
    snap_compare: Compare, make_app: Make, size: tuple[int, int]
) -> None:
    app = make_app("dark")

    async def prepare(pilot: Pilot[Any]) -> None:
        view = await fill(pilot, content.CHAT)
        view.composer._queue_rows._now = lambda: NOW
        view.composer.load_text("and what about the")
        view._writing.question._now = lambda: NOW
        again = QueuedMessage(id="q1", text="cut off before", not_before=NOW + HOUR, retries="t1")
        queued = QueuedMessage(id="q2", text="now the tests, please")
        view.take_queue((again, queued), SCARCE)
        view.composer.focus_input()
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)
