"""The ledger, the costs, and what stands in their place where there is little room."""

from tests.widgets.conftest import hosted, rows_of, strips_of
from widgets.cost_table import CostRow, CostTable
from widgets.glyphs import ASCII, UNICODE
from widgets.ledger_list import LedgerList, LedgerRow
from widgets.limit_legend import LimitBrief

LEDGER = (
    LedgerRow("today 13:16", "week moved", "Thu 03:16 → Fri 09:40"),
    LedgerRow("27 Nov", "another plan"),
)
COSTS = (
    CostRow(title="fix N+1", time="13:16", glyph="C", values=("12.4%", "1.9%")),
    CostRow(title="a chat", time="Tue 09:12", values=("6.1%", ""), tone="shared"),
    CostRow(title="elsewhere", values=("", "2.0%"), tone="muted"),
)


def table(rows: tuple[CostRow, ...] = COSTS) -> CostTable:
    shown = CostTable(UNICODE, empty="no use seen yet")
    shown.head, shown.columns, shown.rows = "Where it went", ("% of 5 h", "% of week"), rows
    return shown


async def test_the_ledger_says_when_what_and_below_it_how() -> None:
    shown = LedgerList(UNICODE, head="What the server changed", empty="nothing yet")
    async with hosted(shown, size=(40, 8)) as host:
        empty = rows_of(shown)
        shown.rows = LEDGER
        await host.settle()
        assert rows_of(shown) == [
            "What the server changed",
            "today 13:16  week moved",
            "             Thu 03:16 → Fri 09:40",
            "27 Nov       another plan",
        ]
    assert empty == ["What the server changed", "nothing yet"]


async def test_a_ledger_without_room_says_how_many_more_there_are_and_what_opens_them() -> None:
    rows = (*LEDGER, LedgerRow("26 Nov", "5 hours reset", "at 61.0% used"))
    for key, words in (("", "↓ 2 more"), ("enter", "↓ 2 more: enter")):
        shown = LedgerList(UNICODE, head="Changed", key=key)
        shown.rows = rows
        shown.styles.max_height = 4
        async with hosted(shown, size=(40, 8)) as host:
            assert rows_of(shown) == [
                "Changed",
                "today 13:16  week moved",
                "             Thu 03:16 → Fri 09:40",
                words,
            ]
            # Half of an entry is not shown.
            shown.styles.max_height = 5
            await host.settle()
            assert rows_of(shown)[3:] == ["27 Nov       another plan", words.replace("2", "1")]
            shown.styles.max_height = 6
            await host.settle()
            assert rows_of(shown)[4:] == [
                "26 Nov       5 hours reset",
                "             at 61.0% used",
            ]


async def test_a_work_has_its_share_of_each_window_and_a_dot_where_nothing_was_seen() -> None:
    shown = table()
    async with hosted(shown, size=(60, 8)):
        assert rows_of(shown) == [
            "Where it went                            % of 5 h  % of week",
            "C fix N+1                         13:16     12.4%       1.9%",
            "  a chat                      Tue 09:12      6.1%          ·",
            "  elsewhere                                     ·       2.0%",
        ]
        shared = strips_of(shown)[2]
    assert {bool(each.style and each.style.italic) for each in shared if "chat" in each.text} == {
        True
    }


async def test_the_table_gives_up_columns_and_then_rows_and_says_how_many() -> None:
    shown = table((*COSTS, *COSTS))
    shown.styles.height = 4
    async with hosted(shown, size=(42, 8)):
        assert rows_of(shown) == [
            "Where it went                     % of 5 h",
            "C fix N+1                  13:16     12.4%",
            "  a chat               Tue 09:12      6.1%",
            "  ↓ 4 more",
        ]


async def test_a_table_without_rows_says_so() -> None:
    shown = table(())
    async with hosted(shown, size=(60, 8)):
        assert rows_of(shown)[1:] == ["no use seen yet"]


