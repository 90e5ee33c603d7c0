"""The panel after the leader, and help, as they are shown and used."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.content import Content

from app.keymap import Action, Context, Keymap
from app.screens.help import HelpScreen
from app.screens.leader import LeaderScreen
from widgets.glyphs import ASCII, UNICODE, Glyphs

Over = Callable[..., Any]
Shown = Callable[..., Awaitable[str]]
Result = Callable[..., Awaitable[list[object]]]

SIZES = [(20, 5), (40, 16), (80, 24), (120, 40), (200, 60)]
PLACE = (Context.TRANSCRIPT, Context.PANE, Context.EVERYWHERE, Context.LEADER)


class Later:
    """Timers that a test lets go off."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self._waiting.append((seconds, call))

    def go_off(self, seconds: float) -> None:
        for limit, call in self._waiting:
            if limit <= seconds:
                call()


def can_do(_: Action) -> bool:
    return True


def leader(
    later: Later, glyphs: Glyphs = UNICODE, enabled: Callable[[Action], bool] = can_do
) -> LeaderScreen:
    return LeaderScreen(Keymap(), glyphs, enabled=enabled, later=later)


def help_screen(glyphs: Glyphs = UNICODE) -> HelpScreen:
    return HelpScreen(Keymap(), PLACE, "in a conversation", glyphs)


async def test_the_leader_is_not_seen_until_its_delay_is_over(over: Over) -> None:
    later = Later()
    async with over(leader(later)) as opened:
        assert opened.text.split() == ["the", "page", "behind"] * 4
        later.go_off(0.4)
        await opened.settle()
        assert opened.lines[0] == "the page behind"
        assert "ctrl-x" in opened.text
        assert opened.line("WRITE").split() == ["WRITE", "SEE", "DO"]
        assert "n  new chat" in opened.text
        last = ["next", "key,", "2", "s", "esc", "close", "?", "help"]
        assert opened.lines[-1].split() == last


async def test_every_key_after_the_leader_gives_its_action(result: Result) -> None:
    for action in Keymap().of(Context.LEADER):
        for key in action.keys:
            assert await result(leader(Later()), key) == [action], key


@pytest.mark.parametrize("key", ["Q", "escape", "ctrl+x", "ctrl+c"])
async def test_any_other_key_after_the_leader_gives_nothing(key: str, result: Result) -> None:
    assert await result(leader(Later()), key) == [None]


async def test_own_keys_hold_after_the_leader_too(result: Result) -> None:
    keymap, problems = Keymap().with_overrides({"leader.zoom": "*"})
    assert problems == ()
    overlay = LeaderScreen(keymap, UNICODE, enabled=can_do, later=Later())
    (found,) = await result(overlay, "asterisk")
    assert isinstance(found, Action)
    assert found.id == "leader.zoom"


async def test_a_key_that_comes_before_the_leader_is_drawn_counts(over: Over) -> None:
    async with over() as opened:
        opened.push(leader(Later()))
        await opened.press_at_once("n")
        assert [found.id for found in opened.results] == ["leader.new"]


async def test_what_cannot_be_done_now_is_neither_shown_nor_run(over: Over) -> None:
    later = Later()
    overlay = leader(later, enabled=lambda action: action.id != "leader.new")
    async with over(overlay) as opened:
        later.go_off(0.4)
        await opened.settle()
        assert "new chat" not in opened.text
        await opened.press("n")
        assert opened.results == [None]


async def test_the_leader_gives_up_after_its_time(over: Over) -> None:
    later = Later()
    async with over(leader(later)) as opened:
        later.go_off(2)
        await opened.settle()
        assert opened.results == [None]


async def test_a_timer_that_comes_after_the_key_changes_nothing(over: Over) -> None:
    later = Later()
    async with over(leader(later)) as opened:
        await opened.press("z")
        later.go_off(2)
        await opened.settle()
        assert len(opened.results) == 1
        assert not opened.is_open


@pytest.mark.parametrize("size", SIZES)
async def test_the_panel_names_the_way_out_at_every_size(size: tuple[int, int], over: Over) -> None:
    later = Later()
    async with over(leader(later), size=size) as opened:
        later.go_off(0.4)
        await opened.settle()
        assert "WRITE" in opened.text
        assert "? help" in opened.lines[-1]
        assert max(Content(line).cell_length for line in opened.lines) <= size[0]


