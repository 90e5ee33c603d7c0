"""A code to be typed elsewhere, and the same place as a QR code."""

import pytest
from textual.color import Color
from textual.widget import Widget

from app import themes
from tests.widgets.conftest import hosted, rows_of, strips_of
from widgets.code_tiles import CodeTiles
from widgets.glyphs import ASCII, UNICODE, Glyphs

CODE = "ABCD-12345"
SPACED = " A   B   C   D  -  1   2   3   4   5"
BRACKETS = "[A] [B] [C] [D] - [1] [2] [3] [4] [5]"


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT])
async def test_each_character_has_a_raised_tile_and_the_separator_has_none(theme: str) -> None:
    tiles = CodeTiles(CODE, UNICODE)
    async with hosted(tiles, size=(60, 10), theme=theme):
        assert rows_of(tiles) == ["", SPACED, ""]
        surface = Color.parse(themes.ALL_THEMES[theme].surface or "").hex.lower()
        row = "".join("#" if colour == surface else "." for colour in backgrounds(tiles, 1))
        assert row[:37] == "###.###.###.###...###.###.###.###.###"
        assert backgrounds(tiles, 0) == backgrounds(tiles, 1) == backgrounds(tiles, 2)


def backgrounds(widget: Widget, row: int) -> list[str]:
    """Colour behind each cell of a row, as `#rrggbb`."""
    found: list[str] = []
    for text, style, _ in strips_of(widget)[row]:
        colour = style.bgcolor.get_truecolor().hex if style and style.bgcolor else ""
        found += [colour] * len(text)
    return found


@pytest.mark.parametrize(
    ("glyphs", "theme"), [(ASCII, themes.DARK), (UNICODE, themes.ANSI_DARK)], ids=["ascii", "ansi"]
)
async def test_where_no_tile_can_be_seen_brackets_stand_for_it(glyphs: Glyphs, theme: str) -> None:
    tiles = CodeTiles(CODE, glyphs)
    async with hosted(tiles, size=(60, 10), theme=theme):
        assert rows_of(tiles) == [BRACKETS]


@pytest.mark.parametrize(
    ("code", "width", "rows"),
    [
        pytest.param(CODE, 36, [CODE], id="one column too few"),
        pytest.param(CODE, 37, ["", SPACED, ""], id="just enough"),
        pytest.param("X" * 64, 40, ["X" * 40, "X" * 24], id="longer than the screen"),
    ],
)
async def test_without_room_for_tiles_the_code_is_a_row(
    code: str, width: int, rows: list[str]
) -> None:
    tiles = CodeTiles(code, UNICODE)
    async with hosted(tiles, size=(width, 10)):
        assert rows_of(tiles) == rows


async def test_in_a_low_terminal_the_code_is_a_row() -> None:
    tiles = CodeTiles(CODE, UNICODE)
    async with hosted(tiles, size=(60, 10)) as host:
        tiles.is_low = True
        await host.settle()
        assert rows_of(tiles) == [CODE]


async def test_a_code_of_brackets_is_no_markup() -> None:
    tiles = CodeTiles("[/x]", UNICODE)
    async with hosted(tiles, size=(60, 10)):
        assert rows_of(tiles)[1] == " [   /   x   ]"
