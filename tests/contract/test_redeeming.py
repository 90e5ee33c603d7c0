"""A reset is redeemed once, whatever becomes of the answer."""

import itertools
import time
from collections.abc import AsyncIterator

import pytest

from services.clock import SystemClock
from services.errors import (
    LoginError,
    RateLimitedError,
    RefusedError,
    StorageError,
    UnreachableError,
    UsageError,
)
from services.limits.client import UsageClient
from services.limits.redeeming import Redeeming
from services.models.limit_history import LedgerKind
from services.models.limits import LimitSource, Redeemed, Refusal, UsageReading
from services.store.database import Database
from services.store.limits import LimitStore
from simulator.script import Drop, Status, Work
from simulator.server import Simulator
from tests.contract.account.conftest import Home
from tests.contract.account.conftest import home as home  # noqa: PLC0414 a fixture

CONSUME = "wham/rate-limit-reset-credits/consume"
SENT = "/backend-api/wham/rate-limit-reset-credits/consume"
ME = "account/user"


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(story="limits-exhausted") as simulator:
        yield simulator


@pytest.fixture
async def store() -> AsyncIterator[LimitStore]:
    database = await Database.in_memory(SystemClock())
    yield LimitStore(database, SystemClock())
    await database.close()


def ids(sim: Simulator) -> list[str]:
    """The idempotency keys that were sent."""
    return [request.body["redeem_request_id"] for request in sim.sent(SENT)]


async def test_a_try_whose_answer_is_lost_is_repeated_with_its_own_id(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    numbers = itertools.count()
    sim.script(CONSUME, [Work(), Drop()])
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)

        def program() -> Redeeming:
            # A new one knows nothing but what is stored.
            return Redeeming(ME, store, client, SystemClock(), lambda: f"id-{next(numbers)}")

        with pytest.raises(UnreachableError):
            await program().redeem(None)
        assert (await program().redeem(None)).code in {"reset", "already_redeemed"}
        assert len(set(ids(sim))) == 1
        assert (await program().redeem(None)).code == "no_credit"
        assert len(set(ids(sim))) == 2


async def test_what_the_server_refuses_is_forgotten_and_what_it_does_is_told(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    numbers = itertools.count()
    sim.script(CONSUME, [Status(403, {}, {"detail": "no"})])
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: f"id-{next(numbers)}")
        with pytest.raises(LoginError):
            await redeeming.redeem(None)
        assert await store.ledger(ME) == ()
        assert (await redeeming.redeem(None)).code == "reset"
        assert ids(sim)[-1] == "id-1"
    [entry] = await store.ledger(ME)
    assert entry.kind is LedgerKind.REDEEMED


