"""What is known of the windows after a reset was redeemed, or may have been."""

import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from services.bus import EventBus
from services.clock import SystemClock
from services.errors import UnreachableError
from services.limits.client import UsageClient
from services.limits.service import LimitsService
from services.models.limit_history import LedgerKind
from services.store.database import Database
from services.store.limits import LimitStore
from simulator.script import Drop, Status, Work
from simulator.server import Simulator
from tests.contract.account.conftest import Home
from tests.contract.account.conftest import home as home  # noqa: PLC0414 a fixture

CONSUME = "wham/rate-limit-reset-credits/consume"
ME = "account/user"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(story="limits-exhausted") as simulator:
        yield simulator


@asynccontextmanager
async def program(home: Home, sim: Simulator, store: LimitStore) -> AsyncGenerator[LimitsService]:
    """A program that has read the limits just now."""
    numbers = itertools.count()
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(home.open())
        limits = LimitsService(
            account=ME,
            storage=store,
            source=UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer),
            bus=EventBus(),
            clock=SystemClock(),
            new_id=lambda: f"id-{next(numbers)}",
            is_polling=False,
        )
        await stack.enter_async_context(limits)
        await limits.refresh()
        yield limits


@pytest.fixture
async def store() -> AsyncIterator[LimitStore]:
    database = await Database.in_memory(SystemClock())
    yield LimitStore(database, SystemClock())
    await database.close()


@pytest.fixture
async def limits(home: Home, sim: Simulator, store: LimitStore) -> AsyncIterator[LimitsService]:
    home.plant()
    async with program(home, sim, store) as opened:
        yield opened


async def test_the_numbers_after_a_reset_are_read_though_they_were_just_before(
    limits: LimitsService, sim: Simulator
) -> None:
    assert any(window.is_over for window in limits.state.windows)
    assert await limits.before_send("chat") is not None
    assert (await limits.redeem(None)).code == "reset"
    assert len(sim.limits.polls) == 2
    assert [window.used_percent for window in limits.state.windows] == [0.0, 0.0]
    assert not any(window.is_redeemed for window in limits.state.windows)
    assert limits.state.reset_credits is not None
    assert limits.state.reset_credits.available == 0
    assert await limits.before_send("chat") is None


async def test_numbers_that_could_not_be_read_after_a_reset_are_no_fact(
    limits: LimitsService, sim: Simulator
) -> None:
    before = limits.state
    sim.fail("wham/usage:status=500:times=1")
    assert (await limits.redeem(None)).code == "reset"
    state = limits.state
    assert state.failure is not None
    assert (state.as_of, state.source) == (before.as_of, before.source)
    assert [window.as_of for window in state.windows] == [each.as_of for each in before.windows]
    assert all(window.is_redeemed for window in state.windows)
    assert all(window.is_due(state.windows[0].as_of) for window in state.windows)
    assert await limits.before_send("chat") is None


@pytest.mark.parametrize("answer", [Drop(), Status(500, {}, {"detail": "oops"})])
async def test_after_a_lost_answer_it_is_looked_at_once_and_the_wish_is_told_to_be_open(
    limits: LimitsService, sim: Simulator, answer: Drop | Status
) -> None:
    sim.script(CONSUME, [Work(), answer])
    with pytest.raises(UnreachableError):
        await limits.redeem(None)
    assert len(sim.limits.polls) == 2
    assert [window.used_percent for window in limits.state.windows] == [0.0, 0.0]
    assert limits.state.is_redeem_open
    wish = await limits.open_redeem()
    assert wish is not None
    assert (await limits.redeem(wish.credit_id)).code == "already_redeemed"
    assert not limits.state.is_redeem_open
    assert [entry.kind for entry in await limits.ledger()] == [LedgerKind.REDEEMED]


async def test_a_wish_is_open_in_every_program(
    limits: LimitsService, home: Home, sim: Simulator, store: LimitStore
) -> None:
    sim.script(CONSUME, [Work(), Drop()])
    with pytest.raises(UnreachableError):
        await limits.redeem(None)
    async with program(home, sim, store) as other:
        assert other.state.is_redeem_open
        assert await other.open_redeem() == await limits.open_redeem()


async def test_a_reset_that_was_not_redeemed_costs_no_poll_and_leaves_no_wish(
    limits: LimitsService, sim: Simulator
) -> None:
    sim.script(CONSUME, [Status(200, {}, {"code": "nothing_to_reset"})])
    assert (await limits.redeem(None)).code == "nothing_to_reset"
    assert len(sim.limits.polls) == 1
    assert not limits.state.is_redeem_open
