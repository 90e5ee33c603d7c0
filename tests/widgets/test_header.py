"""The first row: who is signed in, in as many words as there is room for."""

import pytest
from textual.content import Content

from tests.widgets.conftest import hosted, rows_of
from widgets.header import Header

WORDS = ("ada@example.test · Plus", "a…@e….test · Plus", "Plus")


def header(gauge: str = "", warning: str = "") -> Header:
    row = Header()
    row.set_reactive(Header.views, (("2", "chat"),))
    row.set_reactive(Header.active, "chat")
    row.set_reactive(Header.account, WORDS)
    row.set_reactive(Header.gauge, Content(gauge))
    row.set_reactive(Header.warning, warning)
    return row


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (60, WORDS[0]),
        (33, WORDS[0]),
        (32, WORDS[1]),
        (26, WORDS[2]),
        (14, WORDS[2]),
        (12, ""),
    ],
)
async def test_the_account_gets_shorter_before_it_goes(width: int, words: str) -> None:
    row = header()
    async with hosted(row, size=(width, 3)):
        assert rows_of(row)[0].removeprefix(" 2Chat").strip() == words


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (60, f"5h 62% left   {WORDS[0]}"),
        (41, f"5h 62% left   {WORDS[1]}"),
        (30, f"5h 62% left   {WORDS[2]}"),
        (22, "5h 62% left"),
    ],
)
async def test_the_gauge_stays_when_the_account_has_no_room(width: int, shown: str) -> None:
    row = header(gauge="5h 62% left")
    async with hosted(row, size=(width, 3)):
        assert rows_of(row)[0].removeprefix(" 2Chat").strip() == shown


async def test_another_server_outranks_the_account() -> None:
    row = header(warning="demo")
    async with hosted(row, size=(60, 3)):
        assert rows_of(row)[0].endswith("  demo")
        assert "Plus" not in rows_of(row)[0]
