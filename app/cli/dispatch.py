"""Runs a command: opens what it needs, and turns every end into an exit code."""

import sys
from argparse import Namespace
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias, cast

from app.cli.interrupts import Interrupts
from app.cli.output import (
    EXIT_CLOSED_PIPE,
    EXIT_INTERRUPTED,
    Output,
    let_stdout_go,
    standard_output,
)
from app.settings import Settings, load_settings
from services.errors import ServiceError, UsageError
from services.models.failure import as_sentence

if TYPE_CHECKING:
    from app.wiring import Services
    from services.auth.service import AuthService
    from services.clock import SystemClock
    from services.provider import Provider
    from services.store.database import Database

CONFIGURED = {None, "ask", "models", "chats", "limits", "guard", "login", "logout"}
"""Commands that do not start with a configuration that is wrong, which might name their server."""

ServiceCommand: TypeAlias = "Callable[[Services, Namespace, Output], Awaitable[int]]"
AccountCommand: TypeAlias = "Callable[[AuthService, Namespace, Output], Awaitable[int]]"


def run_command(arguments: Namespace) -> int:
    """Run the command that the command line names; none is the plain conversation.

    Returns:
        The exit code; docs/cli.md lists them.
    """
    output = standard_output(is_json=bool(getattr(arguments, "json", False)))
    settings = load_settings(vars(arguments))
    code = _run_to_end(arguments, settings, output)
    if arguments.command in CONFIGURED:
        from app.logs import log_end

        log_end(code)
    return code


def _run_to_end(arguments: Namespace, settings: Settings, output: Output) -> int:
    try:
        return _run(arguments, settings, output)
    except ServiceError as error:
        return output.fail(error.failure)
    except BrokenPipeError:
        let_stdout_go()
        return EXIT_CLOSED_PIPE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        from app.crash import EXIT_BUG, write_report

        output.say(write_report(error, settings.folders.state))
        return EXIT_BUG


def _run(arguments: Namespace, settings: Settings, output: Output) -> int:
    if getattr(arguments, "format", None):
        from app.cli import limits

        limits.prepare(arguments)
        return limits.print_format(arguments.format, settings)
    if settings.errors and arguments.command in CONFIGURED:
        raise UsageError(settings.errors[0], next_step="Check it with foredeck config validate")
    match arguments.command:
        case "config":
            from app.cli import config

            return config.run(arguments, output)
        case "simulate":
            from app.cli import simulate

            return simulate.run(arguments)
        case "completion":
            from app.cli import completion

            return completion.run(arguments, output)
        case "doctor":
            from app.cli import doctor

            return Interrupts(output).run(doctor.run(settings, arguments, output))
        case "login" | "logout":
            return _run_account(arguments, settings, output)
        case "ask":
            from app.cli import ask

            ask.prepare(arguments, output)
            return _with_services(arguments, settings, output, ask.run)
        case None:
            from app.cli import plain

            arguments.no_input = settings.no_input
            plain.prepare(arguments, output)
            return _with_services(arguments, settings, output, plain.run)
        case "models":
            from app.cli import models

            return _with_services(arguments, settings, output, models.run)
        case "limits":
            from app.cli import limits

            limits.prepare(arguments)
            if arguments.limits_command == "purge":
                _begin(arguments, settings, output)
                return Interrupts(output).run(_purge_limits(arguments, settings, output))
            return _with_services(arguments, settings, output, limits.run)
        case "guard":
            from app.cli import guard

            return _with_services(arguments, settings, output, guard.run)
        case "metrics":
            from app.cli import metrics

            return metrics.run(arguments, settings, output)
        case _:
            _begin(arguments, settings, output)
            return Interrupts(output).run(_run_chats(arguments, settings, output))


def _run_account(arguments: Namespace, settings: Settings, output: Output) -> int:
    from app.children import surroundings
    from app.cli import login

    if settings.demo:
        raise UsageError("Nobody signs in to the demo", next_step="Leave out --demo")
    if arguments.command == "logout":
        return _with_account(arguments, settings, output, login.run_logout)
    arguments.no_input = settings.no_input
    arguments.surroundings = surroundings(settings)
    login.prepare(arguments, output)
    if arguments.login_command == "status":
        _begin(arguments, settings, output)
        return Interrupts(output).run(login.run_status(settings, output))
    return _with_account(arguments, settings, output, login.run)


def _with_account(
    arguments: Namespace, settings: Settings, output: Output, command: AccountCommand
) -> int:
    _begin(arguments, settings, output)
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    interrupts = Interrupts(output)
    return interrupts.run(_run_with_account(arguments, settings, output, command, interrupts))


