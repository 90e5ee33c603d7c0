"""More than one view in the shell: which is shown, who has the keys, and what goes on unseen."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import AppBlur, AppFocus, Paste

from app.foredeck import Foredeck
from app.keymap import Context, Keymap
from app.settings import Settings
from app.views.limits import LimitsView
from app.wiring import Services, open_services
from services.provider import Provider
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Deck, Open
from widgets.pane_title import PaneTitle

ROOT = Path(__file__).resolve().parents[2]


def is_limits_shown(deck: Deck) -> bool:
    shown = [view for view in deck.app.screen.query(LimitsView) if view.display]
    return bool(shown) and not deck.view.region


async def open_limits(deck: Deck, *keys: str) -> None:
    await deck.pilot.press(*(keys or ("escape", "5")))
    await deck.until(lambda: is_limits_shown(deck), "no limits")


async def test_5_opens_the_limits_and_2_goes_back_to_the_chat(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        assert deck.rows()[0].split()[:2] == ["2Chat", "5Limits"]
        await open_limits(deck)
        await deck.until(lambda: isinstance(deck.app.screen.focused, LimitsView), "no keys")
        assert deck.shell._header.active == "limits"
        await deck.pilot.press("2")
        await deck.until(lambda: deck.view.region and not is_limits_shown(deck))
        assert deck.app.screen.focused is deck.view.transcript
        assert deck.shell._header.active == "chat"


async def test_a_view_is_made_once(open_deck: Open) -> None:
    async with open_deck() as deck:
        for _ in range(3):
            await open_limits(deck)
            await deck.pilot.press("2")
            await deck.until(lambda: not is_limits_shown(deck))
        assert len(deck.app.screen.query(LimitsView)) == 1


async def test_the_title_of_the_view_that_has_the_keys_stands_out_whatever_the_footer_tells(
    open_deck: Open,
) -> None:
    async with open_deck() as deck:
        await open_limits(deck)
        title = deck.app.screen.query_one(LimitsView).query_one(PaneTitle)
        await deck.until(lambda: title.is_active, "looks as if it had no keys")
        deck.shell._tell_footer()
        assert title.is_active
        assert not deck.view.query_one(PaneTitle).is_active


async def test_what_was_being_written_is_gone_on_with_after_a_look(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        await deck.pilot.press(*"half")
        await open_limits(deck, "ctrl+x", "5")
        await deck.pilot.press(*"jk")
        await deck.pilot.press("ctrl+x", "2")
        await deck.until(lambda: not is_limits_shown(deck))
        await deck.pilot.press(*"way")
        await deck.until(lambda: deck.view.composer.text == "halfway")


async def test_keys_typed_at_once_after_the_switch_do_not_go_to_what_is_hidden(
    open_deck: Open,
) -> None:
    async with open_deck() as deck:
        await deck.pilot.press(*"text")
        deck.shell.action_view("limits")
        await deck.pilot.press("a", "b")
        await deck.until(lambda: is_limits_shown(deck))
        assert deck.view.composer.text == "text"


@pytest.mark.parametrize("words", ["5Limits", "2Chat"])
async def test_a_click_on_its_name_opens_a_view(open_deck: Open, words: str) -> None:
    async with open_deck(size=(80, 24)) as deck:
        if words == "2Chat":
            await open_limits(deck)
        column = deck.rows()[0].index(words)
        await deck.pilot.click("#header", offset=(column + 2, 0))
        await deck.until(lambda: is_limits_shown(deck) is (words == "5Limits"))


async def test_an_answer_goes_on_while_the_limits_are_looked_at(
    open_deck: Open, sim: Simulator
) -> None:
    gate = sim.gate()
    turn = ev.text_turn("first and second", size=6)
    sim.script("responses", [*turn[:4], gate, *turn[4:]])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.shows("first"))
        await open_limits(deck, "ctrl+x", "5")
        gate.open()
        await deck.until(lambda: not deck.view.is_answering)
        assert not deck.shows("second")
        await deck.pilot.press("2")
        await deck.until(lambda: deck.shows("first and second"))


async def test_ctrl_c_stops_an_answer_from_there_too_and_leaves_the_draft(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], sim.gate()])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.view.is_answering)
        await deck.pilot.press(*"draft")
        await open_limits(deck, "ctrl+x", "5")
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: not deck.view.is_answering)
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: "ctrl-c again quits" in deck.notices())
        assert deck.view.composer.text == "draft"


@pytest.mark.parametrize(("key", "kept"), [("i", "draft"), ("n", "")])
async def test_writing_and_a_new_chat_go_to_the_chat(open_deck: Open, key: str, kept: str) -> None:
    async with open_deck() as deck:
        await deck.pilot.press(*"draft")
        await open_limits(deck, "ctrl+x", "5")
        await deck.pilot.press(key)
        await deck.until(lambda: not is_limits_shown(deck) and deck.view.composer.text == kept)
        await deck.pilot.press("a")
        await deck.until(lambda: deck.view.composer.text == f"{kept}a")


async def test_what_is_pasted_there_is_written_in_the_chat(open_deck: Open) -> None:
    async with open_deck() as deck:
        await open_limits(deck)
        deck.app.post_message(Paste("pasted words"))
        await deck.until(lambda: deck.view.composer.text == "pasted words")
        await deck.until(lambda: not is_limits_shown(deck))


async def test_footer_help_and_palette_are_those_of_the_view(open_deck: Open) -> None:
    async with open_deck(size=(100, 30)) as deck:
        await open_limits(deck)
        await deck.until(lambda: "find" not in deck.rows()[-1])
        await deck.pilot.press("question_mark")
        await deck.until(lambda: deck.shows("Keys in the limits"))
        await deck.pilot.press("escape", "colon", *"limits")
        await deck.until(lambda: deck.shows("View: Limits"))
        await deck.pilot.press("escape")
        await deck.until(lambda: len(deck.app.screen_stack) == 1)
        await deck.pilot.press("colon", *"view", "space", *"chat", "enter")
        await deck.until(lambda: not is_limits_shown(deck))


async def test_chat_keys_that_act_on_what_is_hidden_do_nothing(open_deck: Open) -> None:
    async with open_deck(size=(120, 30)) as deck:
        await open_limits(deck)
        for key in ("slash", "z", "x"):
            await deck.pilot.press(key)
        await deck.pilot.press("ctrl+x", "z")
        await deck.pilot.press("2")
        await deck.until(lambda: not is_limits_shown(deck))
        assert not any(field.display for field in deck.shell.query("#find"))
        assert deck.shell.chats is not None
        assert deck.shell.chats.region


async def test_the_configuration_names_the_view_of_the_start(
    open_deck: Open, settings: Settings
) -> None:
    async with open_deck(settings=replace(settings, view="limits")) as deck:
        await deck.until(lambda: is_limits_shown(deck))
        await deck.until(lambda: isinstance(deck.app.screen.focused, LimitsView), "no keys")


async def test_both_views_fit_a_terminal_that_changes_its_size(open_deck: Open) -> None:
    async with open_deck(size=(120, 40)) as deck:
        await open_limits(deck)
        await deck.pilot.resize_terminal(80, 24)
        await deck.pilot.press("2")
        await deck.until(lambda: deck.view.region)
        assert deck.shell.chats is not None
        assert not deck.shell.chats.region
        assert deck.view.is_low


async def test_before_anything_is_set_up_there_is_no_view_to_switch_to(settings: Settings) -> None:
    app = Foredeck(settings, None, driver_class=None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("5", "ctrl+x", "5", "2")
        await pilot.click("#header", offset=(10, 0))
        await pilot.pause()
        assert not app.screen.query(LimitsView)
        assert app.screen.query("#welcome")


async def test_a_view_that_is_asked_for_too_early_comes_with_the_services(
    settings: Settings, provider: Provider
) -> None:
    gate = asyncio.Event()

    @asynccontextmanager
    async def later() -> AsyncGenerator[Services]:
        await gate.wait()
        async with open_services(settings, provider=provider, environ={}) as services:
            yield services

    app = Foredeck(settings, later, driver_class=None)
    async with app.run_test(size=(80, 24)) as pilot:
        deck = Deck(app, pilot)
        await pilot.press("escape", "5")
        await pilot.pause()
        assert not app.screen.query(LimitsView)
        assert deck.view.region
        gate.set()
        await deck.until(lambda: is_limits_shown(deck))
        app.exit()


@pytest.mark.parametrize("key", [k for a in Keymap().of(Context.LIMITS) for k in a.keys])
async def test_every_key_of_the_limits_does_what_the_table_says(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    done: list[str] = []
    for action in Keymap().of(Context.LIMITS):

        def act(self: LimitsView, name: str = action.action) -> None:
            del self
            done.append(name)

        monkeypatch.setattr(LimitsView, f"action_{action.action}", act)

    def can(self: LimitsView, action: str, parameters: tuple[object, ...]) -> bool:
        del self, action, parameters
        return True

    monkeypatch.setattr(LimitsView, "check_action", can)
    wanted = [a.action for a in Keymap().of(Context.LIMITS) if key in a.keys]
    async with open_deck(size=(80, 24)) as deck:
        await open_limits(deck)
        await deck.pilot.press(key)
        await deck.until(lambda: done)
        assert done == wanted


async def test_who_looks_decides_how_often_the_server_is_asked(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_deck() as deck:
        looks: list[bool] = []
        services = deck.shell._services
        assert services is not None

        def watch(*, is_looking: bool) -> None:
            looks.append(is_looking)

        monkeypatch.setattr(services.limits, "watch", watch)
        deck.app.post_message(AppBlur())
        await deck.until(lambda: looks)
        assert not any(looks)
        deck.app.post_message(AppFocus())
        await deck.until(lambda: looks[-1])
        for key in ("5", "2"):
            await deck.pilot.press("escape", key)
            await deck.until(lambda k=key: is_limits_shown(deck) is (k == "5"))
            assert looks[-1]


def test_nothing_about_limits_is_imported_before_the_first_frame(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from app.foredeck import Foredeck\n"
        "from app.screens.shell import ShellScreen\n"
        "from app.settings import load_settings\n"
        f"settings = load_settings({{}}, {{'FOREDECK_HOME': {str(tmp_path)!r}}})\n"
        "Foredeck(settings, lambda: None)\n"
        "ShellScreen(settings)\n"
        "print([m for m in sys.modules if 'limit' in m or 'gauge' in m or m.startswith('plotext')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == (
        "['app.views.limits_factory', 'app.screens.limit_actions']"
    )
