"""The composer as it is typed into: what is shown, what is said to whoever shows it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from app import themes
from app.keymap import Context, Keymap
from services.models.chat import Attachment, QueuedMessage
from widgets.composer import Composer
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.prompt import Prompt

STYLES = Path(__file__).resolve().parents[2] / "styles.tcss"


class BoundComposer(Composer):
    """With the keys of the program."""

    BINDINGS = [*Keymap().bindings(Context.COMPOSER)]  # noqa: RUF012


class Desk(App[None]):
    """A composer, a clock that only moves when told, and everything the composer said."""

    CSS_PATH = STYLES

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        themes.register(self)
        self.theme = themes.DARK
        self.time = 100.0
        self.said: list[Message] = []
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        yield BoundComposer(self._glyphs, now=lambda: self.time)

    def on_mount(self) -> None:
        self.composer.focus_input()

    @property
    def composer(self) -> Composer:
        return self.query_one(Composer)

    def _hear(self, message: Message) -> None:
        self.said.append(message)

    on_composer_sent = _hear
    on_composer_changed = _hear
    on_composer_leave_requested = _hear
    on_composer_interrupt_requested = _hear
    on_composer_command_requested = _hear
    on_composer_queue_taken = _hear
    on_composer_queue_removed = _hear
    on_composer_refused = _hear

    def heard(self, *but: type[Message]) -> list[Message]:
        """What was said, without these kinds."""
        return [message for message in self.said if not isinstance(message, but)]

    def rows(self) -> list[str]:
        """The screen, blanks at the end of each row cut."""
        strips = self.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
        return [strip.text.rstrip() for strip in strips]


class Hands:
    """Presses keys and pastes."""

    def __init__(self, desk: Desk, pilot: Pilot[None]) -> None:
        self.desk = desk
        self.composer = desk.composer
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*("space" if c == " " else c for c in text))

    async def paste(self, text: str) -> None:
        self.desk.query_one(Prompt).post_message(events.Paste(text))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(self.desk.said)

    @property
    def text(self) -> str:
        return self.composer.text

    def sent(self) -> list[str]:
        return [message.text for message in self.desk.said if isinstance(message, Composer.Sent)]


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    desk = Desk()
    async with desk.run_test(size=(60, 36)) as pilot:
        await pilot.pause()
        yield Hands(desk, pilot)


async def test_enter_sends_and_empties_the_field(hands: Hands) -> None:
    await hands.type("hello there")
    await hands.press("enter")
    assert hands.sent() == ["hello there"]
    assert hands.composer.is_empty


async def test_blank_text_is_not_sent(hands: Hands) -> None:
    await hands.press("space", "ctrl+j", "enter")
    assert hands.sent() == []
    assert hands.text == " \n"


@pytest.mark.parametrize("keys", [("ctrl+j",), ("shift+enter",), ("backslash", "enter")])
async def test_a_new_line_is_made_three_ways(hands: Hands, keys: tuple[str, ...]) -> None:
    await hands.press("a", *keys, "b", "enter")
    assert hands.sent() == ["a\nb"]


async def test_two_backslashes_before_enter_are_text(hands: Hands) -> None:
    await hands.press("backslash", "backslash", "enter")
    assert hands.sent() == ["\\\\"]


async def test_the_draft_is_announced_after_a_pause_and_right_before_it_is_sent(
    hands: Hands,
) -> None:
    await hands.type("ab")
    hands.desk.time += 0.3
    await hands.until(lambda: bool(hands.desk.said))
    await hands.press("c", "enter")
    assert hands.desk.said[:3] == [
        Composer.Changed("ab"),
        Composer.Changed("abc"),
        Composer.Sent("abc", ()),
    ]
    hands.desk.time += 0.3
    await hands.until(lambda: len(hands.desk.said) == 4)
    assert hands.desk.said[3] == Composer.Changed("")


async def test_a_draft_that_is_loaded_is_not_announced(hands: Hands) -> None:
    hands.composer.load_text("kept")
    hands.desk.time += 1
    await hands.pilot.pause(0.5)
    assert hands.desk.said == []
    assert hands.text == "kept"


async def test_escape_leaves_and_a_second_one_soon_after_stops(hands: Hands) -> None:
    await hands.press("escape")
    hands.desk.time += 0.39
    await hands.press("escape")
    assert hands.desk.said == [Composer.LeaveRequested(), Composer.InterruptRequested()]


async def test_escape_twice_slowly_leaves_twice(hands: Hands) -> None:
    await hands.press("escape")
    hands.desk.time += 0.41
    await hands.press("escape")
    assert hands.desk.said == [Composer.LeaveRequested()] * 2


async def test_a_slash_in_the_empty_field_asks_for_commands_and_elsewhere_is_text(
    hands: Hands,
) -> None:
    await hands.press("slash")
    assert hands.desk.said == [Composer.CommandRequested()]
    await hands.press("a", "slash")
    assert hands.text == "a/"


async def test_up_at_the_edge_walks_history_and_down_brings_the_draft_back(hands: Hands) -> None:
    hands.composer.history = ("first", "second\nof two")
    await hands.type("draft")
    await hands.press("up")
    assert hands.text == "second\nof two"
    await hands.press("up")
    assert hands.text == "second\nof two"
    await hands.press("up", "up", "up")
    assert hands.text == "first"
    await hands.press("exclamation_mark", "down", "down")
    assert hands.text == "draft"
    await hands.press("up", "up", "up")
    assert hands.text == "first!"


async def test_control_r_searches_history_newest_first(hands: Hands) -> None:
    hands.composer.history = ("run the tests", "look", "Run all", "x")
    await hands.type("draft")
    await hands.press("ctrl+r")
    await hands.type("run")
    assert hands.text == "Run all"
    assert "search: run" in hands.desk.rows()[3]
    await hands.press("ctrl+r")
    assert hands.text == "run the tests"
    await hands.press("enter")
    assert hands.sent() == []
    await hands.press("enter")
    assert hands.sent() == ["run the tests"]


async def test_escape_in_a_search_gives_the_draft_back(hands: Hands) -> None:
    hands.composer.history = ("old",)
    await hands.type("draft")
    await hands.press("ctrl+r", "o", "q")
    assert "no match: oq" in hands.desk.rows()[3]
    await hands.press("escape")
    assert (hands.text, hands.desk.heard(Composer.Changed)) == ("draft", [])


async def test_a_stashed_draft_comes_back_with_up(hands: Hands) -> None:
    await hands.type("unsent")
    assert hands.composer.stash()
    assert hands.composer.is_empty
    assert not hands.composer.stash()
    await hands.press("up")
    assert hands.text == "unsent"


async def test_a_large_paste_is_one_label_that_is_sent_whole(hands: Hands) -> None:
    await hands.type("see ")
    await hands.paste("line\r\n" * 120)
    assert any("see [pasted 121 lines]" in row.replace("\xa0", " ") for row in hands.desk.rows())
    await hands.press("enter")
    assert hands.sent() == ["see " + "line\n" * 120]


async def test_a_label_is_deleted_and_passed_as_one_thing(hands: Hands) -> None:
    await hands.paste("x" * 2_000)
    await hands.press("left", "a", "right", "b", "left", "left", "delete")
    assert hands.text == "ab"
    await hands.press("ctrl+underscore")
    assert hands.text == "a" + "x" * 2_000 + "b"
    await hands.press("end", "backspace", "backspace")
    assert hands.text == "a"


async def test_a_label_can_be_opened(hands: Hands) -> None:
    await hands.paste("line\n" * 9)
    await hands.press("ctrl+o")
    assert any(row.endswith("line") for row in hands.desk.rows())
    await hands.press("ctrl+o")
    assert hands.desk.heard(Composer.Changed) == [Composer.Refused("there is no folded paste here")]
    assert hands.text == "line\n" * 9


async def test_hidden_characters_are_shown_and_sent_as_they_came(hands: Hands) -> None:
    text = "a\x1b[2Jb\u202ec\u200bd\te\x7f\U000e0041"
    await hands.paste(text + "\x00")
    row = next(row for row in hands.desk.rows() if "a␛[2Jb" in row)
    assert "\x1b" not in row
    assert "a␛[2Jb�c�d" in row
    await hands.press("enter")
    assert hands.sent() == [text]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("ctrl+a", "X"), "Xone two-three four"),
        (("ctrl+b", "ctrl+b", "X"), "one two-three foXur"),
        (("ctrl+a", "ctrl+f", "X"), "oXne two-three four"),
        (("ctrl+a", "ctrl+e", "X"), "one two-three fourX"),
        (("alt+b", "X"), "one two-three Xfour"),
        (("ctrl+a", "alt+f", "X"), "oneX two-three four"),
        (("ctrl+a", "ctrl+d"), "ne two-three four"),
        (("ctrl+h",), "one two-three fou"),
        (("ctrl+w", "ctrl+w"), "one "),
        (("alt+backspace", "alt+backspace"), "one two-"),
        (("ctrl+a", "alt+d"), " two-three four"),
        (("ctrl+u",), ""),
        (("ctrl+a", "ctrl+k"), ""),
        (("ctrl+w", "ctrl+a", "ctrl+y"), "fourone two-three "),
        (("ctrl+t",), "one two-three foru"),
        (("ctrl+w", "ctrl+underscore"), "one two-three four"),
        (("ctrl+w", "ctrl+underscore", "ctrl+shift+z"), "one two-three "),
    ],
)
async def test_the_line_editor_keys(hands: Hands, keys: tuple[str, ...], text: str) -> None:
    hands.composer.load_text("one two-three four")
    await hands.press(*keys)
    assert hands.text == text


async def test_up_in_the_empty_field_takes_the_last_waiting_message_back(hands: Hands) -> None:
    first = QueuedMessage(id="1", text="first")
    file = Attachment(name="a.png", path="/a.png", media_type="image/png", size=9)
    hands.composer.queue = (first, QueuedMessage(id="2", text="second", attachments=(file,)))
    await hands.pilot.pause()
    rows = [row for row in hands.desk.rows() if "queued" in row]
    assert [row.split("  ")[1:3] for row in rows] == [
        ["queued", "first"],
        ["queued", "second"],
    ]
    assert rows[1].endswith("↑ edit  ×")
    await hands.press("up")
    assert hands.desk.heard() == [Composer.Changed("second"), Composer.QueueTaken("2")]
    assert (hands.text, hands.composer.queue) == ("second", (first,))
    await hands.press("enter")
    assert hands.desk.said[-1] == Composer.Sent("second", (file,))


async def test_a_click_removes_a_waiting_message_and_up_has_its_text(hands: Hands) -> None:
    hands.composer.queue = (QueuedMessage(id="1", text="first"),)
    await hands.pilot.pause()
    await hands.pilot.click("QueueRows", offset=(57, 0))
    await hands.pilot.pause()
    assert hands.desk.heard() == [Composer.QueueRemoved("1")]
    await hands.press("up")
    assert hands.text == "first"


async def test_it_grows_with_its_text_up_to_a_third_of_the_screen(hands: Hands) -> None:
    prompt = hands.desk.query_one(Prompt)
    heights = [prompt.size.height]
    for _ in range(15):
        await hands.press("ctrl+j")
        heights.append(prompt.size.height)
    assert (heights[:3], heights[-1]) == ([1, 2, 3], 11)


async def test_rows_with_room_and_without(hands: Hands) -> None:
    hands.composer.facts, hands.composer.context = "gpt · high", "context 31%"
    await hands.pilot.pause()
    assert hands.desk.rows()[:4] == [
        "",
        "▎",
        "▎ › message",
        "▎   gpt · high" + " " * 33 + "context 31%",
    ]
    hands.composer.is_low = True
    await hands.pilot.pause()
    assert hands.desk.rows()[:2] == [
        "▎ › message" + " " * 22 + "gpt · high · context 31%",
        "",
    ]


async def test_what_enter_does_is_said_while_a_turn_runs(hands: Hands) -> None:
    hands.composer.is_busy = True
    await hands.type("x")
    assert hands.desk.rows()[3].endswith("enter queues")


async def test_an_external_edit_can_be_undone(hands: Hands) -> None:
    await hands.type("mine")
    hands.composer.edit("edited\nelsewhere")
    hands.composer.insert("!")
    assert hands.text == "edited\nelsewhere!"
    await hands.press("ctrl+underscore", "ctrl+underscore")
    assert hands.text == "mine"


async def test_ascii_marks_stay_in_ascii() -> None:
    desk = Desk(ASCII)
    async with desk.run_test(size=(60, 36)) as pilot:
        await pilot.pause()
        assert desk.rows()[2] == "| > message"


async def test_no_timer_runs_while_nothing_is_typed(hands: Hands) -> None:
    await hands.type("x")
    hands.desk.time += 0.3
    await hands.until(lambda: bool(hands.desk.said))
    running = [
        timer
        for node in hands.composer.walk_children(with_self=True)
        for timer in node._timers  # pyright: ignore[reportPrivateUsage]
        if timer._active.is_set()  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    ]
    assert running == []


async def test_what_is_selected_is_given_out_with_pastes_in_full(hands: Hands) -> None:
    await hands.paste("line\n" * 9)
    await hands.press("x", "shift+left", "shift+left")
    assert hands.composer.selected_text == "line\n" * 9 + "x"


async def test_nothing_stands_beside_the_text_in_a_tight_row(hands: Hands) -> None:
    hands.composer.facts, hands.composer.is_low = "gpt", True
    await hands.pilot.resize_terminal(20, 5)
    await hands.pilot.pause()
    assert hands.desk.rows()[0] == "▎ › message"
