"""What becomes of an account's limits when its program ends, or its login."""

from dataclasses import replace

import pytest

from services.events import AccountChanged, LimitsRead, TurnEnded, TurnStarted
from services.limits.polling import JITTER, LOOKED_AT
from services.models.account import Account, AccountMode
from services.models.chat import TurnStatus
from services.models.limits import (
    LimitReading,
    LimitSource,
    RateWindow,
    Standing,
    UsageReading,
)
from simulator.auth.account import Account as Owner
from tests.contract.account.conftest import until
from tests.contract.limits_ground import ACCOUNT, Ground, Program
from tests.contract.limits_ground import ground as ground  # noqa: PLC0414 a fixture

OTHERS = {
    "workspace": Owner(account_id="22222222-2222-4333-8444-555555555555"),
    "user": Owner(user_id="user-sim0000000000000000bob"),
}


def word(ground: Ground, used: float) -> LimitsRead:
    """Headers of an answer."""
    window = RateWindow(limit_id="codex", role="primary", used_percent=used, window_seconds=604_800)
    limits = (LimitReading(limit_id="codex", windows=(window,)),)
    now = ground.clock.now()
    return LimitsRead(reading=UsageReading(source=LimitSource.HEADERS, as_of=now, limits=limits))


async def used(program: Program) -> list[float]:
    """What the store knows of the account that the programs were opened for."""
    board = (await program.store.board(ACCOUNT)).board
    return [window.used_percent for window in board.windows]


async def test_what_was_told_just_before_the_program_ends_is_stored(ground: Ground) -> None:
    async with ground.program(is_polling=False) as program:
        await program.limits.refresh()
        await ground.run(5)
        program.bus.publish(TurnStarted(chat_id="c", turn_id="t", model="m", transport="sse"))
        await program.limits._heard_all()
        await ground.run(30)
        program.bus.publish(word(ground, 57.0))
        program.bus.publish(TurnEnded(chat_id="c", turn_id="t", status=TurnStatus.COMPLETED))
    async with ground.program(is_polling=False) as program:
        assert program.limits.state.windows[0].used_percent == 57.0
        (turn,) = await program.store.turn_costs(ACCOUNT, "c", count=5)
        assert dict(turn.percents) == {"codex/604800": 7.0}


@pytest.mark.parametrize("who", OTHERS)
async def test_another_login_neither_polls_nor_writes_for_the_account_of_the_program(
    ground: Ground, who: str
) -> None:
    async with ground.program() as program:
        await ground.run(10)
        assert await used(program) == [50.0]
        before = len(ground.polls)
        ground.home.write(ground.sim.issue(OTHERS[who]))
        ground.use(99.0)
        program.bus.publish(AccountChanged(account=await program.desk.auth.reload()))
        program.bus.publish(word(ground, 98.0))
        await ground.run(600)
        assert len(ground.polls) == before
        assert await used(program) == [50.0]
        assert program.limits.state.standing is Standing.UNKNOWN
        assert program.limits.state.windows == ()
        # The login of before is back.
        ground.home.plant()
        program.bus.publish(AccountChanged(account=await program.desk.auth.reload()))
        await until(lambda: program.limits.state.standing is Standing.KNOWN)
        await ground.run(2 * LOOKED_AT * (1 + JITTER))
        assert len(ground.polls) > before


async def test_a_key_that_takes_the_place_of_the_login_has_no_windows(ground: Ground) -> None:
    async with ground.program() as program:
        await ground.run(10)
        program.bus.publish(AccountChanged(account=Account(mode=AccountMode.API_KEY)))
        await until(lambda: program.limits.state.standing is Standing.API_KEY)
        await ground.run(300)
        assert len(ground.polls) == 1
        assert program.limits.state.windows == ()


async def test_whoever_signs_out_and_in_again_sees_the_numbers_of_before_at_once(
    ground: Ground,
) -> None:
    async with ground.program() as program:
        await ground.run(10)
        account = await program.desk.auth.reload()
        program.bus.publish(AccountChanged(account=Account()))
        await until(lambda: program.limits.state.standing is Standing.SIGNED_OUT)
        program.bus.publish(AccountChanged(account=account))
        await until(lambda: program.limits.state.standing is Standing.KNOWN)
        assert program.limits.state.windows[0].used_percent == 50.0


async def test_an_identity_that_becomes_known_later_is_nobody_else(ground: Ground) -> None:
    async with ground.program() as program:
        await ground.run(10)
        account = await program.desk.auth.reload()
        unnamed = replace(account, account_id=None, user_id=None)
        program.bus.publish(AccountChanged(account=unnamed))
        await ground.run(2 * LOOKED_AT)
        assert program.limits.state.standing is Standing.KNOWN
        assert len(ground.polls) >= 2
