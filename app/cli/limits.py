"""`foredeck limits`: how much is left, what was used when, and what the server did."""

import argparse
import re
from argparse import Namespace
from typing import Any, Final

from app.cli import limits_lines as lines
from app.cli.limits_reading import NO_WINDOWS, Parts, up_to_date
from app.cli.output import EXIT_OK, Output
from app.cli.pipes import while_read
from app.settings import Settings
from services.auth.signed_out import signed_out
from services.errors import UnreachableError, UsageError
from services.events import LimitsChanged
from services.limits.ports import LimitStorage
from services.models.failure import FailureKind, as_sentence
from services.models.limits import LimitsState, Standing

FORMATS: Final = ("plain", "tmux", "starship", "waybar")
STEP: Final = 300.0
"""Seconds of a point of a history, where that makes no more than `MOST` of them."""
MOST: Final = 2016
ROWS: Final = 48
"""Points of a window that are printed for people."""
UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def add_parser(subparsers: Any) -> None:
    """Add `limits` and what is below it."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "limits",
        help="how much of each limit window is left",
        description="Say how much of each limit window is used and left, when it resets and "
        "whether it lasts.\nA reading that is older than a minute is renewed first. --format is "
        "for status lines:\nit reads only what is stored.",
        epilog="examples:\n  foredeck limits\n  foredeck limits --json | jq '.windows[].id'\n"
        "  foredeck limits --format tmux\n  foredeck limits history --since 24h --csv",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--refresh", action="store_true", help="read now, whatever is stored")
    parser.add_argument("--format", choices=FORMATS, help="one line for a status line")
    commands: Any = parser.add_subparsers(dest="limits_command", metavar="COMMAND")
    watch = commands.add_parser(
        "watch",
        help="a line for each change",
        description="Print what is known now, and a line whenever it has changed, until Ctrl-C.",
        epilog="example: foredeck limits watch --json",
    )
    history = commands.add_parser(
        "history",
        help="what was used when",
        epilog="examples:\n  foredeck limits history\n  foredeck limits history --since 30d --csv",
    )
    history.add_argument(
        "--since", metavar="SPAN", type=span, default=span("7d"), help="30m, 24h, 7d, 4w"
    )
    how = history.add_mutually_exclusive_group()
    ledger = commands.add_parser(
        "ledger",
        help="what the server did to the windows",
        description="What the server did to the windows, newest first: moved, reset early, "
        "resized, appeared,\nvanished.",
        epilog="example: foredeck limits ledger",
    )
    purge = commands.add_parser(
        "purge",
        help="delete what is stored of limits",
        description="Delete what is stored of limits, of all accounts: history, ledger and costs. "
        "It cannot\nbe undone.",
        epilog="example: foredeck limits purge --before 30d --yes",
    )
    purge.add_argument(
        "--before", metavar="SPAN", type=span, help="only what is older (30d); else everything"
    )
    purge.add_argument("--yes", action="store_true", help="do not ask")
    # Its default must not overwrite what stood before the command's name.
    for place in (watch, how, ledger):
        place.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="for programs"
        )
    how.add_argument("--csv", action="store_true", help="a row for each point")


def span(text: str) -> float:
    """Seconds of `30m`, `24h`, `7d` or `4w`.

    Raises:
        argparse.ArgumentTypeError: It is no such span.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f'"{text}" is no span of time, as 24h or 7d are')
    return float(int(found[1]) * UNITS[found[2]])


def prepare(arguments: Namespace) -> None:
    """Find out whether the flags fit together.

    Raises:
        UsageError: They do not.
    """
    if arguments.limits_command and (arguments.refresh or arguments.format):
        flag = "--refresh" if arguments.refresh else "--format"
        raise UsageError(f"limits {arguments.limits_command} takes no {flag}")
    if arguments.format and (arguments.json or arguments.refresh):
        flag = "--json" if arguments.json else "--refresh"
        raise UsageError(
            f"--format and {flag} do not go together",
            next_step="A format is one line of what is stored; leave one of them out",
        )
    if arguments.limits_command == "purge" and not arguments.yes:
        raise UsageError(
            "limits purge deletes what is stored, which cannot be undone",
            next_step="Add --yes to do it",
        )
    if arguments.limits_command == "history" and arguments.csv and arguments.json:
        raise UsageError("--csv and --json do not go together", next_step="Leave one of them out")


def print_format(form: str, settings: Settings) -> int:
    """Print a status line, which needs neither configuration nor sign-in.

    Returns:
        The exit code, as `app.status_line.run`.
    """
    from app.status_line import print_line, read
    from app.status_store import FILE

    # The demo's numbers are in no store of this machine.
    path = None if settings.demo else str(settings.folders.data / FILE)
    return print_line(form, read(path))


