"""Leader, palette, pickers, search, copying, the editor: keys that do something to a chat."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Deck, Open

CODE = "print('hi')\n"
ANSWER = f"First **words** here.\n\n```python\n{CODE}```\n\nLast words here."


async def answered(deck: Deck, sim: Simulator, text: str = ANSWER) -> None:
    """One finished turn, the focus in the transcript at its end."""
    sim.script("responses", ev.text_turn(text, size=40))
    before = len(deck.replies())
    await deck.say("hi")
    await deck.until(lambda: len(deck.replies()) > before and not deck.view.is_answering)
    await deck.pilot.press("escape")


def body(sim: Simulator, place: int) -> dict[str, object]:
    return sim.sent("/responses")[place].body


async def test_a_leader_chord_is_not_typed(open_deck: Open) -> None:
    async with open_deck() as deck:
        await deck.pilot.press(*"keep", "ctrl+x", "question_mark")
        await deck.until(lambda: deck.shows("Keys while writing"))
        await deck.pilot.press("escape")
        await deck.pilot.press("ctrl+x", "n")
        await deck.until(lambda: deck.view.composer.text == "")
        await deck.pilot.press("ctrl+x", "v", *"more")
        await deck.until(lambda: deck.view.composer.text == "more")


async def test_effort_keys_go_up_and_down_and_are_sent(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await deck.until(lambda: deck.shows("effort medium"))
        await deck.pilot.press("ctrl+x", "full_stop")
        await deck.until(lambda: deck.shows("gpt-5.5 · effort high"))
        await answered(deck, sim)
        await deck.pilot.press("i", "ctrl+x", "comma")
        await deck.until(lambda: deck.shows("gpt-5.5 · effort medium"))
        await deck.pilot.press("ctrl+x", "comma")
        await deck.until(lambda: deck.shows("gpt-5.5 · effort low"))
        await answered(deck, sim)
    sent = [sim.sent("/responses")[n].body["reasoning"]["effort"] for n in (0, 1)]
    assert sent == ["high", "low"]


async def test_the_model_picked_is_the_one_that_is_asked(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await deck.until(lambda: deck.view.models)
        await deck.pilot.press("ctrl+x", "p")
        await deck.until(lambda: len(deck.app.screen_stack) == 2)
        await deck.pilot.press(*"mini")
        await deck.until(lambda: deck.shows("1 of"))
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("gpt-5.5-mini · "))
        await answered(deck, sim)
    assert body(sim, 0)["model"] == "gpt-5.5-mini"


async def test_the_palette_runs_an_action_a_model_and_a_chat(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck() as deck:
        await answered(deck, sim)
        first = deck.view.summary
        assert first is not None
        for words in ("new chat", "mini", "hi"):
            await deck.pilot.press("ctrl+x", "colon")
            await deck.until(lambda: len(deck.app.screen_stack) == 2)
            for letter in words:
                await deck.pilot.press("space" if letter == " " else letter)
            await deck.pilot.press("enter")
            await deck.until(lambda: len(deck.app.screen_stack) == 1)
            if words == "new chat":
                await deck.until(lambda: deck.items() == [])
            elif words == "mini":
                await deck.until(lambda: deck.shows("gpt-5.5-mini · "))
            else:
                await deck.until(lambda: deck.view.summary and deck.view.summary.id == first.id)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("i",), "Keys while writing"),
        ((), "Keys in a conversation"),
        (("escape",), "Keys in the list of chats"),
    ],
)
async def test_help_is_about_the_pane_that_has_the_focus(
    open_deck: Open, sim: Simulator, keys: tuple[str, ...], words: str
) -> None:
    async with open_deck(size=(120, 30)) as deck:
        await answered(deck, sim)
        await deck.pilot.press(*keys, "f1")
        await deck.until(lambda: deck.shows(words))
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.shows(words))


async def test_find_shows_its_matches_and_n_walks_them(open_deck: Open, sim: Simulator) -> None:
    text = "\n\n".join(f"Paragraph {n} has a needle." if n % 20 == 0 else f"Paragraph {n}."
                       for n in range(61))  # fmt: skip
    async with open_deck() as deck:
        await answered(deck, sim, text)
        await deck.pilot.press("slash", *"needle", "enter")
        await deck.until(lambda: any("4 found" in words for words in deck.notices()))
        seen: list[str] = []
        for key in ("n", "n", "n", "N"):
            await deck.pilot.press(key)
            await deck.until(lambda: deck.shows("needle"))
            seen.append("".join(row for row in deck.rows() if "needle" in row).split("▕")[-1])
        assert len(set(seen)) > 1
        assert deck.view.summary is not None
        count = len(deck.shell.chats.chats) if deck.shell.chats else 0
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.view.transcript.is_finding)
        assert deck.shell.chats is not None
        assert len(deck.shell.chats.chats) == count


async def test_find_that_finds_nothing_says_so(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await answered(deck, sim)
        await deck.pilot.press("slash", *"[/x]", "enter")
        await deck.until(lambda: "not found" in deck.notices())


class Clipboard:
    """What a tool on PATH was given last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def text(self) -> str:
        return self.path.read_text() if self.path.exists() else ""


