"""A board as text, and back."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.errors import BadPayloadError
from services.limits.board import Board, BoardWindow, Suspicion, from_json, to_json
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import (
    Credits,
    LimitSource,
    LimitVerdict,
    ResetCredit,
    ResetCredits,
    SpendControl,
)

WINDOW = BoardWindow(
    id="codex/18000",
    limit_id="codex",
    window_seconds=18_000,
    used_percent=42.5,
    resets_at=1_700_009_000.0,
    as_of=1_700_000_000.0,
    source=LimitSource.HEADERS,
    refused_at=1_700_000_000.0,
    refused_until=1_700_009_000.0,
    period=3,
    counted=43.0,
)
BOARD = Board(
    windows=(WINDOW,),
    plan="prolite",
    credits=Credits(has_credits=True, unlimited=False, balance="9.99"),
    spend_control=SpendControl(reached=False, limit="50", used_percent=12.5),
    verdicts=(
        LimitVerdict(
            limit_id="codex_blocked",
            limit_name="Blocked",
            allowed=False,
            as_of=1_700_000_000.0,
            source=LimitSource.POLL,
        ),
    ),
    reset_credits=ResetCredits(
        available=1, credits=(ResetCredit(id="c1", status="available", title="Ünïcode"),)
    ),
    allowed=False,
    as_of=1_700_000_000.0,
    source=LimitSource.POLL,
    whole_at=1_700_000_000.0,
    next_period=2,
    suspected=(
        Suspicion(
            entry=LedgerEntry(
                at=1.0, kind=LedgerKind.MOVED, window_id="codex/18000", before=1.0, after=2.0
            ),
            resets_at=2.0,
        ),
        Suspicion(
            entry=LedgerEntry(at=1.0, kind=LedgerKind.PLAN, before="pro", after="prolite"),
        ),
    ),
)


@pytest.mark.parametrize("board", [Board(), BOARD])
def test_a_board_is_read_back_as_it_was_written(board: Board) -> None:
    assert from_json(to_json(board)) == board


def test_what_a_newer_program_added_is_left_out() -> None:
    members = json.loads(to_json(BOARD))
    members["tomorrow"] = {"more": 1}
    members["windows"][0]["tomorrow"] = 1
    members["suspected"][0]["entry"]["tomorrow"] = 1
    assert from_json(json.dumps(members)) == BOARD


def test_what_an_older_program_did_not_know_has_its_default() -> None:
    members = json.loads(to_json(BOARD))
    del members["windows"][0]["counted"], members["whole_at"]
    expected = replace(BOARD, windows=(replace(WINDOW, counted=0.0),), whole_at=None)
    assert from_json(json.dumps(members)) == expected


def put(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(members: Any) -> None:
        for name in path[:-1]:
            members = members[name]
        members[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put("v", value=2),
        put("windows", value=None),
        put("windows", value=[3]),
        put("windows", 0, "used_percent", value="42"),
        put("windows", 0, "used_percent", value=True),
        put("windows", 0, "used_percent", value=float("nan")),
        put("windows", 0, "period", value=1.5),
        put("windows", 0, "source", value="rumour"),
        put("windows", 0, "resets_at", value=10**400),
        put("suspected", 0, "entry", value=[]),
        put("suspected", 0, "entry", "kind", value="exploded"),
        put("credits", value=[]),
        put("plan", value=7),
    ],
)
def test_what_is_no_board_is_not_taken_for_one(change: Callable[[dict[str, Any]], None]) -> None:
    members = json.loads(to_json(BOARD))
    change(members)
    with pytest.raises(BadPayloadError):
        from_json(json.dumps(members))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "3", '"x"', "{}", "[" * 100_000])
def test_any_other_text_is_no_board(text: str) -> None:
    with pytest.raises(BadPayloadError):
        from_json(text)


@pytest.mark.parametrize(
    ("window", "label"),
    [
        (WINDOW, "5h"),
        (
            replace(WINDOW, limit_id="codex_fast", limit_name="Fast", window_seconds=604_800),
            "Fast week",
        ),
        (replace(WINDOW, limit_id="code_review", window_seconds=604_800), "code_review week"),
        (replace(WINDOW, window_seconds=None), "codex primary"),
    ],
)
def test_a_window_is_named_by_its_length_and_another_limit_by_its_name(
    window: BoardWindow, label: str
) -> None:
    assert window.label == label


def test_a_refusal_counts_until_it_ends() -> None:
    assert WINDOW.is_refused(1_700_008_999.0)
    assert not WINDOW.is_refused(1_700_009_000.0)
    assert not replace(WINDOW, refused_at=None).is_refused(0.0)
    assert replace(WINDOW, refused_until=None).is_refused(9e9)
