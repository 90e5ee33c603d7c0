"""`limits history` and `limits ledger`, with limits that are values."""

import csv
import io
import json
from typing import Any

import pytest

from app.cli import limits
from app.cli.limits_lines import ledger_words
from services.models.limit_history import LedgerEntry, LedgerKind, Series, SeriesPoint
from tests.cli.limits_stand import NOW, Stand


async def run(stand: Stand, *argv: str) -> int:
    arguments, output = stand.command("limits", *argv)
    limits.prepare(arguments)
    return await limits.run(stand.parts, arguments, output)


async def document(stand: Stand, *argv: str) -> dict[str, Any]:
    assert await run(stand, *argv, "--json") == 0
    return json.loads(stand.out.getvalue())


@pytest.fixture
def recorded() -> Stand:
    stand = Stand()
    point = SeriesPoint(at=NOW - 50.4, low=1.0, high=2.25, last=2.0)
    stand.limits.series = (
        Series(window_id="codex/18000", label="5h", points=(point,), resets=(NOW - 9.5,)),
        Series(window_id="=cmd()/60", label="=cmd() 1m", points=(point,)),
    )
    return stand


async def test_history_tells_low_high_and_last(recorded: Stand) -> None:
    values = await document(recorded, "history", "--since", "24h")
    assert (values["until"] - values["since"], recorded.limits.asked[0][1]) == (86_400, 288)
    assert values["windows"][0] == {
        "id": "codex/18000",
        "label": "5h",
        "points": [
            {
                "at": int(NOW - 50.4),
                "low_percent": 1.0,
                "high_percent": 2.25,
                "last_percent": 2.0,
            }
        ],
        "resets_at": [int(NOW - 9.5)],
    }


async def test_history_as_csv_holds_no_formula(recorded: Stand) -> None:
    assert await run(recorded, "history", "--csv") == 0
    rows = list(csv.reader(io.StringIO(recorded.out.getvalue())))
    assert rows[0] == ["window_id", "label", "at", "low_percent", "high_percent", "last_percent"]
    assert rows[1] == ["codex/18000", "5h", str(int(NOW - 50.4)), "1.0", "2.25", "2.0"]
    assert rows[2][:2] == ["'=cmd()/60", "'=cmd() 1m"]


async def test_history_for_a_reader_says_when_there_is_none() -> None:
    stand = Stand()
    assert await run(stand, "history") == 0
    assert stand.err.getvalue() == "note: Nothing was read in this time.\n"


@pytest.mark.parametrize("text", ["7", "0d", "-1d", "1y", "", "1.5h", "٣d"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SystemExit):
        Stand().command("limits", "history", f"--since={text}")


DUE, LATER = NOW + 83_600, NOW + 103_100  # Sun 22 Nov 12:40 and 18:05 UTC


@pytest.mark.parametrize(
    ("kind", "before", "after", "words"),
    [
        ("moved", DUE, LATER, "week moved Sun 22 Nov 12:40 UTC → 18:05"),
        (
            "moved",
            DUE,
            LATER + 86_400,
            "week moved Sun 22 Nov 12:40 UTC → Mon 23 Nov 18:05 UTC",
        ),
        ("moved", None, DUE, "week moved → Sun 22 Nov 12:40 UTC"),
        ("reset", 43.0, 0.0, "week reset at 43% used"),
        ("reset_early", DUE, LATER, "week reset early, due Sun 22 Nov 12:40 UTC"),
        ("resized", 18_000, 2_592_000, "week resized 5h → month"),
        ("appeared", None, None, "week appeared"),
        ("vanished", None, None, "week vanished"),
        ("refused", 78.0, None, "week refused a call at 78% used"),
        ("plan", "plus", "pro", "plan changed plus → pro"),
        ("redeemed", None, None, "week reset redeemed"),
    ],
)
async def test_the_ledger_in_words(kind: str, before: Any, after: Any, words: str) -> None:
    entry = LedgerEntry(
        at=NOW, kind=LedgerKind(kind), label="week", before=before, after=after, id=7
    )
    assert ledger_words(entry) == words
    stand = Stand()
    stand.limits.entries = (entry,)
    await run(stand, "ledger")
    assert stand.out.getvalue() == f"Sat 21 Nov 13:26 UTC\t{words}\n"


async def test_the_ledger_as_json() -> None:
    stand = Stand()
    stand.limits.entries = (
        LedgerEntry(
            at=NOW + 0.5,
            kind=LedgerKind.MOVED,
            window_id="codex/604800",
            label="week",
            before=DUE,
            after=LATER,
            id=7,
        ),
        LedgerEntry(at=NOW, kind=LedgerKind.PLAN, before="plus", after="pro", id=6),
    )
    assert (await document(stand, "ledger"))["entries"] == [
        {
            "id": 7,
            "at": int(NOW),
            "kind": "moved",
            "window_id": "codex/604800",
            "label": "week",
            "before": int(DUE),
            "after": int(LATER),
        },
        {
            "id": 6,
            "at": int(NOW),
            "kind": "plan",
            "window_id": None,
            "label": None,
            "before": "plus",
            "after": "pro",
        },
    ]
