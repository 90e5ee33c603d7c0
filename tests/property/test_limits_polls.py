"""However clocks are set and polls end: one poll a minute, and never none for long."""

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.limits.ports import LONGEST_PAUSE
from services.models.failure import Failure, FailureKind
from services.store.database import Database
from services.store.limits import LimitStore

ME = "account"
START = 1_700_000_000.0
MINUTE = 60.0
FAILURE = Failure(kind=FailureKind.REFUSED, message="no", next_step="", status=503)
SET = st.sampled_from([-86_400.0, -3600.0, -400.0, -61.0, -60.0, -30.0, -1.0, 1.0, 50.0, 3600.0])
"""Seconds by which somebody sets the clock."""
STEPS = st.one_of(st.tuples(st.just("pass"), st.floats(1.0, 90.0)), st.tuples(st.just("set"), SET))


class Hands:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


async def live(steps: list[tuple[str, float]], *, fails: random.Random | None) -> None:
    clock = Hands()
    database = await Database.in_memory(clock)
    store = LimitStore(database, clock)
    passed, tries, sets = 0.0, 0, 0
    last: float | None = None
    try:
        for what, seconds in steps:
            clock.at += seconds
            if what == "set":
                sets += 1
                continue
            passed += seconds
            if not await store.claim_poll(ME, interval=MINUTE):
                continue
            if last is not None and passed - last < MINUTE:
                tries += 1
            last = passed
            if fails is not None and fails.random() < 0.5:
                until = clock.at + fails.choice([120.0, LONGEST_PAUSE])
                await store.poll_ended(ME, FAILURE, not_before=until)
            else:
                await store.poll_ended(ME)
        assert tries <= sets, "each time that the clock is set costs one poll too many at most"
        # From now on nobody sets it any more.
        longest = 3 * MINUTE + (LONGEST_PAUSE if fails is not None else 0.0)
        end = clock.at + longest
        while not await store.claim_poll(ME, interval=MINUTE):
            clock.at += 20.0
            assert clock.at <= end, "held up for long"
        assert not await store.claim_poll(ME, interval=MINUTE)
    finally:
        await database.close()


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=60), st.one_of(st.none(), st.randoms(use_true_random=False)))
def test_a_clock_that_is_set_costs_one_poll_at_most_and_holds_none_up(
    steps: list[tuple[str, float]], fails: random.Random | None
) -> None:
    asyncio.run(live(steps, fails=fails))