async def test_help_names_every_key_of_the_place(over: Over) -> None:
    async with over(help_screen(), size=(200, 60)) as opened:
        assert opened.lines[0] == "the page behind"
        assert "Keys in a conversation" in opened.lines[1]
        assert opened.lines[1].endswith("your own: config.toml, keys")
        words = [action.help for context in PLACE for action in Keymap().of(context)]
        assert [word for word in words if word not in opened.text] == []
        assert "? f1" in opened.text
        heads = ("AFTER CTRL-X", "MARKS", "MOUSE")
        assert [head for head in heads if head not in opened.text] == []


async def test_help_while_writing_tells_the_keys_of_line_editors(shown: Shown) -> None:
    overlay = HelpScreen(Keymap(), [Context.COMPOSER], "while writing", UNICODE)
    text = await shown(overlay, size=(120, 40))
    assert "ctrl-a ctrl-e" in text
    assert "put back what was" in text


@pytest.mark.parametrize(("width", "columns"), [(120, 3), (80, 2), (40, 1)])
async def test_help_has_as_many_columns_as_there_is_room_for(
    width: int, columns: int, shown: Shown
) -> None:
    text = await shown(help_screen(), size=(width, 40))
    assert max(line.count("│") for line in text.splitlines()) == columns - 1


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ([], "lines 1 to 12 of"),
        (["j", "j", "k"], "lines 2 to 13 of"),
        (["pagedown"], "lines 12 to 23 of"),
        (["pagedown", "pageup"], "lines 1 to 12 of"),
        (["G", "g"], "lines 1 to 12 of"),
    ],
)
async def test_help_is_scrolled_and_says_what_part_is_shown(
    keys: list[str], part: str, shown: Shown
) -> None:
    assert part in await shown(help_screen(), *keys, size=(80, 16))


async def test_the_end_of_help_is_its_last_line(over: Over) -> None:
    async with over(help_screen(), "G", size=(80, 16)) as opened:
        first, last, total = (int(word) for word in opened.lines[-1].split() if word.isdigit())
        assert last == total == first + 11


async def test_help_finds_keys_by_words(shown: Shown) -> None:
    text = await shown(help_screen(), "slash", *"block copy")
    assert "copy block" in text
    assert "page down" not in text
    assert "no key does that" in await shown(help_screen(), "slash", *"qqq")


@pytest.mark.parametrize("size", [(20, 5), (80, 24)])
async def test_letters_that_come_with_the_slash_are_all_searched_for(
    size: tuple[int, int], over: Over
) -> None:
    async with over(help_screen(), size=size) as opened:
        await opened.press_at_once("slash", *"copy/")
        assert "/ copy/" in opened.text


async def test_after_enter_the_found_keys_stay_and_letters_are_keys_again(over: Over) -> None:
    async with over(help_screen(), "slash", *"copy", "enter") as opened:
        assert "page down" not in opened.text
        await opened.press("q")
        assert opened.results == [None]


async def test_escape_ends_the_search_of_help_and_then_help(over: Over) -> None:
    async with over(help_screen(), "slash", *"copy", "escape") as opened:
        assert "page down" in opened.text
        assert opened.results == []
        await opened.press("escape")
        assert opened.results == [None]


@pytest.mark.parametrize("key", ["escape", "q", "question_mark", "f1", "ctrl+c"])
async def test_help_closes(key: str, result: Result) -> None:
    assert await result(help_screen(), key) == [None]


@pytest.mark.parametrize("size", SIZES)
async def test_help_names_the_way_out_at_every_size(size: tuple[int, int], shown: Shown) -> None:
    assert "esc close" in await shown(help_screen(), size=size)


async def test_plain_marks_leave_nothing_but_ascii(over: Over) -> None:
    later = Later()
    for overlay in (leader(later, ASCII), help_screen(ASCII)):
        async with over(overlay, size=(60, 60)) as opened:
            later.go_off(0.4)
            await opened.settle()
            assert opened.text.isascii()
