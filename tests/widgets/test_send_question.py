"""The line that asks before a message goes."""

from dataclasses import replace

import pytest

from services.models.limit_history import PreSend
from tests.widgets.conftest import hosted, rows_of
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.send_question import AHEAD, SendQuestion

NOW = 1_795_698_131.0
"""Thu 26 Nov 2026 13:02:11 UTC."""
SOON = PreSend(
    window_id="w", label="5 h", cost_percent=1.24, left_percent=0.8, resets_at=NOW + 3_769
)


class Asking(SendQuestion):
    """A question whose time a test moves, with keys."""

    BINDINGS = [  # noqa: RUF012
        ("s", "answer('send')"),
        ("w", "answer('wait')"),
        ("escape", "answer('cancel')"),
    ]

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        self.time = 0.0
        super().__init__(glyphs, now=lambda: NOW, monotonic=lambda: self.time)

    async def ask(self, asked: PreSend = SOON) -> None:
        self.asked = asked
        self.focus()
        self.time += AHEAD


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (
            100,
            "! this chat's turns cost about 1.2% of 5 h; 0.8% left: likely cut off; resets 14:05",
        ),
        (80, "! turns here cost about 1.2% of 5 h; 0.8% left: likely cut off; resets 14:05"),
        (72, "! about 1.2% of 5 h a turn, 0.8% left: likely cut off; resets 14:05"),
        (50, "! 1.2% of 5 h a turn, 0.8% left; resets 14:05"),
        (35, "! 1.2% of 5 h a turn, 0.8% left"),
        (20, "! 0.8% left"),
        (10, "! 0.8…"),
    ],
)
async def test_the_longest_way_to_say_it_that_fits_is_said(width: int, words: str) -> None:
    question = Asking()
    async with hosted(question, size=(width, 10)) as host:
        await question.ask()
        await host.settle()
        assert [row.strip() for row in rows_of(question)] == [words]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (replace(SOON, resets_at=None), "0.8% left: likely cut off"),
        (replace(SOON, resets_at=NOW + 4 * 86_400), "resets Mon 30 Nov 13:02 UTC"),
        (replace(SOON, left_percent=0.0), "; 0% left"),
        (replace(SOON, left_percent=0.01), "; <0.1% left"),
        (replace(SOON, cost_percent=12.34), "about 12% of"),
    ],
)
async def test_days_and_small_numbers_are_said_as_they_are(asked: PreSend, words: str) -> None:
    question = Asking()
    async with hosted(question, size=(120, 10)) as host:
        await question.ask(asked)
        await host.settle()
        assert words in rows_of(question)[0]


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (60, "! 5 h is used up: likely refused; resets 14:05"),
        (40, "! 5 h is used up; resets 14:05"),
        (25, "! 5 h is used up"),
    ],
)
async def test_where_nothing_is_left_no_cost_is_named(width: int, words: str) -> None:
    question = Asking()
    async with hosted(question, size=(width, 10)) as host:
        await question.ask(replace(SOON, cost_percent=0.0, left_percent=0.0))
        await host.settle()
        assert [row.strip() for row in rows_of(question)] == [words]


async def test_the_way_in_is_said_while_something_else_has_the_keys() -> None:
    question, other = Asking(), Asking()
    other.way_in = "esc answers"
    async with hosted(question, other, size=(60, 10)) as host:
        other.asked = SOON
        await question.ask()
        await host.settle()
        assert rows_of(other)[0].endswith("  esc answers")
        assert rows_of(other)[0].strip().startswith("! 1.2% of 5 h a turn, 0.8% left")
        other.focus()
        await host.settle()
        assert "esc answers" not in rows_of(other)[0]


async def test_it_is_plain_ascii_where_that_is_wanted() -> None:
    question = Asking(ASCII)
    async with hosted(question, size=(10, 10)) as host:
        await question.ask()
        await host.settle()
        assert rows_of(question)[0].isascii()


async def test_nothing_is_asked_in_no_row() -> None:
    question = Asking()
    async with hosted(question) as host:
        assert question.size.height == 0
        await question.ask()
        await host.settle()
        assert question.size.height == 1
        await host.press("escape")
        assert question.size.height == 0


async def test_one_answer_is_taken_and_no_second_one() -> None:
    question = Asking()
    async with hosted(question) as host:
        await question.ask()
        await host.settle()
        await host.press("w", "s", "escape")
        assert [m.choice for m in host.posted(SendQuestion.Answered)] == ["wait"]


async def test_nobody_waits_for_a_reset_that_is_not_known() -> None:
    question = Asking()
    async with hosted(question) as host:
        await question.ask(replace(SOON, resets_at=None))
        await host.settle()
        await host.press("w")
        assert host.posted(SendQuestion.Answered) == []
        await host.press("s")
        assert [m.choice for m in host.posted(SendQuestion.Answered)] == ["send"]


async def test_keys_that_come_at_once_are_text_and_no_answer() -> None:
    question = Asking()
    async with hosted(question) as host:
        await question.ask()
        await host.settle()
        question.time -= AHEAD / 2
        await host.press("s", "escape", "o")
        assert host.posted(SendQuestion.Answered) == []
        assert [m.character for m in host.posted(SendQuestion.TypedAhead)] == ["s", "o"]
        # Whoever types on has not read it yet.
        question.time += AHEAD / 2
        await host.press("w")
        question.time += AHEAD / 2
        await host.press("5")
        typed = [m.character for m in host.posted(SendQuestion.TypedAhead)]
        assert (typed, host.posted(SendQuestion.Answered)) == (["s", "o", "w", "5"], [])
        question.time += AHEAD
        await host.press("s")
        assert [m.choice for m in host.posted(SendQuestion.Answered)] == ["send"]
