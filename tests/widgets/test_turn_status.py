"""The row that says what the turn does."""

from pathlib import Path

from textual.app import App, ComposeResult

from app import themes
from services.models.chat import TurnPhase, TurnState
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.turn_status import TurnStatus

STYLES = Path(__file__).resolve().parents[2] / "styles.tcss"
ANSWERING = TurnState(
    chat_id="c", turn_id="t", phase=TurnPhase.ANSWERING, started_at=1_000.0, model="gpt"
)


class Desk(App[None]):
    """The row and a clock."""

    CSS_PATH = STYLES

    def __init__(self, glyphs: Glyphs = UNICODE, *, reduced_motion: bool = False) -> None:
        super().__init__()
        themes.register(self)
        self.theme = themes.DARK
        self.time = 1_014.0
        self.status = TurnStatus(glyphs, reduced_motion=reduced_motion, now=lambda: self.time)

    def compose(self) -> ComposeResult:
        yield self.status

    @property
    def row(self) -> str:
        return self.status.render().plain


async def test_nothing_to_say_takes_no_row_and_no_timer() -> None:
    desk = Desk()
    async with desk.run_test(size=(70, 10)) as pilot:
        await pilot.pause()
        assert (desk.status.display, desk.status.size.height) == (False, 0)
        desk.status.state = ANSWERING
        await pilot.pause()
        assert desk.status.size.height == 1
        desk.status.state = None
        await pilot.pause()
        assert not desk.status.display
        assert not list(desk.status._timers)  # pyright: ignore[reportPrivateUsage]


async def test_a_running_turn_says_state_seconds_tokens_and_queue() -> None:
    desk = Desk(reduced_motion=True)
    async with desk.run_test(size=(70, 10)) as pilot:
        desk.status.state = ANSWERING
        desk.status.tokens, desk.status.queued = 1_412, 2
        await pilot.pause()
        words = "• answering 14 s · 1,412 tokens · 2 queued"
        assert desk.row == words + "esc esc stop".rjust(66 - len(words))


async def test_the_spinner_turns_with_the_clock_and_stands_with_reduced_motion() -> None:
    moving, still = Desk(ASCII), Desk(ASCII, reduced_motion=True)
    for desk in (moving, still):
        async with desk.run_test(size=(70, 10)) as pilot:
            desk.status.state = ANSWERING
            await pilot.pause()
            marks: list[str] = []
            for _ in range(4):
                marks.append(desk.row[0])
                desk.time += 0.125
            assert "".join(marks) == ("|/-\\" if desk is moving else "****")


async def test_waiting_says_which_retry_when_and_why() -> None:
    desk = Desk(reduced_motion=True)
    async with desk.run_test(size=(70, 10)) as pilot:
        desk.status.state = TurnState(
            chat_id="c", turn_id="t", phase=TurnPhase.WAITING, started_at=1_000.0, model="gpt",
            attempt=2, attempts=5, retry_at=1_016.4, reason="connection lost",
        )  # fmt: skip
        await pilot.pause()
        assert desk.row.startswith("• retry 2 of 5 in 3 s · connection lost")


async def test_minutes_are_told_apart_and_a_clock_set_back_is_no_negative_time() -> None:
    desk = Desk(reduced_motion=True)
    async with desk.run_test(size=(70, 10)) as pilot:
        desk.status.state = ANSWERING
        await pilot.pause()
        desk.time = 1_125.0
        assert desk.row.startswith("• answering 2 min 5 s")
        desk.time = 900.0
        assert desk.row.startswith("• answering 0 s")


async def test_the_end_leaves_a_summary() -> None:
    desk = Desk()
    async with desk.run_test(size=(70, 10)) as pilot:
        desk.status.summary = "12 s · 812 tokens · gpt-5.2"
        await pilot.pause()
        assert (desk.status.size.height, desk.row) == (1, "12 s · 812 tokens · gpt-5.2")


async def test_a_narrow_row_keeps_the_state_and_drops_the_hint() -> None:
    desk = Desk(reduced_motion=True)
    async with desk.run_test(size=(24, 10)) as pilot:
        desk.status.state = ANSWERING
        desk.status.tokens = 9
        await pilot.pause()
        assert desk.row == "• answering 14 s · …"