async def test_a_bug_of_ours_after_it_was_sent_does_not_make_it_another_wish(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    numbers = itertools.count()

    class Clumsy(UsageClient):
        async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
            await super().redeem(request_id, credit_id)
            raise RuntimeError("and then it fell")

    async with home.open() as desk:
        parts = desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer

        def program(client: UsageClient) -> Redeeming:
            return Redeeming(ME, store, client, SystemClock(), lambda: f"id-{next(numbers)}")

        with pytest.raises(RuntimeError):
            await program(Clumsy(*parts)).redeem(None)
        assert (await program(UsageClient(*parts)).redeem(None)).code == "already_redeemed"
    assert ids(sim) == ["id-0", "id-0"]


async def test_a_reset_that_was_redeemed_is_told_also_where_nothing_can_be_stored_any_more(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    numbers = itertools.count()

    class FullDisk(LimitStore):
        async def redeem_ended(self, account: str, credit: str) -> None:
            raise StorageError("The disk is full")

    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        full = FullDisk(store._database, SystemClock())
        redeeming = Redeeming(ME, full, client, SystemClock(), lambda: f"id-{next(numbers)}")
        assert (await redeeming.redeem(None)).code == "reset"
        # Its id is still known, so that a second wish cannot take a second reset unasked.
        assert (await redeeming.redeem(None)).code == "already_redeemed"
    assert ids(sim) == ["id-0", "id-0"]


async def test_what_was_refused_is_open_at_once_and_no_early_reset_is_told(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        await store.apply(ME, await client.usage())
        refusal = Refusal(resets_at=time.time() + 900)
        await store.apply(
            ME, UsageReading(source=LimitSource.ERROR, as_of=time.time(), refusal=refusal)
        )
        refused = (await store.board(ME)).board
        assert refused.allowed is False
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: "id")
        assert (await redeeming.redeem(None)).code == "reset"
        for _ in range(2):
            await store.apply(ME, await client.usage())
        board = (await store.board(ME)).board
    assert board.allowed is True
    assert [window.refused_at for window in board.windows] == [None, None]
    kinds = [entry.kind for entry in await store.ledger(ME)]
    assert LedgerKind.REDEEMED in kinds
    assert not {LedgerKind.RESET, LedgerKind.RESET_EARLY} & set(kinds)


async def test_when_resets_expire_is_kept_while_polls_count_as_many(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: "id")
        await store.apply(ME, await client.usage())
        counted = (await store.board(ME)).board
        assert counted.reset_credits is not None
        assert (counted.reset_credits.available, counted.reset_credits.credits) == (1, ())
        looked_up = await redeeming.credits()
        assert looked_up.credits[0].expires_at is not None
        known = (await store.board(ME)).board
        assert (known.reset_credits, known.as_of) == (looked_up, counted.as_of)
        await store.apply(ME, await client.usage())
        polled = (await store.board(ME)).board.reset_credits
        assert polled is not None
        assert polled.credits == looked_up.credits


async def test_a_wish_whose_answer_was_lost_is_found_by_every_program_and_spends_one_reset(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    numbers = itertools.count()
    sim.limits.set(reset_credits=2)
    sim.script(CONSUME, [Work(), Drop()])
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)

        def program() -> Redeeming:
            return Redeeming(ME, store, client, SystemClock(), lambda: f"id-{next(numbers)}")

        first, second = (await program().credits()).credits
        assert await program().open() is None
        with pytest.raises(UnreachableError) as caught:
            await program().redeem(first.id)
        assert caught.value.code == "outcome_unknown"
        wish = await program().open()
        assert wish is not None
        assert (wish.credit_id, wish.request_id) == (first.id, "id-0")
        # Another reset has to wait until it is known what became of this one.
        with pytest.raises(UsageError):
            await program().redeem(second.id)
        assert (await program().redeem(wish.credit_id)).code == "already_redeemed"
        assert await program().open() is None
        left = await client.reset_credits()
    assert ids(sim) == ["id-0", "id-0"]
    assert left.available == 1
    assert [each.kind for each in await store.ledger(ME)] == [LedgerKind.REDEEMED]


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_refusal_that_is_not_about_the_wish_leaves_it_open(
    home: Home, sim: Simulator, store: LimitStore, status: int
) -> None:
    home.plant()
    numbers = itertools.count()
    sim.script(CONSUME, [Work(), Drop()])
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: f"id-{next(numbers)}")
        with pytest.raises(UnreachableError):
            await redeeming.redeem(None)
        kinds = {401: LoginError, 403: LoginError, 429: RateLimitedError}

        class Refusing(UsageClient):
            async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
                raise kinds[status]("no", status=status)

        parts = desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer
        again = Redeeming(ME, store, Refusing(*parts), SystemClock(), lambda: "another")
        with pytest.raises(UnreachableError) as caught:
            await again.redeem(None)
        assert caught.value.code == "outcome_unknown"
        assert (await redeeming.redeem(None)).code == "already_redeemed"
    assert set(ids(sim)) == {"id-0"}


async def test_a_wish_that_the_server_refuses_itself_is_over(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    sim.script(CONSUME, [Work(), Drop()])
    sim.script(CONSUME, [Status(400, {}, {"detail": "no such reset"})])
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: "id")
        with pytest.raises(UnreachableError):
            await redeeming.redeem(None)
        with pytest.raises(RefusedError):
            await redeeming.redeem(None)
        assert await redeeming.open() is None


async def test_a_reset_whose_answer_was_lost_is_told_as_the_users_doing_once_windows_begin_anew(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    sim.script(CONSUME, [Work(), Status(500, {}, {"detail": "oops"})])
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        for _ in range(2):
            await store.apply(ME, await client.usage())
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: "id")
        with pytest.raises(UnreachableError):
            await redeeming.redeem(None)
        assert await store.ledger(ME) == ()
        for _ in range(2):
            await store.apply(ME, await client.usage())
        assert [each.kind for each in await store.ledger(ME)] == [LedgerKind.REDEEMED]
        assert (await redeeming.redeem(None)).code == "already_redeemed"
    assert [each.kind for each in await store.ledger(ME)] == [LedgerKind.REDEEMED]


async def test_a_redeemed_reset_alone_makes_no_number_newer(
    home: Home, sim: Simulator, store: LimitStore
) -> None:
    home.plant()
    async with home.open() as desk:
        client = UsageClient(desk.http, sim.chatgpt_base_url, SystemClock(), desk.auth.signer)
        await store.apply(ME, await client.usage())
        before = (await store.board(ME)).board
        redeeming = Redeeming(ME, store, client, SystemClock(), lambda: "id")
        assert (await redeeming.redeem(None)).code == "reset"
        after = (await store.board(ME)).board
    assert (after.as_of, after.source) == (before.as_of, before.source)
    assert after.redeemed_at is not None