async def purge(store: LimitStorage, now: float, arguments: Namespace, output: Output) -> int:
    """Delete what is stored, and tell how much it was.

    Raises:
        StorageError: It could not be deleted.
    """
    before = None if arguments.before is None else now - arguments.before
    count = await store.purge(before=before)
    output.say(f"note: {count} rows of limits were deleted.")
    return EXIT_OK


async def run(services: Parts, arguments: Namespace, output: Output) -> int:
    """Print what was asked for.

    Returns:
        0, or the exit code of the failure after which what was known before is printed.

    Raises:
        ServiceError: Nothing is known, or the store cannot be read.
    """
    match arguments.limits_command:
        case "watch":
            return await _watch(services, output)
        case "history":
            return await _history(services, arguments, output)
        case "ledger":
            return await _ledger(services, output)
        case _:
            return await _now(services, arguments, output)


async def _now(services: Parts, arguments: Namespace, output: Output) -> int:
    state, failure = await up_to_date(services, is_wanted=arguments.refresh)
    now = services.clock.now()
    if state.standing is Standing.API_KEY:
        output.say(NO_WINDOWS)
    if failure is None and state.standing is Standing.UNKNOWN:
        error = UnreachableError("No limits are known yet", next_step="Try again in a moment")
        failure = error.failure
    if failure is not None and state.as_of is None:
        return output.fail(failure)
    if output.is_json:
        values = lines.limits_values(state, now)
        output.document(values | {"stale": values["stale"] or failure is not None})
    else:
        output.table(lines.HEAD, lines.window_rows(state, now))
        _tell_facts(state, now, output)
    if failure is None:
        return EXIT_OK
    if arguments.refresh:
        return output.fail(failure)
    output.say(f"note: These are the numbers of before. {failure.line}")
    return EXIT_OK


def _tell_facts(state: LimitsState, now: float, output: Output) -> None:
    if output.is_terminal:
        output.write("".join(f"{line}\n" for line in lines.fact_lines(state)))
    if state.allowed is False or state.limit_reached:
        output.say(f"note: {as_sentence(lines.refusal_words(state))}")
    if not state.windows and state.standing is Standing.KNOWN:
        output.say("note: The server names no limit window.")
    elif state.is_stale(now) and state.failure is None:
        output.say("note: These numbers are old.")


async def _watch(services: Parts, output: Output) -> int:
    limits, clock = services.limits, services.clock
    if limits.state.standing is Standing.API_KEY:
        output.say(NO_WINDOWS)
        return EXIT_OK
    limits.watch(is_looking=True)
    last: object = None
    with while_read(output), services.bus.subscribe() as subscription:
        state, failure = await up_to_date(services)
        if failure is not None:
            if failure.kind is FailureKind.CREDENTIALS:
                return output.fail(failure)
            output.say(f"note: {failure.line} It is tried again.")
        while True:
            now = clock.now()
            values = lines.limits_values(state, now)
            shown = lines.what_counts(values)
            if shown != last and state.standing is not Standing.UNKNOWN:
                last = shown
                if output.is_json:
                    output.document(values)
                else:
                    output.write(f"{lines.state_line(state, now)}\n")
            if state.standing is Standing.SIGNED_OUT:
                raise signed_out()
            state = None
            while state is None:
                await subscription.wait()
                for event in subscription.take():
                    if isinstance(event, LimitsChanged):
                        state = event.state


async def _history(services: Parts, arguments: Namespace, output: Output) -> int:
    until = services.clock.now()
    since = until - arguments.since
    is_for_people = not (output.is_json or arguments.csv)
    columns = ROWS if is_for_people else round(min(MOST, max(1.0, arguments.since / STEP)))
    series = await services.limits.history(since=since, columns=columns)
    if output.is_json:
        output.document(lines.history_values(series, since, until))
    elif arguments.csv:
        output.write(lines.history_csv(series))
    else:
        head = ("window", "time", "lowest", "highest", "last")
        output.table(head, lines.history_rows(series))
        if not any(each.points for each in series):
            output.say("note: Nothing was read in this time.")
    return EXIT_OK


async def _ledger(services: Parts, output: Output) -> int:
    entries = await services.limits.ledger()
    if output.is_json:
        output.document(lines.ledger_values(entries))
        return EXIT_OK
    rows = [(lines.full_time(each.at), lines.ledger_words(each)) for each in entries]
    output.table(("seen", "what"), rows)
    if not rows:
        output.say("note: The server has changed nothing yet.")
    return EXIT_OK
