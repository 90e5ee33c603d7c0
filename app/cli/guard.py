"""`foredeck guard`: whether there is enough left to go on, for scripts."""

import argparse
import math
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Final

from app.cli.limits_reading import NO_WINDOWS, Parts, up_to_date
from app.cli.output import EXIT_OK, Output
from services.errors import NotFoundError, RateLimitedError, UnreachableError
from services.models.failure import Failure, FailureKind
from services.models.limit_terms import percent, window_name
from services.models.limits import LimitsState, LimitVerdict, Standing, WindowState
from services.models.times import full_time, span
from services.models.windows import MAIN

OLD: Final = 900.0
"""Seconds after which numbers that could not be read anew say nothing any more."""
SOON: Final = 60.0
"""Seconds between two readings where the reset is due or near."""
SELDOM: Final = 300.0
"""Seconds between two readings else: the server may reset early."""
AFTER: Final = 2.0
"""Seconds after a reset until it is asked for, since clocks differ."""
CHUNK: Final = 30.0
"""Seconds slept at once: a machine that was asleep itself must not sleep on."""


def add_parser(subparsers: Any) -> None:
    """Add `guard`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "guard",
        help="exit 5 where a limit stands in the way",
        description="Exit 0 where there is enough left to go on, and 5 where a window is used up, "
        "above --max,\nor the server refuses calls. Without --window all windows of the main "
        "limit count.",
        epilog="examples:\n  foredeck guard --max 90 && make agents\n"
        "  foredeck guard --window 5h --until-reset && foredeck ask - < prompt.md",
    )
    parser.add_argument("--window", metavar="5h|week|ID", help="one window, or another limit")
    parser.add_argument(
        "--max", metavar="PERCENT", type=_percent, default=100.0, help="most that may be used"
    )
    parser.add_argument(
        "--until-reset", action="store_true", help="wait until there is enough, then exit 0"
    )


def _percent(text: str) -> float:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 100.0:
        raise argparse.ArgumentTypeError(f'"{text}" is no percentage from 0 to 100')
    return value


async def run(services: Parts, arguments: Namespace, output: Output) -> int:
    """Say by the exit code whether there is enough left.

    Returns:
        0 where there is, also where there are no windows; 5 where there is not; the failure's code
        where that cannot be told.

    Raises:
        NotFoundError: There is no such window.
        CredentialsError: Nobody is signed in.
    """
    state, failure = await up_to_date(services)
    if state.standing is Standing.API_KEY:
        output.say(NO_WINDOWS)
        return EXIT_OK
    is_waiting = False
    while True:
        now = services.clock.now()
        windows = chosen(state, arguments.window) if state.as_of is not None else ()
        if any(each.is_due(now) for each in windows) and failure is None:
            state, failure = await up_to_date(services, is_wanted=True)
            windows = chosen(state, arguments.window)
        over = [each for each in windows if is_over(each, arguments.max)]
        refused = refused_limits(state, windows, arguments.window)
        is_refused = bool(refused) or (arguments.window is None and state.allowed is False)
        trouble = _trouble(state, windows, failure, now)
        if trouble is not None:
            is_final = trouble.kind is FailureKind.CREDENTIALS
            if is_final or not is_waiting:
                return output.fail(trouble)
            # There was not enough; that the server is away now changes nothing.
            await _wait(services, SOON)
        elif not over and not is_refused:
            return EXIT_OK
        else:
            refusal = refusal_of(state, over, arguments.max, now, refused)
            if not arguments.until_reset:
                return output.fail(refusal)
            if not is_waiting:
                output.say(f"note: {refusal.line} Waiting.")
                is_waiting = True
                # Nobody looks; what is read here and by other programs is enough.
                services.limits.watch(is_looking=False)
            await _wait(services, pause([each.resets_at for each in over], now))
        state, failure = await up_to_date(services)


def chosen(state: LimitsState, wanted: str | None) -> tuple[WindowState, ...]:
    """The windows that count.

    Args:
        state: Knows all there are.
        wanted: Label or id of one, or id or name of a limit beside the main one, which need have
            no window; None for those of the main limit.

    Raises:
        NotFoundError: There is no such window.
    """
    windows = state.windows
    if wanted is None:
        return tuple(each for each in windows if each.limit_id == MAIN) or tuple(windows)
    by_id = tuple(each for each in windows if each.id == wanted)
    by_name = tuple(
        each
        for each in windows
        if wanted.lower() == window_name(each).lower()
        or (each.limit_id == MAIN and wanted.lower() == each.label.lower())
    )
    named = {each.limit_id for each in state.verdicts if _is_called(each, wanted)}
    by_limit = tuple(each for each in windows if each.limit_id in named)
    found = by_id or by_name or by_limit
    if not found and not named:
        ids = [each.id for each in windows]
        with_windows = {each.limit_id for each in windows}
        ids += [each.limit_id for each in state.verdicts if each.limit_id not in with_windows]
        known = ", ".join(ids)
        raise NotFoundError(
            f'There is no window "{wanted}"',
            next_step=f"Known are {known}" if known else "The server names no window",
        )
    return found


def refused_limits(
    state: LimitsState, windows: Sequence[WindowState], wanted: str | None
) -> tuple[LimitVerdict, ...]:
    """The refused limits that count: of these windows, or of that name.

    Args:
        state: Knows all there are.
        windows: Those that count.
        wanted: As of `chosen`.
    """
    mine = {each.limit_id for each in windows}
    return tuple(
        each
        for each in state.refused
        if each.limit_id in mine or (wanted is not None and _is_called(each, wanted))
    )


def _is_called(limit: LimitVerdict, wanted: str) -> bool:
    return wanted.lower() in {limit.limit_id.lower(), limit.name.lower()}


def is_over(window: WindowState, most: float) -> bool:
    """Whether more of it is used than may be; nothing left is always too much.

    A number of before a reset that was redeemed says nothing.
    """
    if window.is_redeemed:
        return False
    return window.is_refused or window.used_percent >= 100.0 or window.used_percent > most


def refusal_of(
    state: LimitsState,
    over: Sequence[WindowState],
    most: float,
    now: float,
    limits: Sequence[LimitVerdict] = (),
) -> Failure:
    """Why it is no, and when that ends as far as is known.

    Args:
        state: Knows the server's verdict.
        over: Windows of which too much is used.
        most: Percent that may be used.
        now: Unix seconds.
        limits: Those that are refused whatever their windows say.
    """
    if limits:
        names = " and ".join(each.name for each in limits)
        verb = "is" if len(limits) == 1 else "are"
        return RateLimitedError(f"{names} {verb} refused by the server").failure
    if not over:
        why = (state.reached_type or "").replace("_", " ")
        words = f"The server refuses calls{f': {why}' if why else ''}"
        return RateLimitedError(words).failure
    said: list[str] = []
    for window in over:
        is_out = window.is_refused or window.used_percent >= 100.0
        limit = "" if is_out else f", more than {most:g}%"
        refused = "refused by the server" if window.is_refused else ""
        words = refused or f"{percent(window.used_percent)} used{limit}"
        said.append(f"{window_name(window)} is {words}")
    ends = [each.resets_at for each in over]
    last = None if None in ends else max(each for each in ends if each is not None)
    step = ""
    if last is not None and last > now:
        step = f"Wait until {full_time(last)}, {span(last - now)} from now"
    return RateLimitedError(", ".join(said), next_step=step, retry_at=last).failure


def pause(resets: Sequence[float | None], now: float) -> float:
    """Seconds until it is worth to read again: at the next reset, and seldom before it."""
    waits = [SELDOM if at is None else max(0.0, at - now) + AFTER for at in resets]
    return max(SOON, min([*waits, SELDOM]))


def _trouble(
    state: LimitsState, windows: Sequence[WindowState], failure: Failure | None, now: float
) -> Failure | None:
    """Why nothing can be said; None where the numbers are good enough."""
    if failure is None:
        if state.as_of is None:
            error = UnreachableError("No limits are known yet", next_step="Try again in a moment")
            return error.failure
        return None
    is_bad = state.as_of is None or now - state.as_of > OLD
    is_final = failure.kind is FailureKind.CREDENTIALS
    return failure if is_bad or is_final or any(each.is_due(now) for each in windows) else None


async def _wait(services: Parts, seconds: float) -> None:
    """Wait by the clock on the wall, which goes on while the machine sleeps."""
    end = services.clock.now() + seconds
    while (left := end - services.clock.now()) > 0:
        await services.clock.sleep(min(left, CHUNK))
