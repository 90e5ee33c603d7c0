"""Alerts of programs that share an account: once an episode, and not in quiet hours."""

from services.limits.service import FOLLOW
from tests.contract.limits_ground import Ground
from tests.contract.limits_ground import ground as ground  # noqa: PLC0414 a fixture

WEEK = "codex/604800"
QUIET = "22:00-22:10"


async def test_a_later_program_does_not_tell_a_lower_threshold_of_the_same_episode(
    ground: Ground,
) -> None:
    ground.use(96.0)
    async with ground.program() as first:
        assert first.alerts() == [f"{WEEK} 95"]
    ground.use(94.0)
    async with ground.program() as second:
        await ground.run(200)
        assert second.limits.state.windows[0].used_percent == 94.0
        assert second.alerts() == []


async def test_what_is_due_in_quiet_hours_is_told_once_when_they_end(ground: Ground) -> None:
    async with ground.program(quiet=QUIET) as first, ground.program(quiet=QUIET) as second:
        await ground.run(180)
        ground.use(91.0)
        await ground.run(300)
        ground.use(92.0)
        await ground.run(299)
        assert [each.limits.state.windows[0].used_percent for each in (first, second)] == [92.0] * 2
        assert first.alerts() + second.alerts() == []
        await ground.run(1 + FOLLOW)
        assert first.alerts() + second.alerts() == [f"{WEEK} 90"]
        await ground.run(600)
        assert first.alerts() + second.alerts() == [f"{WEEK} 90"]


async def test_what_was_told_before_quiet_hours_is_not_told_again_after_them(
    ground: Ground,
) -> None:
    ground.use(91.0)
    async with ground.program(quiet=QUIET) as program:
        assert program.alerts() == [f"{WEEK} 90"]
        await ground.run(1000)
        assert program.alerts() == [f"{WEEK} 90"]


async def test_what_is_true_no_more_when_quiet_hours_end_is_not_told(ground: Ground) -> None:
    async with ground.program(quiet=QUIET) as program:
        await ground.run(180)
        ground.use(91.0, resets_in=200)
        await ground.run(150)
        assert program.limits.state.windows[0].used_percent == 91.0
        # The window begins anew, as two readings show, in the middle of these hours.
        await ground.run(300)
        assert program.limits.state.windows[0].used_percent < 1.0
        await ground.run(600)
        assert program.alerts() == []
        ground.use(76.0)
        await ground.run(70)
        assert program.alerts() == [f"{WEEK} 75"]


async def test_what_fell_back_below_the_threshold_in_quiet_hours_is_not_told(
    ground: Ground,
) -> None:
    async with ground.program(quiet=QUIET) as program:
        await ground.run(180)
        ground.use(76.0)
        await ground.run(150)
        ground.use(74.0)
        await ground.run(700)
        assert program.alerts() == []


async def test_what_a_program_that_ended_in_quiet_hours_did_not_tell_the_next_one_tells(
    ground: Ground,
) -> None:
    async with ground.program(quiet=QUIET) as program:
        await ground.run(181)
        ground.use(91.0)
        await ground.run(100)
        assert program.alerts() == []
    async with ground.program(quiet=QUIET) as program:
        await ground.run(100)
        assert program.alerts() == []
    await ground.run(600)
    async with ground.program(quiet=QUIET) as program:
        assert program.alerts() == [f"{WEEK} 90"]


async def test_the_server_need_not_answer_for_what_was_put_off_to_be_told(ground: Ground) -> None:
    async with ground.program(quiet=QUIET) as program:
        await ground.run(180)
        ground.use(91.0)
        await ground.run(70)
        ground.sim.fail("wham/usage:status=503")
        await ground.run(530 + FOLLOW)
        assert program.limits.state.failure is not None
        assert program.alerts() == [f"{WEEK} 90"]


async def test_of_a_window_whose_reset_has_passed_nothing_is_told_until_it_is_read(
    ground: Ground,
) -> None:
    ground.use(96.0, resets_in=100)
    # A command reads, and shows no alerts.
    async with ground.program(is_shown=False) as program:
        assert program.limits.state.windows[0].used_percent == 96.0
    await ground.run(3600)
    ground.use(80.0)
    ground.sim.fail("wham/usage:status=503:times=1")
    async with ground.program() as program:
        assert program.limits.state.windows[0].used_percent == 96.0
        assert program.alerts() == []
        await ground.run(300)
        assert program.limits.state.windows[0].used_percent == 80.0
        assert program.alerts() == [f"{WEEK} 75"]
