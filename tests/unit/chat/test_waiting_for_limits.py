"""Messages that wait for a limit go when its window begins anew, whenever that is by now."""

from dataclasses import replace

import pytest

from services.chat.waiting import LOOK, UNCONFIRMED
from services.errors import StorageError
from services.models.chat import QueuedMessage
from services.models.limits import LimitsState, Standing
from tests.unit.chat.conftest import Desk, until
from tests.unit.chat.limit_words import ASKED, FIVE, RESET, START, Limits
from tests.unit.chat.test_turns import HELLO, user
from tests.unit.chat.test_waiting import (
    LATEST,
    TWO,
    MovedClock,
    answered,
    asked,
    shown,
)
from tests.unit.chat.test_waiting import clock as clock  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import desk as desk  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import programs as programs  # noqa: PLC0414 a fixture

HOUR = 3_600.0
SOON = LOOK + LATEST
"""Seconds in which what limits say is seen and followed."""


@pytest.fixture
def limits() -> Limits:
    return Limits()


async def wait_for_window(
    desk: Desk, clock: MovedClock, limits: Limits
) -> tuple[str, QueuedMessage]:
    """A chat with a whole turn, and a message that waits for the window."""
    desk.chat.look_at(limits)
    chat_id = await desk.say("first", HELLO)
    queued = await desk.chat.submit_later(chat_id, "later", not_before=RESET, asked=ASKED)
    desk.inference.scripts.append(TWO)
    await clock.move_to(clock.at)
    return chat_id, queued


async def goes(desk: Desk, chat_id: str) -> None:
    """The message was sent, once, and waits no more."""
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]
    assert await desk.store.queue(chat_id) == ()