async def test_every_line_is_as_wide_as_the_table_whatever_is_in_it() -> None:
    odd = CostRow(title="漢字 [red]x[/x]" * 9, time="x" * 30, values=("1%", "2%"), glyph="C")
    shown = table((odd,))
    async with hosted(shown, size=(60, 8)) as host:
        assert "[red]x[/x]" in rows_of(shown)[1]
        for width in (60, 30, 12, 3, 1):
            await host.resize(width, 8)
            assert {strip.cell_length for strip in strips_of(shown)} == {width}


async def test_two_rows_tell_the_last_change_and_the_last_turn() -> None:
    shown = LimitBrief(ASCII)
    shown.nothing = "nothing changed since it was read first"
    async with hosted(shown, size=(70, 4)) as host:
        nothing = rows_of(shown)
        shown.entry, shown.hint = LEDGER[0], ("enter", "where it went")
        shown.last_turn = (("-0.6%", "of 5 h"), ("-0.1%", "of week"))
        await host.settle()
        full = rows_of(shown)
        await host.resize(44, 4)
        narrow = rows_of(shown)

    assert nothing == ["nothing changed since it was read first", ""]
    assert [row.strip() for row in full] == [
        "today 13:16  week moved Thu 03:16 → Fri 09:40",
        "last turn    -0.6% of 5 h, -0.1% of week       enter where it went",
    ]
    assert narrow[1].strip() == "last turn    -0.6% of 5 h, -0.1% of week"


async def test_the_key_takes_fewer_words_then_another_row_and_last_one_of_its_own() -> None:
    shown = LimitBrief(ASCII)
    shown.entry, shown.hint = LEDGER[0], ("enter", "where it went, 3 changes", "3 changes")
    shown.last_turn, shown.reserve = (("-0.6%", "of 5 h"), ("-0.1%", "of week")), "credits 18.25"
    seen: list[list[str]] = []
    async with hosted(shown, size=(80, 5)) as host:
        for width in (80, 62, 48, 44):
            await host.resize(width, 5)
            seen.append([" ".join(row.split()) for row in rows_of(shown)[1:]])
    turn, spare = "last turn -0.6% of 5 h, -0.1% of week", "in reserve credits 18.25"
    assert seen == [
        [f"{turn} enter where it went, 3 changes"],
        [f"{turn} enter 3 changes", spare],
        [turn, f"{spare} enter 3 changes"],
        [turn, spare, "enter where it went, 3 changes"],
    ]


async def test_what_is_in_reserve_has_a_row_of_its_own_where_the_entry_leaves_it_no_room() -> None:
    shown = LimitBrief(ASCII)
    shown.nothing, shown.reserve = "nothing changed", "credits 18 - 1 reset"
    async with hosted(shown, size=(60, 4)) as host:
        beside = rows_of(shown)
        shown.entry = LEDGER[0]
        await host.settle()
        second = rows_of(shown)
        shown.last_turn = (("-0.6%", "of 5 h"),)
        await host.settle()
        below = rows_of(shown)

    assert [row.split() for row in beside] == [
        ["nothing", "changed", "credits", "18", "-", "1", "reset"],
        [],
    ]
    assert [row.strip() for row in second] == [
        "today 13:16  week moved Thu 03:16 → Fri 09:40",
        "in reserve   credits 18 - 1 reset",
    ]
    assert [row.strip() for row in below] == [
        "today 13:16  week moved Thu 03:16 → Fri 09:40",
        "last turn    -0.6% of 5 h",
        "in reserve   credits 18 - 1 reset",
    ]


async def test_a_row_of_nothing_but_a_detail_goes_on_with_the_one_before() -> None:
    shown = LedgerList(ASCII)
    shown.rows = (LedgerRow("resets", "1"), LedgerRow(detail=":redeem asks first"))
    async with hosted(shown, size=(40, 4)):
        assert rows_of(shown) == ["resets       1", "             :redeem asks first"]
