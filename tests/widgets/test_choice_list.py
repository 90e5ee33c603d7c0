"""A few ways to go on, with more or less room for them."""

import pytest

from tests.widgets.conftest import hosted, rows_of
from widgets.choice_list import Choice, ChoiceList
from widgets.glyphs import UNICODE

WAYS = tuple(
    Choice(key=name, title=name, what=f"what {name} gives", how=f"how {name} goes")
    for name in ("one", "two", "three", "four")
)


def choice_list(room: int) -> ChoiceList:
    choices = ChoiceList(UNICODE)
    choices.set_reactive(ChoiceList.choices, WAYS)
    choices.set_reactive(ChoiceList.room, room)
    choices.styles.height = "auto"
    return choices


@pytest.mark.parametrize(
    ("room", "rows"),
    [(16, 16), (15, 12), (12, 12), (11, 8), (8, 8), (7, 4), (4, 4), (3, 3), (1, 1)],
)
async def test_gaps_go_first_then_facts_then_all_but_titles(room: int, rows: int) -> None:
    choices = choice_list(room)
    async with hosted(choices, size=(40, 24)):
        assert len(rows_of(choices)) == rows


@pytest.mark.parametrize("room", [1, 2, 3])
async def test_the_selected_way_is_always_seen(room: int) -> None:
    choices = choice_list(room)
    async with hosted(choices, size=(40, 24)) as host:
        for way in WAYS:
            assert any(row.startswith(f"▌ {way.title}") for row in rows_of(choices))
            choices.action_next()
            await host.settle()


async def test_a_click_takes_the_way_that_is_shown_there() -> None:
    choices = choice_list(2)
    async with hosted(choices, size=(40, 24)) as host:
        choices.selected = 3
        await host.settle()
        assert [row[2:7].strip() for row in rows_of(choices)] == ["three", "four"]
        await host.pilot.click(ChoiceList, offset=(3, 0))
        await host.settle()
        assert choices.selected == 2
        await host.pilot.click(ChoiceList, offset=(3, 1))
        await host.settle()
        assert host.posted(ChoiceList.Chosen) == [ChoiceList.Chosen("three")]
