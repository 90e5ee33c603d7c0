from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck
from services.models.chat import TurnPhase
from tests.snapshots import content
from tests.snapshots.conftest import fill, settle

Compare = Callable[..., bool]
Make = Callable[..., Foredeck]
SIZES = [(80, 24), (120, 40), (200, 60)]
THEMES = ["dark", "light", "ansi-dark"]


def sizes_and_themes() -> list[Any]:
    return [
        pytest.param(size, theme, id=f"{size[0]}x{size[1]}-{theme}")
        for size in SIZES
        for theme in THEMES
    ]


@pytest.mark.parametrize(("size", "theme"), sizes_and_themes())
def test_an_answer_streams(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], theme: str
) -> None:
    app = make_app(theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        view = await fill(pilot, content.CHAT, phase=TurnPhase.ANSWERING)
        view.composer.queue = (content.QUEUED,)
        view.composer.load_text("what changes with 50,000 invoices")
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_an_answer_is_finished_and_read(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], theme: str
) -> None:
    app = make_app(theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        view = await fill(pilot, content.CHAT)
        view.transcript.focus()
        await settle(pilot)
        await pilot.press("k")
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_turn_failed(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], theme: str
) -> None:
    app = make_app(theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        view = await fill(pilot, content.FAILED)
        view.transcript.dim_items(["m1"])
        view.transcript.focus()
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_every_kind_of_item(snap_compare: Compare, make_app: Make) -> None:
    app = make_app()

    async def prepare(pilot: Pilot[Any]) -> None:
        await fill(pilot, content.EVERY_KIND)
        await settle(pilot)

    assert snap_compare(app, terminal_size=(100, 32), run_before=prepare)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_ascii_without_colour(
    snap_compare: Compare,
    make_app: Make,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(ascii=True, no_color=True)

    async def prepare(pilot: Pilot[Any]) -> None:
        await fill(pilot, content.CHAT, phase=TurnPhase.ANSWERING)
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (40, 12), (20, 5)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_the_first_run(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], theme: str
) -> None:
    app = make_app(theme, welcome=True)
    assert snap_compare(app, terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("palette", ["escape", "colon", "e", "f", "f"]),
        ("help", ["escape", "question_mark"]),
        ("model", ["ctrl+x", "p"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_overlay(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], name: str, keys: list[str]
) -> None:
    app = make_app()

    async def prepare(pilot: Pilot[Any]) -> None:
        await fill(pilot, content.CHAT)
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    assert name
    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_a_tiny_terminal_still_shows_what_is_typed(
    snap_compare: Compare, make_app: Make, tmp_path: Path
) -> None:
    del tmp_path
    app = make_app()

    async def prepare(pilot: Pilot[Any]) -> None:
        view = await fill(pilot, content.CHAT)
        view.composer.load_text("small words")
        await settle(pilot)

    assert snap_compare(app, terminal_size=(20, 5), run_before=prepare)
