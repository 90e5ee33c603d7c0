"""Opening an address that an answer names, in the user's browser."""

from pathlib import Path

import pytest

from app.screens.confirm import ConfirmScreen
from tests.app.conftest import Deck, Open
from widgets.transcript.canvas import BlockCanvas

URL = "https://example.test/page"


async def opened(deck: Deck, key: str) -> None:
    """A link is clicked, and the question answered."""
    deck.view.transcript.post_message(BlockCanvas.LinkOpened(URL))
    await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "no question")
    await deck.until(lambda: deck.shows(URL))
    await deck.pilot.press(key)
    await deck.until(lambda: deck.app.screen is deck.shell)


def script(path: Path, *lines: str) -> str:
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o700)
    return str(path)


async def test_a_browser_that_fails_at_once_is_said(
    open_deck: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", script(tmp_path / "surf", "sleep 0.1", "exit 3"))
    async with open_deck() as deck:
        await opened(deck, "y")
        told = "No browser was opened: surf ended with 3"
        await deck.until(lambda: told in " ".join(deck.notices()), "not said")


async def test_no_browser_at_all_is_said(
    open_deck: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    async with open_deck() as deck:
        await opened(deck, "y")
        await deck.until(lambda: "No browser was found" in " ".join(deck.notices()), "not said")


@pytest.mark.parametrize("key", ["y", "n"])
async def test_the_address_is_opened_only_where_it_is_wanted(
    open_deck: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("BROWSER", script(tmp_path / "surf", f'echo "$1" > {seen}.new',
                                         f"mv {seen}.new {seen}"))  # fmt: skip
    async with open_deck() as deck:
        await opened(deck, key)
        if key == "y":
            await deck.until(seen.exists, "not opened")
            assert seen.read_text() == f"{URL}\n"
        await deck.pilot.pause()
        assert (seen.exists(), deck.notices()) == (key == "y", [])
