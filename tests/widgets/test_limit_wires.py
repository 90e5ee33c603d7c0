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
        first, second = rows_of(shown)

    assert first.startswith("▌ 5 hours       ━━━━━━━━━━━━━•━━━")
    assert first.endswith("──  62.0% left   lasts until the reset")
    assert second.startswith("▌ to the reset  ·····")
    assert second.endswith("──  resets today 15:14 CET in 1 h 12 m 04 s")
    assert second.index("│") == 16 + int(56 * 0.76)


@pytest.mark.parametrize(
    ("width", "second"),
    [
        (80, "            resets today 15:14 CET in 1 h 12 m 04 s      lasts until the reset"),
        (72, "            resets today 15:14 · 1 h 12 m 04 s lasts until the reset"),
        (60, "            resets today 15:14 CET lasts until the reset"),
        (56, "            resets today 15:14   lasts until the reset"),
    ],
)
async def test_with_less_room_zone_or_countdown_goes_and_then_both(width: int, second: str) -> None:
    shown = WindowGroup(ROW, UNICODE)
    async with hosted(shown, size=(width, 3)):
        assert rows_of(shown)[1].split() == second.split()


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
            await host.resize(width, 3)
            assert {strip.cell_length for strip in shown.render_lines(Region(0, 0, width, 2))} == {
                width
            }


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
