"""How often the server is asked by programs that share an account, whatever befalls them."""

import itertools
import time
from contextlib import AsyncExitStack

import pytest

from services.events import AccountChanged
from services.limits.polling import FIRST_PAUSE, JITTER, LOOKED_AT, UNWATCHED
from services.models.failure import FailureKind
from tests.contract.account.conftest import until
from tests.contract.limits_ground import ACCOUNT, Ground
from tests.contract.limits_ground import ground as ground  # noqa: PLC0414 a fixture

WEEK = "codex/604800"


def gaps(polls: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(polls)]


async def test_programs_that_nobody_looks_at_ask_together_as_seldom_as_one(ground: Ground) -> None:
    async with AsyncExitStack() as opening:
        for _ in range(4):
            program = await opening.enter_async_context(ground.program(is_shown=False))
            program.limits.watch(is_looking=False)
            await ground.run(70)
        await ground.run(LOOKED_AT)
        ground.sim.limits.set(story="limits-week")
        begun = len(ground.polls)
        await ground.run(3600)
        asked = ground.polls[begun:]
    assert min(gaps(asked)) >= UNWATCHED
    assert max(gaps(asked)) <= UNWATCHED * (1 + JITTER) + 1
    assert 3600 / (UNWATCHED * (1 + JITTER)) - 1 <= len(asked) <= 3600 / UNWATCHED + 1


async def test_one_that_is_looked_at_among_them_asks_each_minute(ground: Ground) -> None:
    async with AsyncExitStack() as opening:
        programs = [
            await opening.enter_async_context(ground.program(is_shown=False)) for _ in range(3)
        ]
        for each in programs[1:]:
            each.limits.watch(is_looking=False)
        await ground.run(1800)
        asked = ground.polls
    assert min(gaps(asked)) >= LOOKED_AT
    assert max(gaps(asked)) <= LOOKED_AT * (1 + JITTER) + 1


async def test_whoever_looks_after_the_machine_has_slept_sees_new_numbers_at_once(
    ground: Ground,
) -> None:
    async with ground.program() as program:
        program.limits.watch(is_looking=False)
        await ground.run(100)
        before = len(ground.polls)
        ground.clock.slept += 4 * 3600
        ground.use(60.0)
        program.limits.watch(is_looking=True)
        await ground.run(1)
        assert len(ground.polls) == before + 1
        assert program.limits.state.windows[0].used_percent == 60.0


async def test_whoever_looks_away_and_back_brings_no_second_poll_within_the_minute(
    ground: Ground,
) -> None:
    async with ground.program() as program:
        for _ in range(60):
            program.limits.watch(is_looking=False)
            await ground.run(3)
            program.limits.watch(is_looking=True)
            await ground.run(7)
    assert min(gaps(ground.polls)) >= LOOKED_AT
    assert len(ground.polls) >= 600 / (LOOKED_AT * (1 + JITTER) + 10)


@pytest.mark.parametrize("back", [20.0, 60.0, 600.0, 86_400.0])
async def test_a_clock_that_is_set_back_costs_one_poll_at_most(ground: Ground, back: float) -> None:
    async with ground.program() as _, ground.program() as _:
        await ground.run(300)
        ground.clock.wrong = -back
        await ground.run(1200)
    found = gaps(ground.polls)
    assert sum(gap < LOOKED_AT for gap in found) <= 1
    assert max(found) <= 2 * LOOKED_AT * (1 + JITTER) + 1


async def test_a_clock_that_was_ahead_for_a_while_holds_no_poll_up(ground: Ground) -> None:
    async with ground.program() as _:
        await ground.run(300)
        ground.clock.wrong = 3600.0
        await ground.run(300)
        ground.clock.wrong = 0.0
        await ground.run(600)
    found = gaps(ground.polls)
    assert sum(gap < LOOKED_AT for gap in found) <= 2
    assert max(found) <= 2 * LOOKED_AT * (1 + JITTER) + 1


async def test_a_server_that_fails_is_asked_once_each_time_and_ever_more_seldom(
    ground: Ground,
) -> None:
    ground.sim.fail("wham/usage:status=503")
    async with ground.program() as _, ground.program() as _:
        await ground.run(3600)
    found = gaps(ground.polls)
    assert len(ground.sim.sent("/wham/usage")) == len(ground.polls)
    assert found == sorted(found)
    assert FIRST_PAUSE <= found[0] < found[-1]
    assert len(found) <= 5


