"""A QR code, read back from the cells that it is drawn in."""

import pytest

from app import themes
from tests.widgets.conftest import Host, hosted, rows_of
from widgets.qr_code import LEAST_QUIET, QUIET, Modules, QrCode, modules_of

PAGE = "https://auth.openai.com/codex/device"
INK = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


def read(code: QrCode, *, is_dark: bool) -> Modules:
    """Rows of modules as they are drawn, border included; True for a dark one."""
    rows: list[tuple[bool, ...]] = []
    for line in rows_of(code):
        cells = [INK[cell] for cell in line.ljust(code.side)]
        rows += [tuple(upper != is_dark for upper, _ in cells)]
        rows += [tuple(lower != is_dark for _, lower in cells)]
    return tuple(rows[: code.side])


def within(modules: Modules, border: int) -> Modules:
    end = len(modules) - border
    return tuple(row[border:end] for row in modules[border:end])


async def show(host: Host, code: QrCode, columns: int, rows: int) -> None:
    code.modules = modules_of(PAGE)
    code.room = (columns, rows)
    await host.settle()


@pytest.mark.parametrize(
    ("theme", "is_dark"),
    [(themes.DARK, True), (themes.LIGHT, False), (themes.ANSI_DARK, True)],
    ids=["dark", "light", "ansi"],
)
async def test_what_is_drawn_is_the_code_on_a_light_border(theme: str, is_dark: bool) -> None:
    code = QrCode()
    async with hosted(code, size=(80, 40), theme=theme) as host:
        await show(host, code, 80, 40)
        drawn = read(code, is_dark=is_dark)
        assert within(drawn, QUIET) == modules_of(PAGE)
        assert set(drawn[:QUIET]) == {(False,) * code.side}
        assert {row[:QUIET] + row[-QUIET:] for row in drawn} == {(False,) * 2 * QUIET}


@pytest.mark.parametrize(
    ("columns", "rows", "side"),
    [
        pytest.param(37, 19, 37, id="room for the whole border"),
        pytest.param(36, 19, 35, id="a column too few"),
        pytest.param(37, 18, 35, id="a row too few"),
        pytest.param(31, 16, 31, id="room for the least border"),
        pytest.param(30, 40, 0, id="too narrow"),
        pytest.param(80, 15, 0, id="too low"),
    ],
)
async def test_the_border_gives_way_before_the_code_does(
    columns: int, rows: int, side: int
) -> None:
    code = QrCode()
    async with hosted(code, size=(80, 40)) as host:
        await show(host, code, columns, rows)
        assert (code.side, code.size.width) == (side, side)
        assert code.size.height == (side + 1) // 2
        assert code.border in {0, *range(LEAST_QUIET, QUIET + 1)}


async def test_nothing_is_drawn_before_the_code_is_known() -> None:
    code = QrCode()
    async with hosted(code, size=(80, 40)) as host:
        code.room = (80, 40)
        await host.settle()
        assert code.size.area == 0