async def test_a_later_reset_lets_it_wait_on_until_then(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    chat_id, queued = await wait_for_window(desk, clock, limits)
    limits.say(resets_at=RESET + HOUR)
    await clock.move_to(START + LOOK)
    moved = replace(queued, not_before=RESET + HOUR)
    assert shown(desk) == (moved,) == await desk.store.queue(chat_id)
    await clock.move_to(RESET + HOUR)
    assert asked(desk) == [user("first")]
    limits.say(used_percent=0.0, resets_at=RESET + 6 * HOUR, period=4)
    await clock.move_to(RESET + HOUR + SOON)
    await goes(desk, chat_id)


async def test_an_earlier_reset_lets_it_go_then(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    chat_id, _ = await wait_for_window(desk, clock, limits)
    limits.say(resets_at=RESET - 1_800)
    await clock.move_to(START + LOOK)
    assert [each.not_before for each in shown(desk)] == [RESET - 1_800]
    limits.say(used_percent=0.0, resets_at=RESET + 5 * HOUR, period=4)
    await clock.move_to(RESET - 1_800 + SOON)
    await goes(desk, chat_id)


async def test_a_reset_that_wanders_by_seconds_is_the_same(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    _, queued = await wait_for_window(desk, clock, limits)
    limits.say(resets_at=RESET + 59)
    await clock.move_to(START + 10 * LOOK)
    assert shown(desk) == (queued,)


async def test_a_window_that_began_anew_early_lets_it_go_at_once(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    chat_id, queued = await wait_for_window(desk, clock, limits)
    # One word alone is only a suspicion.
    limits.say(used_percent=0.0, resets_at=START + 5 * HOUR)
    await clock.move_to(START + 4 * LOOK)
    assert shown(desk) == (queued,)
    limits.say(period=4)
    await clock.move_to(START + 4 * LOOK + SOON)
    await goes(desk, chat_id)
    await clock.move_to(RESET + HOUR)
    assert len(desk.inference.requests) == 2


async def test_a_window_that_began_anew_and_is_full_again_lets_it_wait_on(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    _, queued = await wait_for_window(desk, clock, limits)
    limits.say(used_percent=100.0, resets_at=RESET + HOUR, period=4)
    await clock.move_to(RESET + SOON)
    assert asked(desk) == [user("first")]
    assert shown(desk) == (replace(queued, not_before=RESET + HOUR, period=4),)


async def test_a_refused_window_has_no_room_whatever_its_percent(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    await wait_for_window(desk, clock, limits)
    limits.say(used_percent=40.0, is_refused=True, period=4, resets_at=RESET + HOUR)
    await clock.move_to(RESET + SOON)
    assert asked(desk) == [user("first")]


async def test_a_window_that_is_gone_keeps_nobody_waiting(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    chat_id, _ = await wait_for_window(desk, clock, limits)
    month = replace(FIVE, id="codex/2592000", used_percent=4.0)
    limits.state = replace(limits.state, windows=(month,))
    await clock.move_to(START + SOON)
    await goes(desk, chat_id)


async def test_when_its_time_comes_it_waits_for_a_word_that_the_window_began_anew(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    chat_id, _ = await wait_for_window(desk, clock, limits)
    limits.next_state = limits.state
    await clock.move_to(RESET + LATEST + 20)
    assert asked(desk) == [user("first")]
    assert limits.reads > 0
    limits.next_state = replace(
        limits.state, windows=(replace(FIVE, used_percent=0.0, resets_at=RESET + 5 * HOUR),)
    )
    await clock.move_to(RESET + LATEST + 40)
    await goes(desk, chat_id)


async def test_a_reset_that_was_moved_at_the_last_moment_is_seen(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    await wait_for_window(desk, clock, limits)
    limits.next_state = replace(
        limits.state, windows=(replace(FIVE, used_percent=100.0, resets_at=RESET + 24 * HOUR),)
    )
    await clock.move_to(RESET + HOUR)
    assert asked(desk) == [user("first")]
    assert [each.not_before for each in shown(desk)] == [RESET + 24 * HOUR]


async def test_where_no_word_comes_it_goes_all_the_same(
    desk: Desk, clock: MovedClock, limits: Limits
) -> None:
    chat_id, _ = await wait_for_window(desk, clock, limits)
    await clock.move_to(RESET + UNCONFIRMED - 1)
    assert asked(desk) == [user("first")]
    await clock.move_to(RESET + UNCONFIRMED + LATEST + LOOK)
    await goes(desk, chat_id)


@pytest.mark.parametrize("standing", [Standing.UNKNOWN, Standing.API_KEY, Standing.SIGNED_OUT])
async def test_where_limits_are_not_known_its_time_counts(
    desk: Desk, clock: MovedClock, limits: Limits, standing: Standing
) -> None:
    chat_id, _ = await wait_for_window(desk, clock, limits)
    limits.state = LimitsState(standing=standing)
    await clock.move_to(RESET + 1.9)
    assert asked(desk) == [user("first")]
    await clock.move_to(RESET + LATEST)
    await goes(desk, chat_id)


async def test_after_a_new_start_it_follows_the_reset_too(
    programs: tuple[Desk, Desk], clock: MovedClock, limits: Limits
) -> None:
    before, after = programs
    async with before.chat:
        chat_id, _ = await wait_for_window(before, clock, limits)
    limits.say(resets_at=RESET + HOUR)
    async with after.chat:
        after.chat.look_at(limits)
        await after.chat.open(chat_id)
        await after.chat.take_over_waiting(chat_id)
        after.inference.scripts.append(TWO)
        await clock.move_to(RESET + SOON)
        assert after.inference.requests == []
        assert [each.not_before for each in shown(after)] == [RESET + HOUR]
        limits.say(used_percent=0.0, resets_at=RESET + 6 * HOUR, period=4)
        await clock.move_to(RESET + HOUR + SOON)
        await answered(after, chat_id, 1)
    assert asked(after) == [user("later")]


async def test_after_a_new_start_what_waits_in_any_chat_goes(
    programs: tuple[Desk, Desk], clock: MovedClock, limits: Limits
) -> None:
    before, after = programs
    async with before.chat:
        chat_id, _ = await wait_for_window(before, clock, limits)
        await before.say("another chat", TWO)
        before.inference.scripts = []
    async with after.chat:
        after.chat.look_at(limits)
        await until(lambda: bool(after.chat._waiting._naps))
        limits.say(used_percent=0.0, period=4)
        after.inference.scripts.append(TWO)
        await clock.move_to(START + 2 * SOON)
        await answered(after, chat_id, 1)
    assert asked(after) == [user("later")]


async def test_a_store_that_cannot_be_read_at_the_start_ends_nothing(
    desk: Desk, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> tuple[str, ...]:
        raise StorageError("The disk is gone")

    monkeypatch.setattr(desk.store.held, "left_behind", broken)
    desk.chat.look_at(limits)
    await desk.say("first", HELLO)
    assert asked(desk) == [user("first")]


async def test_what_another_program_sent_is_not_held_again_when_the_reset_moves(
    programs: tuple[Desk, Desk], clock: MovedClock, limits: Limits
) -> None:
    first, second = programs
    async with first.chat, second.chat:
        chat_id, queued = await wait_for_window(first, clock, limits)
        second.inference.scripts.append(HELLO)
        await second.chat.open(chat_id)
        await second.chat.send_queued(chat_id, queued.id)
        await answered(second, chat_id, 1)
        limits.say(resets_at=RESET + HOUR)
        await clock.move_to(RESET + 2 * HOUR)
        assert asked(first) == [user("first")]
        assert shown(first) == () == await first.store.queue(chat_id)
