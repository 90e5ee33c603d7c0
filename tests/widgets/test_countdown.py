"""A countdown, on a clock of the test."""

import pytest

from tests.widgets.conftest import hosted, rows_of
from widgets.countdown import Countdown
from widgets.glyphs import ASCII, UNICODE, Glyphs


class Watch:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def countdown(watch: Watch, ends_at: float, glyphs: Glyphs = UNICODE) -> Countdown:
    return Countdown("Waiting for the page", "code ends in", ends_at, watch, glyphs)


async def test_it_counts_down_to_nothing_and_no_further() -> None:
    watch = Watch()
    shown = countdown(watch, 1_822.0)
    async with hosted(shown, size=(60, 3)) as host:
        assert rows_of(shown) == ["Waiting for the page · code ends in 13:42"]
        watch.now = 1_817.5
        await host.until(lambda: rows_of(shown)[0].endswith(" 0:05"))
        watch.now = 9_000.0
        await host.until(lambda: rows_of(shown)[0].endswith(" 0:00"))


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (40, "Waiting for the page - code ends in 1:00"),
        (39, "code ends in 1:00"),
        (17, "code ends in 1:00"),
        (16, "1:00"),
    ],
)
async def test_with_less_room_the_time_stays(width: int, row: str) -> None:
    shown = countdown(Watch(), 1_060.0, ASCII)
    async with hosted(shown, size=(width, 3)):
        assert rows_of(shown) == [row]
