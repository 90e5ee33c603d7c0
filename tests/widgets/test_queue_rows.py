"""Rows of messages that wait."""

import pytest

from services.models.chat import QueuedMessage
from services.models.times import clock_time
from tests.widgets.conftest import hosted, rows_of
from widgets.glyphs import UNICODE
from widgets.queue_rows import QueueRows

NOW = 1_795_698_131.0
"""Thu 26 Nov 2026 13:02:11 UTC."""
SOON = NOW + 0.05
AT = clock_time(SOON)


@pytest.mark.parametrize(
    ("retries", "before", "after"),
    [
        ("", f"waits until {AT}  later", f"waited until {AT}  later"),
        ("t", f"tries again after {AT}  later", f"waited until {AT} to try again  later"),
    ],
)
async def test_a_row_says_what_is_true_once_its_time_passes(
    retries: str, before: str, after: str
) -> None:
    at = NOW
    rows = QueueRows(UNICODE, now=lambda: at)
    async with hosted(rows, size=(100, 10)) as host:
        rows.queue = (
            QueuedMessage(id="a", text="at its turn"),
            QueuedMessage(id="b", text="later", not_before=SOON, holder="x", retries=retries),
        )
        await host.until(lambda: any(before in row for row in rows_of(rows)))
        at = SOON
        await host.until(lambda: any(after in row for row in rows_of(rows)))
