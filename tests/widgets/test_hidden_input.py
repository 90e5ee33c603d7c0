"""A field whose text is not shown."""

import pytest

from tests.widgets.conftest import hosted, rows_of
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.hidden_input import HiddenInput


@pytest.mark.parametrize(("glyphs", "mark"), [(UNICODE, "•"), (ASCII, "*")], ids=["marks", "ascii"])
async def test_a_mark_stands_for_each_letter(glyphs: Glyphs, mark: str) -> None:
    field = HiddenInput(glyphs)
    async with hosted(field, size=(20, 3)) as host:
        await host.press(*"sk-1")
        assert rows_of(field) == [mark * 4]
        assert field.value == "sk-1"


async def test_what_is_no_secret_is_shown() -> None:
    field = HiddenInput(UNICODE)
    async with hosted(field, size=(20, 3)) as host:
        field.password = False
        await host.press(*"a[b]")
        assert rows_of(field) == ["a[b]"]
