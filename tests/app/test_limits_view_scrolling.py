"""The view of all limits where more windows are than there is room for."""

from dataclasses import replace

import pytest

from tests.app.limits_deck import Deck, deck
from tests.snapshots.limits import A_WEEK, STATE

MANY = replace(
    STATE,
    windows=tuple(
        replace(A_WEEK, id=f"b{number}/604800", limit_id=f"b{number}", limit_name=f"b{number}")
        for number in range(12)
    ),
)


async def selected_in_view(shown: Deck, name: str) -> None:
    await shown.host.until(lambda: any(row.startswith(f"▌ {name} week") for row in shown.rows))


@pytest.mark.parametrize("size", [(80, 22), (120, 38)])
async def test_a_page_that_closes_leaves_its_window_in_view(size: tuple[int, int]) -> None:
    async with deck(MANY, size=size) as shown:
        await shown.host.press("G")
        await selected_in_view(shown, "b11")
        await shown.host.press("enter")
        await shown.until_said("By the hour")
        await shown.host.press("escape")
        await selected_in_view(shown, "b11")
        await shown.host.press("k")
        await selected_in_view(shown, "b10")


async def test_the_selected_window_stays_in_view_at_every_size() -> None:
    async with deck(MANY, size=(120, 38)) as shown:
        await shown.host.press("G", "k")
        await selected_in_view(shown, "b10")
        for size in ((80, 22), (100, 28), (120, 38), (60, 18)):
            await shown.host.resize(*size)
            await shown.host.settle()
            await selected_in_view(shown, "b10")


async def test_windows_that_come_before_do_not_push_the_selected_one_out_of_view() -> None:
    first = tuple(replace(each, id=f"a{each.id}") for each in MANY.windows[:6])
    async with deck(replace(MANY, windows=MANY.windows[6:]), size=(80, 22)) as shown:
        await shown.host.press("j", "j")
        await selected_in_view(shown, "b8")
        await shown.take(replace(MANY, windows=(*first, *MANY.windows[6:]), version=2))
        assert shown.view._board.selected == "b8/604800"
        await selected_in_view(shown, "b8")


async def test_what_was_scrolled_away_with_the_wheel_is_not_fetched_back_by_the_clock() -> None:
    async with deck(MANY, size=(80, 22)) as shown:
        windows = shown.view._board.windows
        windows.scroll_end(animate=False)
        await shown.host.until(lambda: windows.scroll_y > 0)
        shown.limits.clock.at += 20.0
        shown.view._tick()
        await shown.host.settle()
        assert windows.scroll_y == windows.max_scroll_y


async def test_the_legend_explains_no_marks_of_wires_that_a_scroll_bar_has_taken() -> None:
    windows = tuple(replace(each, last_turn=None) for each in MANY.windows)
    few = replace(MANY, windows=windows[:2])

    def legend(shown: Deck) -> str:
        return next((row.strip() for row in shown.rows if "• even use" in row), "")

    async with deck(few, size=(100, 28)) as shown:
        whole = "• even use   │ now   ━ runs out here in 8 of 10 cases"
        await shown.host.until(lambda: legend(shown) == whole and shown.says("to the reset"))
        await shown.take(replace(few, windows=windows, version=2))
        await shown.host.until(lambda: legend(shown) == "• even use")
        assert not shown.says("to the reset")
        await shown.take(replace(few, version=3))
        await shown.host.until(lambda: legend(shown) == whole)