def _with_services(
    arguments: Namespace, settings: Settings, output: Output, command: ServiceCommand
) -> int:
    _begin(arguments, settings, output)
    # httpx imports its own command line, and with it rich and pygments, where they are
    # installed: half of the time to the first token. Without it, it does without.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    interrupts = Interrupts(output)
    return interrupts.run(_run_with_services(arguments, settings, output, command, interrupts))


def _begin(arguments: Namespace, settings: Settings, output: Output) -> None:
    from app.logs import log_start

    for problem in settings.problems:
        output.say(f"warning: {problem}")
    trouble = log_start(settings, arguments.command or "plain")
    if trouble:
        output.say(f"warning: {trouble}")


async def _run_with_services(
    arguments: Namespace,
    settings: Settings,
    output: Output,
    command: ServiceCommand,
    interrupts: Interrupts,
) -> int:
    async with _open(arguments, settings) as services:
        interrupts.spare(lambda: services.catalogue.is_spending)
        host = _far_host(services.provider)
        if host:
            output.say(f"note: answers come from {host}")
        for notice in (*_overrides(settings, services.provider), *services.notices):
            output.say(f"note: {notice}")
        return await command(services, arguments, output)


def _overrides(settings: Settings, provider: "Provider") -> tuple[str, ...]:
    """Which servers of sign-in are not the usual ones, where this run signs in."""
    from app.accounts import overrides

    return overrides(settings) if provider.wants_login else ()


async def _run_with_account(
    arguments: Namespace,
    settings: Settings,
    output: Output,
    command: AccountCommand,
    interrupts: Interrupts,
) -> int:
    from app.accounts import open_auth, overrides

    for sentence in overrides(settings):
        output.say(f"note: {as_sentence(sentence)}")
    async with open_auth(settings) as auth:
        interrupts.spare(lambda: auth.is_spending)
        code = await command(auth, arguments, output)
    if arguments.command == "logout":
        await _forget_limits(settings)
    return code


async def _forget_limits(settings: Settings) -> None:
    """Have status lines show nobody's limits; what is stored of them stays."""
    from services.clock import SystemClock
    from services.models.limits import LimitsState, Standing
    from services.store.database import Database
    from services.store.limits import LimitStore

    path, clock = settings.folders.data / "foredeck.db", SystemClock()
    # No one's logout fails because of a status line.
    with suppress(ServiceError, OSError):
        if path.exists():
            database = await Database.open(path, clock)
            try:
                signed_out = LimitsState(standing=Standing.SIGNED_OUT)
                await LimitStore(database, clock).set_status(signed_out)
            finally:
                await database.close()


async def _purge_limits(arguments: Namespace, settings: Settings, output: Output) -> int:
    from app.cli import limits
    from services.store.limits import LimitStore

    async with _stored(settings, output) as (database, clock):
        return await limits.purge(LimitStore(database, clock), clock.now(), arguments, output)


async def _run_chats(arguments: Namespace, settings: Settings, output: Output) -> int:
    """Chats are read without a provider, so also where none is set up."""
    from app.cli import chats
    from services.store.chats import ChatStore

    async with _stored(settings, output) as (database, clock):
        return await chats.run(ChatStore(database, clock), arguments, output)


@asynccontextmanager
async def _stored(
    settings: Settings, output: Output
) -> AsyncGenerator["tuple[Database, SystemClock]"]:
    """What is stored on this machine; the demo sees none of it."""
    from services.clock import SystemClock
    from services.store.database import Database

    clock = SystemClock()
    if settings.demo:
        database = await Database.in_memory(clock)
    else:
        database = await Database.open(settings.folders.data / "foredeck.db", clock)
    try:
        for notice in database.notices:
            output.say(f"note: {notice}")
        yield database, clock
    finally:
        await database.close()


def _open(arguments: Namespace, settings: Settings) -> "AbstractAsyncContextManager[Services]":
    if settings.demo:
        from app.demo import open_demo

        return open_demo(settings)
    from app.wiring import open_services

    return open_services(
        settings,
        save=not getattr(arguments, "no_save", False),
        is_interactive=arguments.command is None,
        is_polling=_follows(arguments) or None,
    )


def _follows(arguments: Namespace) -> bool:
    """Whether a command goes on for long, and so sees what other programs read of the limits."""
    is_watch = getattr(arguments, "limits_command", None) == "watch"
    return is_watch or bool(getattr(arguments, "until_reset", False))


def _far_host(provider: "Provider") -> str:
    """The host that answers, where it is neither OpenAI's own nor this machine."""
    from app.providers import overridden_host

    # Plain http is refused for any other machine, so it names this one.
    return overridden_host(provider) if provider.base_url.startswith("https:") else ""
