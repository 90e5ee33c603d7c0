"""From the command line to a command or the app."""

import gc
import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from app.private import stay_private
from app.settings import Settings, load_settings
from services.errors import CredentialsError, ServiceError

if TYPE_CHECKING:
    from app.foredeck import OpenServices, StartAgain
    from app.wiring import Services
    from services.provider import Provider

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str]) -> int:
    """Run what the command line says.

    Args:
        argv: Arguments without the program's name.

    Returns:
        The exit code.
    """
    from app.cli.parser import parse

    stay_private()
    arguments = parse(argv)
    if arguments.command is not None:
        from app.cli.dispatch import run_command

        return run_command(arguments)
    return run_app(arguments)


def run_app(arguments: Namespace) -> int:
    """Open the full-screen app until the user leaves it, or the plain conversation.

    Returns:
        The exit code.
    """
    settings = load_settings(vars(arguments))
    if settings.plain:
        from app.cli.dispatch import run_command

        return run_command(arguments)
    if settings.no_input:
        sys.stderr.write("error: The app needs somebody who types. Without one use foredeck ask.\n")
        return EXIT_USAGE
    # What is made before the first frame stays: looking through it for cycles again and again takes
    # a quarter of the start. `Foredeck` switches the collector on again.
    gc.disable()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.stderr.write(
            "error: The app needs a terminal. In scripts and pipes use foredeck ask.\n"
        )
        return EXIT_USAGE
    from app.logs import log_end, log_start

    notice = log_start(settings, "app") or ""
    from app.foredeck import Foredeck

    prompt = arguments.prompt or ""
    again: StartAgain | None = None
    while True:
        if again is not None:
            settings = replace(settings, demo=again.demo)
            notice = again.notice or _kept(again, settings)
            prompt = again.draft or prompt
        try:
            open_services, host = _opener(settings, again)
        except ServiceError as error:
            sys.stderr.write(f"error: {error.failure.line}\n")
            return EXIT_USAGE
        app = Foredeck(settings, open_services, prompt=prompt, host=host, notice=notice)
        if open_services is not None:
            # From here on it is a draft, which is kept.
            prompt = ""
        try:
            again = app.run(mouse=settings.mouse)
        except KeyboardInterrupt:
            # Before the app listens for signals.
            return EXIT_INTERRUPTED
        if again is None:
            log_end(app.return_code or 0)
            return app.return_code or 0


def _kept(again: "StartAgain", settings: Settings) -> str:
    """Keep the server that the welcome found, and say so; empty where there is none."""
    from app.remember import NAME, remember_server

    if again.provider is None or again.provider.id != NAME:
        return ""
    return remember_server(again.provider, settings.folders.config_file)


def _opener(
    settings: Settings, again: "StartAgain | None", environ: Mapping[str, str] = os.environ
) -> "tuple[OpenServices | None, str]":
    """How services will be opened, and the host to name in the header."""
    if settings.demo:
        return lambda: _open_demo(settings), "demo"
    if again is not None and again.is_welcome:
        return None, ""
    from app.accounts import expected_mode, overrides
    from app.providers import choose_provider, overridden_host
    from services.auth.signed_out import SIGNED_OUT
    from services.models.account import AccountMode

    named = again.provider if again else None
    # Others want no login, so what is wrong with that of Codex is no matter.
    may_be_login = named is None and settings.provider in {None, "openai", "chatgpt"}
    try:
        mode = expected_mode(settings, environ) if may_be_login else AccountMode.NONE
        provider = named or choose_provider(settings, environ, mode)
    except CredentialsError as error:
        if error.code != SIGNED_OUT:
            raise
        # Opening the services says the same, and the screen of sign-in follows.
        return lambda: _open_real(settings, None), ""
    if provider is None:
        return None, ""
    # Who is signed in is read anew with the services; a keyring may take its time.
    host = overridden_host(provider)
    if not host and provider.wants_login:
        host = next((said.rpartition(" ")[2] for said in overrides(settings)), "")
    return lambda: _open_real(settings, named), host


def _open_demo(settings: Settings) -> "AbstractAsyncContextManager[Services]":
    from app.demo import open_demo

    return open_demo(settings)


def _open_real(
    settings: Settings, provider: "Provider | None"
) -> "AbstractAsyncContextManager[Services]":
    from app.wiring import open_services

    return open_services(settings, provider=provider)