@pytest.fixture
def clipboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clipboard:
    folder, target = tmp_path / "bin", tmp_path / "clipboard"
    folder.mkdir()
    tool = folder / "xclip"
    tool.write_text(f"#!/bin/sh\ncat > {target}.new\nmv {target}.new {target}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    return Clipboard(target)


async def test_shift_y_copies_the_whole_answer_as_it_was_written(
    open_deck: Open, sim: Simulator, clipboard: Clipboard
) -> None:
    async with open_deck() as deck:
        await answered(deck, sim)
        await deck.pilot.press("Y")
        await deck.until(lambda: any("(xclip)" in words for words in deck.notices()))
        assert clipboard.text == ANSWER


async def test_y_copies_the_block_under_the_cursor(
    open_deck: Open, sim: Simulator, clipboard: Clipboard
) -> None:
    async with open_deck() as deck:
        await answered(deck, sim)
        await deck.pilot.press("k", "y")
        await deck.until(lambda: CODE.strip() in clipboard.text)
        assert "words" not in clipboard.text


async def test_without_a_tool_the_terminal_is_asked_to_copy(
    open_deck: Open, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with open_deck() as deck:
        await answered(deck, sim, "short")
        await deck.pilot.press("Y")
        await deck.until(lambda: any("OSC 52" in words for words in deck.notices()))
        assert deck.app.clipboard == "short"


async def test_e_edits_an_earlier_message_in_a_fork(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await answered(deck, sim, "one")
        await deck.pilot.press("i")
        await answered(deck, sim, "two")
        first = deck.view.summary
        assert first is not None
        await deck.pilot.press("g", "e")
        await deck.until(lambda: deck.view.summary and deck.view.summary.id != first.id)
        assert deck.view.composer.text == "hi"
        assert deck.items() == []
        sim.script("responses", ev.text_turn("another"))
        await deck.pilot.press(*" you", "enter")
        await deck.until(lambda: deck.replies() == ["another"])
        await deck.view.open_chat(first.id)
        await deck.until(lambda: deck.replies() == ["one", "two"])


async def test_keys_of_the_configuration_replace_the_usual_ones(
    open_deck: Open, sim: Simulator, settings: Settings
) -> None:
    bound = replace(settings, key_bindings={"pane.new": "ctrl+t", "leader.effort_up": "u"})
    async with open_deck(settings=bound, size=(120, 40)) as deck:
        await answered(deck, sim)
        await deck.pilot.press("n")
        assert deck.replies() == [ANSWER]
        await deck.pilot.press("question_mark")
        await deck.until(lambda: deck.shows("ctrl-t"))
        await deck.pilot.press("escape")
        await deck.pilot.press("ctrl+t")
        await deck.until(lambda: deck.items() == [])
        await deck.pilot.press("ctrl+x", "u")
        await deck.until(lambda: deck.shows("effort high"))


async def test_a_key_that_is_none_and_an_unknown_action_are_named(
    open_deck: Open, settings: Settings
) -> None:
    bound = replace(settings, key_bindings={"pane.fly": "f", "pane.new": "hyperspace+"})
    async with open_deck(settings=bound) as deck:
        await deck.until(lambda: any('"pane.fly"' in words for words in deck.notices()))
        assert any("and 1 more" in words for words in deck.notices())
