"""`guard`, with limits that are values and a clock that jumps."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.cli import guard
from services.errors import CredentialsError, LoginError, NotFoundError, UnreachableError
from services.models.limits import LimitSource, LimitsState, LimitVerdict, Standing
from tests.cli.limits_stand import FIVE_HOURS, KNOWN, NOW, WEEK, Stand

DOWN = UnreachableError("chatgpt.com cannot be reached")
REVIEW = replace(
    FIVE_HOURS, id="code_review/604800", limit_id="code_review", window_seconds=604_800
)


async def run(stand: Stand, *argv: str) -> int:
    arguments, output = stand.command("guard", *argv)
    return await guard.run(stand.parts, arguments, output)


BLOCKED = LimitVerdict(
    limit_id="codex_blocked",
    limit_name="Blocked",
    allowed=False,
    as_of=NOW - 30,
    source=LimitSource.POLL,
)
OPEN = replace(BLOCKED, limit_id="codex_open", limit_name="Open", allowed=True)
CLOSED = replace(BLOCKED, limit_id="code_review", limit_name=None)


def used(five_hours: float, week: float = 12.5, **other: object) -> LimitsState:
    windows = (
        replace(FIVE_HOURS, used_percent=five_hours),
        replace(WEEK, used_percent=week),
        replace(REVIEW, used_percent=100.0),
    )
    return replace(KNOWN, windows=windows, **other)


@pytest.mark.parametrize(
    ("state", "argv", "code"),
    [
        (used(38), (), 0),
        (used(99.9), (), 0),
        (used(100), (), 5),
        (used(1, 100), (), 5),
        (used(1, 100), ("--window", "5h"), 0),
        (used(1, 100), ("--window", "week"), 5),
        (used(1, 100), ("--window", "WEEK"), 5),
        (used(1, 100), ("--window", "codex/604800"), 5),
        (used(1), ("--window", "code_review/604800"), 5),
        (used(1), ("--window", "code review week"), 5),
        (used(80), ("--max", "80"), 0),
        (used(80.1), ("--max", "80%"), 5),
        (used(0), ("--max", "0"), 5),
        (used(0, 0), ("--max", "0"), 0),
        (used(1, allowed=False), (), 5),
        (used(1, allowed=False), ("--window", "5h"), 0),
        (replace(KNOWN, windows=(replace(FIVE_HOURS, is_refused=True),)), ("--max", "99"), 5),
        (replace(KNOWN, windows=(REVIEW,)), ("--max", "30"), 5),
        (replace(KNOWN, windows=()), (), 0),
        (replace(KNOWN, verdicts=(BLOCKED, OPEN)), (), 0),
        (replace(KNOWN, verdicts=(BLOCKED, OPEN)), ("--window", "codex_blocked"), 5),
        (replace(KNOWN, verdicts=(BLOCKED, OPEN)), ("--window", "blocked"), 5),
        (replace(KNOWN, verdicts=(BLOCKED, OPEN)), ("--window", "open"), 0),
        (replace(KNOWN, windows=(WEEK, REVIEW), verdicts=(CLOSED,)), (), 0),
        (
            replace(KNOWN, windows=(WEEK, REVIEW), verdicts=(CLOSED,)),
            ("--window", "code review week"),
            5,
        ),
        (replace(KNOWN, windows=(REVIEW,), verdicts=(CLOSED,)), ("--window", "code review"), 5),
    ],
)
async def test_guard_says_no_where_a_limit_stands_in_the_way(
    state: LimitsState, argv: tuple[str, ...], code: int
) -> None:
    stand = Stand(state)
    assert await run(stand, *argv) == code
    assert stand.out.getvalue() == ""
    assert bool(stand.err.getvalue()) is (code != 0)


async def test_a_refused_limit_is_named_and_so_is_it_among_those_that_are_known() -> None:
    state = replace(KNOWN, verdicts=(BLOCKED,))
    stand = Stand(state)
    assert await run(stand, "--window", "blocked") == 5
    assert stand.err.getvalue() == "error: Blocked is refused by the server.\n"
    with pytest.raises(NotFoundError) as caught:
        await run(Stand(state), "--window", "year")
    assert caught.value.next_step == "Known are codex/18000, codex/604800, codex_blocked"


async def test_it_waits_until_a_refused_limit_is_open_again() -> None:
    stand = Stand(replace(KNOWN, verdicts=(BLOCKED,)))
    later = replace(KNOWN, verdicts=(replace(BLOCKED, allowed=True),), as_of=NOW + 300)
    stand.limits.answers = [later]
    assert await run(stand, "--window", "codex_blocked", "--until-reset") == 0
    assert stand.err.getvalue() == "note: Blocked is refused by the server. Waiting.\n"
    assert sum(stand.clock.slept) == 300.0


async def test_a_no_says_what_and_until_when() -> None:
    stand = Stand(used(96, 100))
    assert await run(stand, "--max", "90") == 5
    assert stand.err.getvalue() == (
        "error: 5h is 96% used, more than 90%, week is 100% used. "
        "Wait until Wed 25 Nov 00:46 UTC, 3 d 11 h from now.\n"
    )


async def test_a_window_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="month") as caught:
        await run(Stand(), "--window", "month")
    assert caught.value.next_step == "Known are codex/18000, codex/604800"


@pytest.mark.parametrize("most", ["101", "-1", "nan", "inf", "x"])
def test_a_percentage_that_is_none_is_wrong_usage(most: str) -> None:
    with pytest.raises(SystemExit) as caught:
        Stand().command("guard", f"--max={most}")
    assert caught.value.code == 2


async def test_an_api_key_has_no_windows_so_nothing_stands_in_the_way() -> None:
    stand = Stand(LimitsState(standing=Standing.API_KEY))
    assert await run(stand, "--window", "5h") == 0
    assert "no limit windows" in stand.err.getvalue()


async def test_whoever_is_signed_out_is_told() -> None:
    with pytest.raises(CredentialsError):
        await run(Stand(LimitsState(standing=Standing.SIGNED_OUT)))


# --- What cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "code"), [(61, 0), (899, 0), (901, 6)], ids=["a minute", "nearly old", "old"]
)
async def test_numbers_that_are_too_old_say_nothing(age: int, code: int) -> None:
    stand = Stand(replace(KNOWN, as_of=NOW - age))
    stand.limits.answers = [DOWN]
    assert await run(stand) == code


async def test_with_nothing_known_it_fails() -> None:
    stand = Stand(LimitsState())
    assert await run(stand) == 6
    stand = Stand(LimitsState())
    stand.limits.answers = [DOWN]
    assert await run(stand) == 6


async def test_a_login_that_is_refused_is_no_yes() -> None:
    stand = Stand(replace(KNOWN, as_of=NOW - 61))
    stand.limits.answers = [LoginError("The login was refused")]
    assert await run(stand) == 3


async def test_a_reset_that_is_due_is_asked_for_before_anything_is_said() -> None:
    due = replace(FIVE_HOURS, used_percent=100.0, resets_at=NOW - 5)
    stand = Stand(replace(KNOWN, windows=(due,)))
    stand.limits.answers = [replace(KNOWN, as_of=NOW)]
    assert await run(stand) == 0
    assert stand.limits.refreshed == [NOW]


async def test_a_reset_that_is_due_and_cannot_be_read_says_nothing() -> None:
    due = replace(FIVE_HOURS, used_percent=100.0, resets_at=NOW - 5)
    stand = Stand(replace(KNOWN, windows=(due,)))
    stand.limits.answers = [DOWN]
    assert await run(stand) == 6


# --- Waiting -------------------------------------------------------------------------------------


def until(reset: float, after: float = 0.0) -> Callable[[float], LimitsState]:
    """Used up, until the server resets it."""

    def state(now: float) -> LimitsState:
        is_out = now < reset + after
        window = replace(
            FIVE_HOURS,
            used_percent=100.0 if is_out else 0.0,
            resets_at=reset if is_out else reset + 18_000,
            as_of=now,
        )
        return replace(KNOWN, windows=(window,), as_of=now)

    return state


@pytest.mark.parametrize("after", [0.0, 200.0], ids=["in time", "late"])
async def test_it_waits_until_the_server_has_reset(after: float) -> None:
    server = until(NOW + 4_320, after)
    stand = Stand(server(NOW))
    stand.limits.answers = [server]
    assert await run(stand, "--until-reset") == 0
    assert NOW + 4_320 + after <= stand.clock.now() <= NOW + 4_320 + after + 62
    waits = [
        b - a for a, b in zip(stand.limits.refreshed, stand.limits.refreshed[1:], strict=False)
    ]
    assert min(waits) >= 60
    assert max(stand.clock.slept) <= 30
    assert len(stand.limits.refreshed) < 25
    assert stand.err.getvalue().count("\n") == 1
    assert stand.err.getvalue().endswith("Waiting.\n")


async def test_an_early_reset_is_noticed() -> None:
    stand = Stand(until(NOW + 4_320)(NOW))
    stand.limits.answers = [used(0, as_of=NOW + 300)]
    assert await run(stand, "--until-reset") == 0
    assert stand.clock.now() < NOW + 400


async def test_a_network_that_goes_away_does_not_end_the_wait() -> None:
    server = until(NOW + 1_000)
    stand = Stand(server(NOW))
    stand.limits.answers = [DOWN, DOWN, DOWN, DOWN, server]
    assert await run(stand, "--until-reset") == 0
    assert len(stand.limits.refreshed) >= 5


async def test_a_login_that_ends_ends_the_wait() -> None:
    stand = Stand(until(NOW + 1_000)(NOW))
    stand.limits.answers = [LoginError("The login was refused")]
    assert await run(stand, "--until-reset") == 3


async def test_with_enough_left_there_is_nothing_to_wait_for() -> None:
    stand = Stand()
    assert await run(stand, "--until-reset") == 0
    assert stand.clock.slept == []


@pytest.mark.parametrize(
    ("resets", "seconds"),
    [([], 300), ([None], 300), ([NOW + 10], 60), ([NOW + 100], 102), ([NOW + 9e9, NOW - 1], 60)],
)
def test_the_pause_ends_at_the_next_reset(resets: list[float | None], seconds: float) -> None:
    assert guard.pause(resets, NOW) == seconds


async def test_a_failure_that_is_a_no_names_the_time_for_programs() -> None:
    state = used(100)
    failure = guard.refusal_of(state, state.windows[:1], 100.0, NOW)
    assert json.dumps(failure.retry_at) == json.dumps(NOW + 4_320)
