"""An address that is opened elsewhere."""

import pytest

from tests.widgets.conftest import hosted, rows_of, strips_of
from widgets.address import Address
from widgets.glyphs import ASCII, UNICODE

PAGE = "https://auth.openai.com/codex/device"
LONG = "https://auth.openai.com/oauth/authorize?" + "&".join(f"name{n}=value" for n in range(9))


def links(address: Address) -> set[str | None]:
    """Where the visible letters of an address lead."""
    return {
        style.link if style else None
        for strip in strips_of(address)
        for text, style, _ in strip
        if text.strip()
    }


async def test_one_row_leaves_the_scheme_out_and_links_to_the_whole() -> None:
    address = Address(PAGE, UNICODE)
    async with hosted(address, size=(60, 5)):
        assert rows_of(address) == ["auth.openai.com/codex/device"]
        assert links(address) == {PAGE}


@pytest.mark.parametrize(("glyphs", "mark"), [(UNICODE, "…"), (ASCII, "~")], ids=["marks", "ascii"])
async def test_what_has_no_room_is_cut_and_every_row_links_to_the_whole(
    glyphs: object, mark: str
) -> None:
    address = Address(LONG, ASCII if glyphs is ASCII else UNICODE, rows=2)
    async with hosted(address, size=(40, 5)):
        assert rows_of(address) == [LONG[:40], LONG[40:79] + mark]
        assert links(address) == {LONG}


async def test_an_address_takes_no_more_rows_than_it_needs() -> None:
    address = Address(PAGE, UNICODE, rows=3)
    async with hosted(address, size=(20, 8)) as host:
        assert rows_of(address) == [PAGE[:20], PAGE[20:]]
        await host.resize(60, 8)
        assert rows_of(address) == [PAGE]


async def test_an_address_without_a_limit_is_never_cut() -> None:
    address = Address(LONG, UNICODE, rows=None)
    async with hosted(address, size=(40, 8)) as host:
        assert "".join(rows_of(address)) == LONG
        await host.resize(20, 20)
        assert "".join(rows_of(address)) == LONG


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/\x1b]52;c;eA==\x07", "h/%1B]52;c;eA==%07"),
        ("https://h/[@click=app.quit]x[/]", "h/[@click=app.quit]x[/]"),
        ("https://h/\u202eevil \ud800", "h/%E2%80%AEevil%20%3F"),
    ],
    ids=["escape sequence", "markup", "direction, blank, surrogate"],
)
async def test_no_address_says_anything_to_the_terminal(url: str, shown: str) -> None:
    address = Address(url, UNICODE)
    async with hosted(address, size=(60, 5)):
        assert rows_of(address) == [shown]
        assert links(address) == {f"https://{shown}"}


async def test_a_click_asks_for_the_whole_address() -> None:
    address = Address(LONG, UNICODE, rows=1)
    async with hosted(address, size=(40, 5)) as host:
        await host.pilot.click(Address)
        await host.settle()
        assert host.posted(Address.Clicked) == [Address.Clicked(LONG)]
