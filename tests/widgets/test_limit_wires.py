"""The wires of a window, the legend of their marks, and the rows of a group."""

from dataclasses import replace

import pytest
from textual.geometry import Region

from tests.widgets.conftest import hosted, rows_of
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.limit_legend import LimitLegend
from widgets.limit_wire import TimeWire, time_wire, use_wire
from widgets.window_group import WindowGroup, WindowRow

ROW = WindowRow(
    id="codex/18000",
    name="5 hours",
    short="5 hours",
    left=62.0,
    even=24.0,
    share="62.0%",
    word="left",
    other="38.0% used",
    outlook="lasts until the reset",
    time=TimeWire(now=0.76),
    reset=("resets", "today 15:14", "CET", "in 1 h 12 m 04 s"),
)

LEGEND = "• even use   │ now   ━ runs out here in 8 of 10 cases  last turn −0.6% of 5 h"


@pytest.mark.parametrize(
    ("left", "even", "glyphs", "wire"),
    [
        (50.0, None, UNICODE, "━━━━━─────"),
        (50.0, 20.0, UNICODE, "━━•━━─────"),
        (50.0, 100.0, ASCII, "#####----*"),
        (0.0, None, UNICODE, "──────────"),
        (0.2, None, UNICODE, "━─────────"),
        (99.8, None, UNICODE, "━━━━━━━━━─"),
        (100.0, None, UNICODE, "━━━━━━━━━━"),
    ],
)
def test_what_is_left_is_thick_and_only_the_very_ends_look_whole_or_gone(
    left: float, even: float | None, glyphs: Glyphs, wire: str
) -> None:
    assert use_wire(left, even, 10, "$success", glyphs).plain == wire


@pytest.mark.parametrize(
    ("wire", "glyphs", "shown"),
    [
        (TimeWire(now=0.3), UNICODE, "···│──────"),
        (TimeWire(now=0.3, early=0.5, late=0.75), UNICODE, "···│─━━━──"),
        (TimeWire(now=0.3, early=0.5), ASCII, "...|-#####"),
        (TimeWire(now=1.0), UNICODE, "·········│"),
        (TimeWire(now=-2.0, early=-1.0, late=9.0), UNICODE, "│━━━━━━━━━"),
    ],
)
def test_time_runs_in_dots_to_now_and_the_run_out_is_drawn_on_what_is_to_come(
    wire: TimeWire, glyphs: Glyphs, shown: str
) -> None:
    assert time_wire(wire, 10, "$text-muted", glyphs).plain == shown


async def test_a_group_has_two_wires_where_there_is_room() -> None:
    shown = WindowGroup(ROW, UNICODE)
    shown.names = 12
    shown.is_selected = True
    async with hosted(shown, size=(120, 3)):
        first, second, *none = rows_of(shown)

    assert first.startswith("▌ 5 hours       ━━━━━━━━━━•━━━")
    assert first.endswith("──  62.0% left, 38.0% used   lasts until the reset")
    assert second.startswith("▌ to the reset  ·····")
    assert second.endswith("──  resets today 15:14 CET in 1 h 12 m 04 s")
    assert second.index("│") == 16 + int(44 * 0.76)
    assert none == []


ONE_HOUR = ("resets", "Thu 26 Nov 15:14", "CEST", "in 13 h 12 m 04 s")
RANGE = "runs out Sat 10:38 to Sun 17:50"


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (
            80,
            (
                "62.0% left   runs out Sat 10:38 to Sun 17:50",
                "resets Thu 26 Nov 15:14 CEST in 13 h 12 m 04 s     38.0% used",
            ),
        ),
        (
            67,
            (
                "62.0% left",
                "resets Thu 26 Nov 15:14 · 13 h 12 m 04 s  38.0% used",
                "runs out Sat 10:38 to Sun 17:50",
            ),
        ),
        (
            60,
            (
                "62.0% left",
                "resets Thu 26 Nov 15:14 CEST    38.0% used",
                "runs out Sat 10:38 to Sun 17:50",
            ),
        ),
        (50, ("62.0% left", "resets Thu 26 Nov 15:14  38.0% used", RANGE)),
    ],
)
async def test_reset_and_forecast_stand_whole_at_80_columns_and_yield_only_below(
    width: int, rows: tuple[str, ...]
) -> None:
    row = replace(ROW, reset=ONE_HOUR, outlook=RANGE, outlook_tone="warning")
    shown = WindowGroup(row, UNICODE)
    async with hosted(shown, size=(width, 4)) as host:
        await host.settle()
        told = rows_of(shown)
    assert len(told) == len(rows)
    for line, words in zip(told, rows, strict=True):
        assert " ".join(line.split()).endswith(" ".join(words.split()))