async def test_a_flaky_server_is_asked_no_more_often_than_a_sound_one(ground: Ground) -> None:
    ground.sim.limits.set(story="limits-flaky")
    async with ground.program() as _, ground.program() as _:
        # Its answer that is late would hold the clock up; it is the twelfth.
        await ground.run(720)
        assert len(ground.polls) < 12
    assert len(ground.sim.sent("/wham/usage")) == len(ground.polls) >= 6
    assert min(gaps(ground.polls)) >= LOOKED_AT


async def test_a_poll_that_nobody_ended_is_made_up_for_after_a_minute(ground: Ground) -> None:
    async with ground.program(is_polling=False) as killed:
        # It claims, and dies before it is answered.
        assert await killed.store.claim_poll(ACCOUNT, interval=LOOKED_AT)
    begun = ground.clock.now()
    async with ground.program() as program:
        assert ground.polls == []
        await ground.run(2 * LOOKED_AT * (1 + JITTER))
        assert ground.polls[0] - begun >= LOOKED_AT
        assert [each.id for each in program.limits.state.windows] == [WEEK]


async def test_whoever_leaves_while_the_server_is_asked_does_not_wait_for_it(
    ground: Ground,
) -> None:
    gate = ground.sim.gate()
    ground.sim.script("wham/usage", [gate])
    async with ground.program(is_idle=False):
        await until(lambda: ground.polls)
        left = time.monotonic()
    assert time.monotonic() - left < 5
    gate.open()
    async with ground.program() as program:
        await ground.run(LOOKED_AT - 1)
        assert len(ground.polls) == 1
        await ground.run(LOOKED_AT * (1 + JITTER))
        assert min(gaps(ground.polls)) >= LOOKED_AT
        assert program.limits.state.failure is None
        assert [each.id for each in program.limits.state.windows] == [WEEK]


@pytest.mark.parametrize("flaw", ["status=401", "status=403", "error=cloudflare"])
async def test_a_server_that_refuses_the_login_is_asked_ever_more_seldom(
    ground: Ground, flaw: str
) -> None:
    ground.sim.fail(f"wham/usage:{flaw}")
    async with ground.program() as program:
        await ground.run(3600)
        failure = program.limits.state.failure
    assert failure is not None
    assert failure.kind is FailureKind.CREDENTIALS
    # After a 401 the login is read again, then renewed, each once.
    times = 3 if flaw == "status=401" else 1
    assert len(ground.sim.sent("/wham/usage")) <= 5 * times
    assert len(ground.sim.refreshes) <= 5


async def test_where_nobody_is_signed_in_nothing_is_sent_and_a_login_is_seen_within_minutes(
    ground: Ground,
) -> None:
    ground.home.file.rename(ground.home.path / "away")
    async with ground.program() as program:
        await ground.run(1200)
        assert ground.sim.sent("/wham/usage") == []
        assert program.limits.state.failure is not None
    (ground.home.path / "away").rename(ground.home.file)
    async with ground.program() as program:
        await ground.run(2 * LOOKED_AT * (1 + JITTER))
        assert program.limits.state.failure is None


async def test_a_new_login_waits_for_no_pause_of_the_one_before(ground: Ground) -> None:
    ground.sim.fail("wham/usage:status=401:times=9")
    async with ground.program() as program:
        await ground.run(600)
        # Three polls have failed, and the next one is eight minutes after the last of them.
        assert len(ground.sim.sent("/wham/usage")) == 9
        ground.home.plant()
        program.bus.publish(AccountChanged(account=await program.desk.auth.reload()))
        await ground.run(LOOKED_AT * (1 + JITTER) + 1)
        assert program.limits.state.failure is None


async def test_where_no_server_is_reached_it_is_tried_each_five_minutes(ground: Ground) -> None:
    nowhere = {"FOREDECK_CHATGPT_BASE_URL": "http://127.0.0.1:1/backend-api"}
    async with ground.program(environ=nowhere) as program:
        await ground.run(3 * 3600)
        assert program.limits.state.failure is not None
        assert program.limits.state.failure.code == "refused_port"
        assert (await program.store.last_poll(ACCOUNT)).failures > 25
    async with ground.program() as program:
        await ground.run(UNWATCHED + 2 * LOOKED_AT)
        assert program.limits.state.failure is None
