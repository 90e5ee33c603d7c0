"""What the shell looks like before and after all of `styles.tcss` is parsed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.dom import DOMNode

from app.foredeck import Foredeck
from app.screens.palette import PaletteScreen
from app.screens.shell import ShellScreen
from app.settings import load_settings
from app.styles import LATER, STYLES

if TYPE_CHECKING:
    from app.wiring import Services


@asynccontextmanager
async def nothing() -> "AsyncGenerator[Services]":
    """Services that never come."""
    await asyncio.Event().wait()
    yield  # pyright: ignore[reportReturnType]


def looks(app: Foredeck) -> list[tuple[str, dict[str, Any]]]:
    """Every node with its rules, and those of its parts."""
    found: list[tuple[str, dict[str, Any]]] = []
    nodes: list[DOMNode] = list(app.screen.walk_children(with_self=True))
    for node in nodes:
        found.append((repr(node), dict(node.styles.get_rules())))
        parts = sorted(node._component_styles.items())
        found += [(f"{node!r} {name}", dict(part.get_rules())) for name, part in parts]
    return found


@pytest.mark.parametrize("size", [(120, 40), (60, 9)])
@pytest.mark.parametrize("theme", ["dark", "ansi-light"])
async def test_the_rules_that_wait_are_about_nothing_in_the_first_frame(
    tmp_path: Path, theme: str, size: tuple[int, int]
) -> None:
    settings = load_settings({"theme": theme}, {"FOREDECK_HOME": str(tmp_path)})
    app = Foredeck(settings, nothing, driver_class=None)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        before = looks(app)
        count = len(app.stylesheet.rules)
        app.stylesheet.complete()
        app.stylesheet.update(app.screen)
        assert len(app.stylesheet.rules) > count
        assert looks(app) == before


async def test_an_overlay_has_all_rules_when_it_is_styled_first(tmp_path: Path) -> None:
    settings = load_settings({}, {"FOREDECK_HOME": str(tmp_path)})
    app = Foredeck(settings, nothing, driver_class=None)
    async with app.run_test(size=(80, 24)) as pilot:
        shell = app.screen
        assert isinstance(shell, ShellScreen)
        shell.action_palette()
        await pilot.pause()
        assert isinstance(app.screen, PaletteScreen)
        before = looks(app)
        app.stylesheet.complete()
        app.stylesheet.update(app.screen)
        assert looks(app) == before


def test_a_part_of_the_rules_waits() -> None:
    assert STYLES.read_text(encoding="utf-8").count(LATER) == 1