@pytest.mark.parametrize("width", [80, 120])
async def test_an_outlook_that_is_too_long_is_said_in_short_and_whole_on_the_page(
    width: int,
) -> None:
    long = "nearly out, no forecast: too little history"
    row = replace(ROW, outlook=long, outlook_short="nearly out, no forecast")
    shown = WindowGroup(row, UNICODE)
    async with hosted(shown, size=(width, 4)) as host:
        brief = rows_of(shown)
        shown.is_whole = True
        await host.settle()
        whole = rows_of(shown)
    assert brief[0].endswith("nearly out, no forecast")
    assert len(brief) == 2
    assert whole[:2] == brief
    assert whole[2].strip() == long


@pytest.mark.parametrize("width", [80, 120])
async def test_age_and_source_of_an_old_number_take_a_third_row_where_two_are_full(
    width: int,
) -> None:
    row = replace(ROW, reset=ONE_HOUR, note="10m old, from an answer")
    shown = WindowGroup(row, UNICODE)
    async with hosted(shown, size=(width, 4)) as host:
        await host.settle()
        full = rows_of(shown)
        shown.row = replace(row, reset=("no reset known", "", "", ""))
        await host.settle()
        roomy = rows_of(shown)
    assert [row.strip() for row in full[2:]] == ["10m old, from an answer"]
    assert "no reset known · 10m old, from an answer" in roomy[1]
    assert len(roomy) == 2


@pytest.mark.parametrize("width", [80, 100, 200])
async def test_the_page_of_a_window_has_a_third_row_of_facts_at_every_width(width: int) -> None:
    facts = ("last turn −0.6%", "<1m old, asked the server", "even use 24.0% left", "more " * 40)
    shown = WindowGroup(replace(ROW, facts=facts), UNICODE)
    async with hosted(shown, size=(width, 4)) as host:
        assert len(rows_of(shown)) == 2
        shown.is_whole = True
        await host.settle()
        assert rows_of(shown)[2].strip() == (
            "last turn −0.6% · <1m old, asked the server · even use 24.0% left"
        )


async def test_a_name_that_is_cut_keeps_its_length() -> None:
    shown = WindowGroup(replace(ROW, short="GPT-5.3-Codex-Spark 5h", length="5h"), UNICODE)
    shown.names = 14
    async with hosted(shown, size=(80, 3)):
        assert rows_of(shown)[0].startswith("  GPT-5.3-Cod… 5h ")


async def test_every_width_is_kept_whatever_the_words_are() -> None:
    shown = WindowGroup(replace(ROW, name="漢字かな" * 9, short="漢字" * 9, note="9 h"), UNICODE)
    shown.names = 14
    async with hosted(shown, size=(120, 3)) as host:
        for width in (120, 100, 99, 60, 40, 20, 8, 3, 1):
            await host.resize(width, 4)
            strips = shown.render_lines(Region(0, 0, width, shown.size.height))
            assert {strip.cell_length for strip in strips} == {width}


async def test_a_name_with_markup_is_text() -> None:
    shown = WindowGroup(replace(ROW, short="[red]x[/x]"), UNICODE)
    shown.names = 14
    async with hosted(shown, size=(80, 3)):
        assert rows_of(shown)[0].startswith("  [red]x[/x]  ")


async def test_only_the_row_whose_words_changed_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = WindowGroup(ROW, UNICODE)
    drawn: list[tuple[Region, ...]] = []
    refresh = WindowGroup.refresh

    def watched(self: WindowGroup, *regions: Region, **kind: bool) -> WindowGroup:
        drawn.append(regions)
        return refresh(self, *regions, **kind)

    async with hosted(shown, size=(80, 3)) as host:
        monkeypatch.setattr(WindowGroup, "refresh", watched)
        later = ("resets", "today 15:14", "CET", "in 1 h 12 m 03 s")
        shown.row = replace(ROW, reset=later)
        await host.settle()
        assert drawn == [(Region(0, 1, 80, 1),)]
        assert "12 m 03 s" in rows_of(shown)[1]
        shown.row = replace(ROW, reset=later, time=TimeWire(now=0.9))
        await host.settle()

    assert drawn[1:] == []


async def test_a_click_chooses_the_window() -> None:
    shown = WindowGroup(ROW, UNICODE)
    async with hosted(shown, size=(80, 3)) as host:
        await host.pilot.click(shown, offset=(5, 1))
        await host.settle()
    assert [message.id for message in host.posted(WindowGroup.Chosen)] == ["codex/18000"]


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (118, LEGEND),
        (80, "            • even use   │ now      last turn −0.6% of 5 h"),
        (42, "            last turn −0.6% of 5 h"),
    ],
)
async def test_the_legend_gives_up_marks_before_the_last_turn(width: int, row: str) -> None:
    shown = LimitLegend(UNICODE)
    shown.has_range, shown.last_turn = True, (("−0.6%", "of 5 h"),)
    async with hosted(shown, size=(width, 1)):
        assert rows_of(shown)[0].split() == row.split()
