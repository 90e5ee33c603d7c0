"""The line under the reader's eye stays in its row, whatever goes or changes above it."""

import pytest

from services.models.chat import Item, Notice, Reasoning, Reply, UserMessage
from tests.widgets.conftest import hosted, rows_of
from widgets.glyphs import UNICODE
from widgets.transcript.view import Transcript

WORDS = "\n".join(f"line {number}" for number in range(30))
CODE = f"```\n{WORDS}\n```"


def user(name: str, text: str) -> UserMessage:
    return UserMessage(id=name, turn_id="t", text=text, at=0)


def notice(name: str) -> Notice:
    return Notice(id=name, turn_id="t", text=name)


def thought(name: str) -> Reasoning:
    return Reasoning(id=name, turn_id="t", summary=f"about {name}", seconds=1)


def reply(name: str, text: str) -> Reply:
    return Reply(id=name, turn_id="t", text=text)


@pytest.mark.parametrize("up", [1, 10, 21])
async def test_a_message_that_goes_leaves_the_first_one_where_it_is_read(up: int) -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        shown.load([user("a", "hm"), user("b", WORDS)])
        await host.settle()
        shown.scroll_rows(-up)
        await host.settle()
        before = rows_of(shown)
        shown.drop_items(["a"])
        await host.settle()
        assert rows_of(shown) == before


LISTS: list[tuple[str, list[Item], str]] = [
    ("a gap comes", [user("a", WORDS), notice("gone"), notice("b")], "  b"),
    ("a gap stays", [user("a", WORDS), user("gone", "hm"), user("b", "b")], "  ▎ b"),
    ("a gap goes", [user("z", WORDS), notice("a"), user("gone", "hm"), notice("b")], "  b"),
    ("a gap of the first goes", [user("gone", "hm"), user("b", "b")], "  ▎ b"),
    ("no gap was there", [notice("a"), notice("gone"), notice("b")], "  b"),
    ("an empty answer was there", [notice("a"), reply("gone", ""), notice("b")], "  b"),
]


@pytest.mark.parametrize(("items", "first"), [row[1:] for row in LISTS], ids=[r[0] for r in LISTS])
async def test_what_stands_at_the_top_stays_there_when_what_is_above_goes(
    items: list[Item], first: str
) -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        shown.load([*items, reply("below", CODE)])
        await host.settle()
        for _ in range(80):
            shown.scroll_rows(-1)
            await host.settle()
            if rows_of(shown)[0] == first:
                break
        before = rows_of(shown)
        assert before[0] == first
        shown.drop_items(["gone"])
        await host.settle()
        assert rows_of(shown) == before


async def test_a_blank_row_that_goes_is_filled_from_above() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        shown.load(
            [user("z", WORDS), notice("a"), user("gone", "hm"), notice("b"), reply("c", CODE)]
        )
        await host.settle()
        while rows_of(shown)[1] != "  b":
            shown.scroll_rows(-1)
            await host.settle()
        before = rows_of(shown)
        assert before[0] == ""
        shown.drop_items(["gone"])
        await host.settle()
        assert rows_of(shown) == ["  a", *before[1:]]


async def test_a_fold_that_opens_above_the_window_moves_nothing() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        shown.load([thought("a"), thought("b"), reply("c", CODE)])
        await host.settle()
        shown.action_home()
        shown.scroll_rows(1)
        await host.settle()
        before = rows_of(shown)
        assert before[0].endswith("▸ thought for 1 s")
        for _ in range(2):
            shown.action_fold()
            await host.settle()
            assert rows_of(shown) == before


async def test_one_row_up_is_one_row_after_what_was_read_became_short() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        shown.load([user("a", "hm"), reply("b", CODE), reply("c", CODE)])
        await host.settle()
        shown.action_home()
        shown.scroll_rows(25)
        await host.settle()
        assert rows_of(shown)[0].strip() == "line 23"
        shown.close_item(reply("b", "```\nall of it\n```"))
        await host.settle()
        assert [row.strip() for row in rows_of(shown)[:4]] == ["all of it", "", "line 0", "line 1"]
        shown.scroll_rows(-1)
        await host.settle()
        assert [row.strip() for row in rows_of(shown)[:4]] == ["", "all of it", "", "line 0"]


async def test_what_is_folded_while_its_inside_is_read_stays_in_sight() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        shown.load([Reasoning(id="a", turn_id="t", summary=CODE, seconds=1), reply("b", CODE)])
        await host.settle()
        shown.action_home()
        shown.action_fold()
        shown.scroll_rows(20)
        await host.settle()
        assert rows_of(shown)[0].endswith("line 19")
        for head in ("▸ thought for 1 s", "▾ thought for 1 s"):
            shown.action_fold()
            await host.settle()
            assert rows_of(shown)[0].endswith(head)
