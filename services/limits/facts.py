"""What a word of the server says beside windows: pure. Rules: docs/limits.md."""

from dataclasses import replace
from typing import Final, TypeVar

from services.limits.board import Board
from services.models.limits import LimitVerdict, ResetCredits, UsageReading
from services.models.windows import MAIN

T = TypeVar("T")

MOST: Final = 64
"""Verdicts that are kept, however many limits a server names."""


def with_facts(board: Board, said: UsageReading) -> Board:
    """The board after a reading; a part of an answer leaves the rest as it is.

    Args:
        board: Of before.
        said: Nothing newer is known.
    """
    if _says_nothing(said):
        return board
    if _is_about_resets(said):
        # Of the windows it says nothing, so their numbers are no newer.
        return replace(board, reset_credits=said.reset_credits)
    new = replace(
        board,
        verdicts=_verdicts(board, said),
        plan=said.plan or board.plan,
        credits=_newest(said.credits, board.credits, said),
        spend_control=_newest(said.spend_control, board.spend_control, said),
        reset_credits=_resets(board, said),
        as_of=said.as_of,
        source=said.source,
        whole_at=said.as_of if said.is_whole else board.whole_at,
    )
    verdict = next((each for each in said.limits if each.limit_id == MAIN), None)
    if said.is_whole or (verdict is not None and verdict.allowed is not None):
        new = replace(
            new,
            allowed=verdict.allowed if verdict else None,
            limit_reached=verdict.limit_reached if verdict else None,
            reached_type=said.reached_type,
        )
    return new


def with_refused(board: Board, limit_id: str, said: UsageReading) -> Board:
    """The board after a call on a limit beside the main one was refused, which has no window."""
    verdicts = tuple(
        replace(each, allowed=False, as_of=said.as_of, source=said.source)
        if each.limit_id == limit_id
        else each
        for each in board.verdicts
    )
    return replace(board, verdicts=verdicts)


def _verdicts(board: Board, said: UsageReading) -> tuple[LimitVerdict, ...]:
    """Those on limits beside the main one, which has its own place; in the server's order."""
    known = {} if said.is_whole else {each.limit_id: each for each in board.verdicts}
    for limit in said.limits:
        if limit.limit_id == MAIN or (limit.allowed is None and limit.limit_reached is None):
            continue
        before = known.get(limit.limit_id)
        known[limit.limit_id] = LimitVerdict(
            limit_id=limit.limit_id,
            limit_name=limit.limit_name or (before.limit_name if before else None),
            allowed=limit.allowed,
            limit_reached=limit.limit_reached,
            as_of=said.as_of,
            source=said.source,
        )
    return tuple(known.values())[:MOST]


def _resets(board: Board, said: UsageReading) -> ResetCredits | None:
    """The resets; a poll only counts them, so the single ones stay while their number does."""
    known, new = board.reset_credits, said.reset_credits
    if new is None or new.credits or known is None or new.available != known.available:
        return _newest(new, known, said)
    return replace(new, credits=known.credits)


def _says_nothing(said: UsageReading) -> bool:
    """Whether it only says that a reset was redeemed, and of no number that it is newer."""
    return said.redeemed_at is not None and said.reset_credits is None and _has_no_number(said)


def _is_about_resets(said: UsageReading) -> bool:
    return said.reset_credits is not None and _has_no_number(said)


def _has_no_number(said: UsageReading) -> bool:
    rest = (said.limits, said.plan, said.credits, said.spend_control, said.refusal)
    return not said.is_whole and not any(rest)


def _newest(said: T | None, known: T | None, reading: UsageReading) -> T | None:
    return said if said is not None or reading.is_whole else known
