"""A list that never jumps under the cursor."""

from app import themes
from tests.widgets.conftest import hosted, rows_of, strips_of
from widgets.glyphs import ASCII, UNICODE
from widgets.row_list import ListRow, RowList


def rows(*names: str, group: str = "") -> tuple[ListRow, ...]:
    return tuple(ListRow(name, f"chat {name}", "3m", group=group) for name in names)


def many(count: int) -> tuple[ListRow, ...]:
    return rows(*(str(number) for number in range(count)))


async def test_groups_have_a_head_with_their_count_and_an_empty_row_before() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(30, 8)) as host:
        shown.rows = (
            ListRow("a", "first", "now", glyph="•", group="working"),
            ListRow("b", "second", "2h", group="working"),
            ListRow("c", "third", group="earlier"),
        )
        await host.settle()

        assert rows_of(shown) == [
            "  WORKING                   2",
            "▌ • first                 now",
            "    second                 2h",
            "",
            "  EARLIER                   1",
            "    third",
            "",
            "",
        ]


async def test_the_selected_row_is_raised_with_a_bar_that_tells_the_focus() -> None:
    shown, other = RowList(ASCII), RowList(ASCII)
    async with hosted(shown, other, size=(20, 4)) as host:
        shown.rows = rows("a", "b")
        await host.settle()
        shown.action_cursor_down()
        await host.settle()
        bar = next(iter(strips_of(shown)[1]))
        other.focus()
        await host.settle()
        blurred = next(iter(strips_of(shown)[1]))

    palette = themes.THEMES[themes.DARK]
    assert bar.text == blurred.text == ">"
    assert str(bar.style) == f"{palette.accent} on {palette.panel}"
    assert str(blurred.style) == f"{palette.variables['text-muted']} on {palette.panel}"
    assert [message.key for message in host.posted(RowList.Highlighted)] == ["b"]


async def test_selection_and_scroll_stay_when_rows_come_go_and_change_places() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(30, 6)) as host:
        shown.rows = many(50)
        await host.settle()
        shown.select("20")
        await host.settle()
        before = rows_of(shown)
        shown.rows = (*rows("x", "y"), *shown.rows[:3], *shown.rows[4:])
        await host.settle()
        after = rows_of(shown)

        assert shown.selected == "20"
        assert after[1:] == before[1:]
        assert after[0] == "  ↑ 2 new"

        shown.action_home()
        await host.settle()
        assert shown.new_above == 0
        assert rows_of(shown)[0].startswith("▌   chat x")


async def test_a_selected_row_that_goes_leaves_the_selection_to_its_neighbour() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(30, 6)) as host:
        shown.rows = rows("a", "b", "c")
        shown.select("b")
        shown.rows = rows("a", "c")
        await host.settle()
        assert shown.selected == "c"
        shown.rows = ()
        shown.empty = "no chats yet"
        await host.settle()
        assert shown.selected is None
        assert rows_of(shown)[0] == "  no chats yet"
        shown.rows = rows("d")
        await host.settle()
        assert shown.selected == "d"


async def test_moving_keeps_the_selection_in_view_and_opens_it() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(30, 6)) as host:
        shown.rows = many(30)
        await host.settle()
        for action, key in (
            (shown.action_end, "29"),
            (shown.action_page_up, "25"),
            (shown.action_cursor_up, "24"),
            (shown.action_page_down, "28"),
            (shown.action_home, "0"),
            (shown.action_cursor_up, "0"),
        ):
            action()
            await host.settle()
            assert shown.selected == key
            assert any(row.startswith("▌") for row in rows_of(shown))
        shown.action_open()
        await host.settle()
    assert [message.key for message in host.posted(RowList.Opened)] == ["0"]


async def test_a_click_selects_and_opens() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(30, 6)) as host:
        shown.rows = (*rows("a", group="one"), *rows("b", group="two"))
        await host.settle()
        await host.pilot.click(shown, offset=(5, 0))
        await host.pilot.click(shown, offset=(5, 4))
        await host.settle()
        assert shown.selected == "b"
    assert [message.key for message in host.posted(RowList.Opened)] == ["b"]


async def test_the_wheel_scrolls_and_never_selects() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(30, 6)) as host:
        shown.rows = many(30)
        shown.select("0")
        await host.settle()
        shown._scroll(9)
        await host.settle()
        assert rows_of(shown)[0].split()[:2] == ["chat", "9"]
        assert shown.selected == "0"


async def test_every_line_is_as_wide_as_the_list_whatever_is_in_it() -> None:
    shown = RowList(UNICODE)
    async with hosted(shown, size=(40, 6)) as host:
        shown.rows = (
            ListRow("a", "漢字かな" * 20, "vor 3 min", glyph="👍🏽"),
            ListRow("b", "e\u0301 [/x] [@click=app.bell]x\ny", "", tone="warning", glyph="!"),
            ListRow("c", "", "a meta that is much too long for any list at all"),
        )
        for width in (40, 20, 8, 3, 1):
            await host.resize(width, 6)
            assert {strip.cell_length for strip in strips_of(shown)} == {width}
