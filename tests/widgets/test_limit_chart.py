"""The history of windows as lines."""

from collections.abc import Container
from dataclasses import replace

import pytest
from textual.strip import Strip

from app import themes
from services.models.limit_history import Series, SeriesPoint
from tests.widgets.conftest import hosted, rows_of, strips_of
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.limit_chart import ChartData, ChartLine, LimitChart
from widgets.limit_plot import FINE, Span, draw, lines_of

HOUR = 3600.0
BRAILLE = frozenset(map(chr, range(0x2800, 0x2900)))
SPAN = Span(since=0.0, until=24 * HOUR, width=24, height=11)


def series(*points: tuple[float, float], resets: tuple[float, ...] = ()) -> Series:
    made = tuple(
        SeriesPoint(at=at * HOUR, low=used, high=used, last=used) for at, used in points
    )  # fmt: skip
    return Series(
        window_id="w", label="5h", points=made, resets=tuple(at * HOUR for at in resets)
    )  # fmt: skip


FLAT = series(*((hour + 0.5, 50.0) for hour in range(24)), resets=(12.2,))
FULL = series(*((hour + 0.5, 100.0) for hour in range(24)))
DATA = ChartData(
    title="Used, last 24 h",
    since=0.0,
    until=24 * HOUR,
    lines=(
        ChartLine(name="5 hours", series=FLAT),
        ChartLine(name="week", tone="warning", series=FULL),
    ),
    ticks=((6 * HOUR, "06:00"), (12 * HOUR, "12:00"), (18 * HOUR, "18:00")),
)


async def shown_rows(
    data: ChartData, glyphs: Glyphs = UNICODE, *, has_colour: bool = True
) -> list[str]:
    chart = LimitChart(glyphs, has_colour=has_colour)
    async with hosted(chart, size=(65, 13)) as host:
        chart.data, chart.is_ready = data, True
        await host.settle()
        return rows_of(chart)


def test_a_line_breaks_where_nothing_is_known_and_where_the_window_begins_anew() -> None:
    one = series((1, 10.0), (2, 20.0), (9, 40.0), (10, 50.0), (11, 5.0), resets=(10.5,))
    assert lines_of(one, SPAN) == [
        [(1 * HOUR, 10.0), (2 * HOUR, 20.0)],
        [(9 * HOUR, 40.0), (10 * HOUR, 50.0), (10.5 * HOUR, 50.0)],
        [(10.5 * HOUR, 0.0), (11 * HOUR, 5.0)],
    ]


def test_what_lies_outside_is_not_drawn() -> None:
    grid = draw([series((-3, 50.0), (40, 50.0))], [FINE], SPAN)
    assert {mark for row in grid for mark, _ in row} == {" "}


