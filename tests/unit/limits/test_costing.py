"""Which work an increase belongs to."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.limits.costing import ELSEWHERE, GAP, LATE, START, Share, Span, pace, shares
from services.limits.merging import Change
from services.models.limits import LimitSource

T0 = 1_700_000_000.0
CHANGE = Change(
    window_id="codex/18000",
    at=T0 + 60,
    used_percent=43,
    resets_at=None,
    source=LimitSource.POLL,
    since=T0,
    grown=3.0,
)


def turn(name: str, start: float, end: float | None = None) -> Span:
    return Span(
        kind="turn", id=name, started_at=T0 + start, ended_at=None if end is None else T0 + end
    )


def split(*works: Span, change: Change = CHANGE) -> dict[str, float]:
    return {share.id or share.kind: share.percent for share in shares(change, works)}


def test_what_did_not_grow_cost_nothing() -> None:
    assert shares(replace(CHANGE, grown=0.0), [turn("a", 0)]) == ()


def test_what_ran_alone_has_it_all() -> None:
    assert shares(CHANGE, [turn("a", -20)]) == (Share(kind="turn", id="a", percent=3.0),)


def test_use_while_nothing_ran_is_from_elsewhere() -> None:
    assert shares(CHANGE, []) == (Share(kind=ELSEWHERE, percent=3.0),)
    assert split(turn("over", -600, -LATE - 1), turn("later", 61)) == {ELSEWHERE: 3.0}


def test_what_ran_at_once_has_equal_shares_which_say_so() -> None:
    assert shares(CHANGE, [turn("a", -20, 10), turn("b", 5)]) == (
        Share(kind="turn", id="a", percent=1.5, is_shared=True),
        Share(kind="turn", id="b", percent=1.5, is_shared=True),
    )


def test_what_had_just_ended_is_counted_late() -> None:
    assert split(turn("a", -600, -80)) == {"a": 3.0}
    assert split(turn("a", -600, -LATE)) == {ELSEWHERE: 3.0}


def test_what_ran_comes_before_what_had_ended() -> None:
    assert split(turn("a", -600, -10), turn("b", 5)) == {"b": 3.0}


def test_an_answer_that_has_just_begun_tells_of_the_one_before_it() -> None:
    begins = turn("b", 60 - START + 1)
    assert split(turn("a", -30, 0.0), begins) == {"a": 3.0}
    assert split(begins) == {"b": 3.0}


def test_work_that_began_and_ended_in_between_has_it_however_short() -> None:
    assert split(turn("a", 58, 59)) == {"a": 3.0}


def test_after_a_long_time_without_a_look_something_else_has_a_share() -> None:
    night = replace(CHANGE, since=T0 - 30_000)
    assert split(turn("a", -300, 0), change=night) == {"a": 1.5, ELSEWHERE: 1.5}
    assert split(turn("a", -20_000), change=night) == {"a": 3.0}
    assert split(turn("a", 58), change=night) == {ELSEWHERE: 3.0}
    halves = [turn("a", -30_000, -20_000), turn("b", -12_000, -5_000)]
    assert split(*halves, change=night) == {"a": 1.5, "b": 1.5}
    twice = [turn("a", -9_000, -1_000), turn("b", -9_000, -1_000)]
    assert split(*twice, change=night) == {"a": 1.0, "b": 1.0, ELSEWHERE: 1.0}


def test_what_an_answer_says_when_it_begins_was_used_before_its_turn() -> None:
    headers = replace(CHANGE, turn_id="b", is_before_turn=True)
    assert split(turn("b", 58), change=headers) == {ELSEWHERE: 3.0}
    assert split(turn("b", 30), change=headers) == {ELSEWHERE: 3.0}
    assert split(turn("a", -30, 1), turn("b", 58), change=headers) == {"a": 3.0}


@pytest.mark.parametrize("begun", [59.5, 60.5])
def test_what_an_answer_says_in_its_course_is_its_turns_however_short(begun: float) -> None:
    said = replace(CHANGE, turn_id="b")
    assert split(turn("a", -2, -1), turn("b", begun), change=said) == {"b": 3.0}
    assert split(turn("b", begun, begun + 1), change=said) == {"b": 3.0}
    # Nothing was said between the two.
    assert split(turn("a", -1, 1), turn("b", begun), change=said) == {"a": 1.5, "b": 1.5}


def test_more_than_an_answer_told_after_its_turn_was_over_need_not_be_the_turns() -> None:
    over = replace(turn("a", -30, 1), is_told=True)
    assert shares(CHANGE, [over]) == (
        Share(kind="turn", id="a", percent=1.5, is_shared=True),
        Share(kind=ELSEWHERE, percent=1.5, is_shared=True),
    )
    late = replace(turn("a", -30, -20), is_told=True)
    assert split(late) == {"a": 1.5, ELSEWHERE: 1.5}
    # One of them may have used more than was told.
    assert split(over, turn("b", -30, 1)) == {"a": 1.5, "b": 1.5}
    assert split(over, change=replace(CHANGE, turn_id="a")) == {"a": 3.0}


def test_what_others_use_lately_they_use_beside_ours_too() -> None:
    assert shares(CHANGE, [turn("a", -20)], 0.01) == (
        Share(kind="turn", id="a", percent=2.4, is_shared=True),
        Share(kind=ELSEWHERE, percent=0.6, is_shared=True),
    )
    assert shares(CHANGE, [turn("a", -20)], 1.0) == (Share(kind=ELSEWHERE, percent=3.0),)
    assert shares(CHANGE, [turn("a", -20)], 0.004) == (Share(kind="turn", id="a", percent=3.0),)
    assert shares(CHANGE, [], 0.01) == (Share(kind=ELSEWHERE, percent=3.0),)


def test_how_fast_others_are_is_told_by_what_grew_while_nothing_of_ours_ran() -> None:
    # Of the first one it is not known since when.
    grown = [(T0, 40.0), (T0 + 100, 1.0), (T0 + 200, 2.0)]
    assert pace(grown, [], T0 + 300) == 0.01
    assert pace(grown, [turn("a", 200, 350)], T0 + 350) == 0.015
    assert pace(grown, [turn("a", -50, 350)], T0 + 350) == 3.0 / 60.0
    assert pace(grown[:1], [], T0 + 300) == 0.0
    assert pace([], [], T0 + 300) == 0.0


@pytest.mark.parametrize("since", [T0 + 60, T0 + 7_200, None])
def test_after_the_clock_was_set_back_the_moment_itself_counts(since: float | None) -> None:
    assert split(turn("a", 0), change=replace(CHANGE, since=since)) == {"a": 3.0}
    assert split(change=replace(CHANGE, since=since)) == {ELSEWHERE: 3.0}


WORKS = st.lists(
    st.builds(
        Span,
        kind=st.sampled_from(["turn", "task"]),
        id=st.uuids().map(str),
        started_at=st.floats(min_value=T0 - 5_000, max_value=T0 + 500),
        ended_at=st.one_of(st.none(), st.floats(min_value=T0 - 5_000, max_value=T0 + 500)),
    ),
    max_size=7,
)


@settings(max_examples=300, deadline=None)
@given(
    WORKS,
    st.floats(min_value=0.0, max_value=100.0),
    st.one_of(st.none(), st.floats(min_value=T0 - 3 * GAP, max_value=T0 + 3 * GAP)),
    st.floats(min_value=0.0, max_value=1.0),
)
def test_shares_add_up_to_the_whole_and_nobody_has_two(
    works: list[Span], grown: float, since: float | None, others: float
) -> None:
    found = shares(replace(CHANGE, grown=grown, since=since), works, others)
    assert abs(sum(share.percent for share in found) - grown) < 1e-9
    assert all(share.percent >= 0.0 for share in found)
    assert len({(share.kind, share.id) for share in found}) == len(found)
    assert all(share.is_shared is (len(found) > 1) for share in found)
    begun = {work.id for work in works if work.started_at <= CHANGE.at}
    assert {share.id for share in found if share.kind != ELSEWHERE} <= begun
