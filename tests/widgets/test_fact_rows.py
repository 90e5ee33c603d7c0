"""Facts with their names before them."""

import pytest

from tests.widgets.conftest import hosted, rows_of
from widgets.fact_rows import FactRows

FACTS = (("Account", "ada@example.test"), ("Kept in", "a file: /home/ada/.codex/auth.json"))


@pytest.mark.parametrize(
    ("width", "rows"),
    [
        (60, ["Account  ada@example.test", "Kept in  a file: /home/ada/.codex/auth.json"]),
        (30, ["Account  ada@example.test", "Kept in  a file:",
              "         /home/ada/.codex/auth",
              "         .json"]),
        (17, ["Account", "  ada@example.tes", "  t", "Kept in", "  a file:",
              "  /home/ada/.code", "  x/auth.json"]),
    ],
)  # fmt: skip
async def test_a_value_without_room_goes_on_below(width: int, rows: list[str]) -> None:
    facts = FactRows()
    async with hosted(facts, size=(width, 12)) as host:
        facts.rows = FACTS
        await host.settle()
        assert rows_of(facts) == rows


async def test_brackets_are_no_markup() -> None:
    facts = FactRows()
    async with hosted(facts, size=(40, 5)) as host:
        facts.rows = (("Kept in", "[/x] [@click=app.quit]"),)
        await host.settle()
        assert rows_of(facts) == ["Kept in  [/x] [@click=app.quit]"]