def test_a_grid_has_the_size_that_was_asked_for_and_names_the_series_of_each_mark() -> None:
    big = replace(SPAN, width=230, height=71)
    for span in (SPAN, big):
        grid = draw([FLAT, FULL], ["a", "b"], span)
        assert (len(grid), {len(row) for row in grid}) == (span.height, {span.width})
        assert set(grid[0]) <= {("b", 1), (" ", -1)}
        assert ("b", 1) in grid[0]
        assert ("a", 0) in grid[span.height // 2]


@pytest.mark.parametrize("used", [0.0, 50.0, 100.0])
def test_a_percentage_lies_in_its_row(used: float) -> None:
    grid = draw([series((1, used), (23, used))], ["x"], SPAN)
    drawn = {y for y, row in enumerate(grid) if any(mark == "x" for mark, _ in row)}
    assert drawn == {round((100.0 - used) / 10.0)}


async def test_the_frame_stands_before_the_library_is_loaded_and_before_data_comes() -> None:
    chart = LimitChart(UNICODE)
    async with hosted(chart, size=(65, 13)) as host:
        chart.note = "reading…"
        await host.settle()
        empty = rows_of(chart)
        chart.data, chart.note = DATA, ""
        await host.settle()
        assert chart.draws == 0
        framed = rows_of(chart)

    assert empty[6] == "     reading…"
    assert framed[0] == "Used, last 24 h   ━ 5 hours   ━ week   ┊ reset           + - zoom"
    assert [row[:5] for row in (framed[1], framed[6], framed[11])] == ["100% ", " 50% ", "  0% "]
    assert framed[12].split() == ["06:00", "12:00", "18:00"]
    assert framed[3].split() == ["┊"]


async def test_resets_that_come_so_often_that_nothing_else_was_seen_are_not_marked() -> None:
    often = replace(FLAT, resets=tuple(0.5 * HOUR * number for number in range(48)))
    rows = await shown_rows(replace(DATA, lines=(ChartLine(name="5 hours", series=often),)))
    assert not any("┊" in row for row in rows)


async def test_lines_are_drawn_anew_only_for_other_data_or_another_size() -> None:
    chart = LimitChart(UNICODE)
    async with hosted(chart, size=(65, 13)) as host:
        chart.is_ready, chart.data = True, DATA
        await host.settle()
        chart.refresh()
        chart.data = replace(DATA, title="Used, last 5 h")
        await host.settle()
        assert chart.draws == 1
        await host.resize(64, 13)
        assert chart.draws == 2
        chart.data = replace(DATA, lines=DATA.lines[:1])
        await host.settle()
        assert chart.draws == 3


async def test_in_colour_both_lines_are_fine_and_each_has_its_own_colour() -> None:
    chart = LimitChart(UNICODE)
    async with hosted(chart, size=(65, 13)) as host:
        chart.is_ready, chart.data = True, DATA
        await host.settle()
        head, top, middle = (strips_of(chart)[y] for y in (0, 1, 6))

    def colours(strip: Strip, marks: Container[str]) -> list[str]:
        found = [str(each.style).split()[0] for each in strip if each.text[:1] in marks]
        return list(dict.fromkeys(found))

    assert len(colours(head, "━")) == 2
    assert colours(head, "━") == [*colours(middle, BRAILLE), *colours(top, BRAILLE)]


@pytest.mark.parametrize(
    ("glyphs", "has_colour", "marks"),
    [(UNICODE, False, ("⠒", "o")), (ASCII, True, ("*", "o")), (ASCII, False, ("*", "o"))],
    ids=["no colour", "plain", "plain and no colour"],
)
async def test_without_colour_each_line_has_a_mark_of_its_own_that_the_legend_names(
    glyphs: Glyphs, has_colour: bool, marks: tuple[str, str]
) -> None:
    rows = await shown_rows(DATA, glyphs, has_colour=has_colour)
    assert marks[0] in rows[6]
    assert marks[1] in rows[1]
    assert marks[1] not in rows[6]
    first = glyphs.wire if marks[0] == "⠒" else marks[0]
    assert f"{first} 5 hours   o week   {':' if glyphs.is_ascii else '┊'} reset" in rows[0]
    if glyphs.is_ascii:
        assert all(row.isascii() for row in rows)


@pytest.mark.parametrize("theme", [themes.LIGHT, themes.ANSI_DARK, themes.ANSI_LIGHT])
async def test_it_is_drawn_in_each_theme(theme: str) -> None:
    chart = LimitChart(UNICODE)
    async with hosted(chart, size=(65, 13), theme=theme) as host:
        chart.is_ready, chart.data = True, DATA
        await host.settle()
        assert any("⠒" in row for row in rows_of(chart))


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (48, "Used, last 24 h   ━ 5 hours   ━ week  + - zoom"),
        (38, "Used, last 24 h   ━ 5 hours   ━ week"),
        (30, "Used, last 24 h"),
        (9, "Used, las"),
    ],
)
async def test_the_head_gives_up_what_is_least_missed(width: int, head: str) -> None:
    chart = LimitChart(UNICODE)
    async with hosted(chart, size=(width, 13)) as host:
        chart.is_ready, chart.data = True, DATA
        await host.settle()
        assert rows_of(chart)[0].split() == head.split()
