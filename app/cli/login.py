"""`foredeck login`, `login status` and `logout`: the account of this machine."""

import argparse
import asyncio
import os
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from app.browser import has_browser
from app.cli.output import EXIT_FAILED, EXIT_OK, Output
from app.cli.typed import Lines, read_key
from app.providers import KEY, sendable_key
from app.settings import Settings
from app.sign_in_ways import Way, first_way, has_desktop, is_in_container, is_remote
from app.waits import Waits
from services.errors import CredentialsError, NotFoundError, StorageError, UsageError
from services.models.account import Account, AccountMode, LogoutResult, StoragePlace
from services.models.failure import as_sentence

if TYPE_CHECKING:
    from services.auth.service import AuthService
    from services.auth.settings import LoginMethod

WARNING: Final = (
    "warning: Type it on that page only, and only because you started this yourself. Whoever is "
    "given the code can use your account."
)


def add_parser(subparsers: Any) -> None:
    """Add `login` and `login status`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "login",
        help="sign in, and who is signed in",
        description="Sign in with ChatGPT, or with an API key. The login is shared with the Codex "
        "CLI unless\nthe configuration says otherwise. Without a flag the way is chosen: by "
        "browser where there\nis a desktop, else by a code; codes must be enabled in the security "
        "settings of ChatGPT.",
        epilog="examples:\n  foredeck login\n  foredeck login --device\n"
        "  printenv MY_KEY | foredeck login --api-key-stdin\n  foredeck login status --json",
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--browser", action="store_true", help="by a page that comes back here")
    ways.add_argument("--device", action="store_true", help="by a code, on any device")
    ways.add_argument("--api-key-stdin", action="store_true", help="with an API key from stdin")
    parser.add_argument("--no-open", action="store_true", help="open no browser")
    parser.add_argument("--json", action="store_true", help="print the status once signed in")
    commands = parser.add_subparsers(dest="login_command", metavar="COMMAND")
    status = commands.add_parser(
        "status",
        help="who is signed in; exit 3 where nobody is",
        description="Say who is signed in, without asking any server.",
        epilog="example: foredeck login status --json",
    )
    # Its default must not overwrite what stood before `status`.
    status.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON document"
    )


def add_logout_parser(subparsers: Any) -> None:
    """Add `logout`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "logout",
        help="sign out",
        description="Delete the login, then have the issuer revoke it. Where the login is shared, "
        "the Codex\nCLI is signed out too.",
        epilog="example: foredeck logout",
    )
    parser.add_argument(
        "--keep-remote", action="store_true", help="delete only; its tokens stay valid"
    )


def prepare(arguments: Namespace, output: Output) -> None:
    """Read a key before anything is opened.

    Raises:
        UsageError: The flags do not fit together, or there is no key.
    """
    is_way_named = arguments.browser or arguments.device or arguments.api_key_stdin
    if arguments.login_command and (is_way_named or arguments.no_open):
        raise UsageError("login status takes no way to sign in", next_step="Leave it out")
    arguments.key = (
        read_key(output, may_ask=not arguments.no_input) if arguments.api_key_stdin else None
    )


async def run(auth: "AuthService", arguments: Namespace, output: Output) -> int:
    """Sign in, and tell as whom.

    Returns:
        0, or 1 where the browser's answer could not be listened for.

    Raises:
        ServiceError: It did not work; whoever was signed in before still is.
    """
    from services.auth.flows.browser import PortTakenError

    try:
        account = await _sign_in(auth, arguments, output)
    except PortTakenError as error:
        other = "Sign in with foredeck login --device, or close what holds the port"
        output.fail(replace(error.failure, next_step=other))
        return EXIT_FAILED
    output.say(f"note: {as_sentence(_words(account))}")
    for notice in account.notices:
        output.say(f"note: {as_sentence(notice)}")
    if output.is_json:
        output.document(status_values(account))
    return EXIT_OK


async def _sign_in(auth: "AuthService", arguments: Namespace, output: Output) -> Account:
    if arguments.key is not None:
        await _require(auth, "api")
        return await auth.use_api_key(arguments.key)
    await _require(auth, "chatgpt")
    if _way(arguments, os.environ) is Way.BROWSER:
        return await _by_browser(auth, arguments, output)
    try:
        return await _by_code(auth, output)
    except NotFoundError as error:
        if arguments.device:
            raise
        output.say(f"note: {as_sentence(error.message)} A browser does it instead.")
        return await _by_browser(auth, arguments, output)


async def _require(auth: "AuthService", method: "LoginMethod") -> None:
    """Find out whether a login would be kept, before anybody is asked for one.

    Raises:
        UsageError: It would end with this command.
        CredentialsError: Codex's configuration does not allow this way.
        StorageError: It could not be written where it belongs.
    """
    if auth.settings.store == "ephemeral":
        raise UsageError(
            "auth.store is ephemeral, so the login would end with this command",
            next_step="Sign in inside foredeck, or keep logins in a file or keyring",
        )
    await auth.check(method)


def _way(arguments: Namespace, environ: Mapping[str, str]) -> Way:
    if arguments.browser or arguments.device:
        return Way.BROWSER if arguments.browser else Way.DEVICE
    return first_way(
        environ,
        platform=sys.platform,
        is_container=is_in_container(),
        has_browser=has_browser(environ),
    )


async def _by_browser(auth: "AuthService", arguments: Namespace, output: Output) -> Account:
    async with auth.browser_login() as attempt:

        def take(line: str) -> None:
            try:
                attempt.paste(line)
            except UsageError as error:
                output.say(f"note: {error.failure.line}")

        output.say(f"Open this address in a browser to sign in:\n\n{attempt.url}\n")
        with Lines(take, may_ask=not arguments.no_input) as lines:
            if lines.are_read:
                output.say(
                    "Where the browser cannot come back to this machine, paste the address that "
                    "it ends at, and press Enter."
                )
            output.say(f"Waiting until {_hour(attempt.ends_at)}. Ctrl-C stops.")
            if not arguments.no_open and has_desktop(os.environ) and not is_remote(os.environ):
                await _open(attempt.url, arguments.surroundings, output)
            grant = await attempt.wait()
        # Before the port is given back, which a signal may interrupt: what came would be lost.
        return await auth.accept(grant)


async def _open(url: str, surroundings: Mapping[str, str], output: Output) -> None:
    from app.browser import open_and_watch

    try:
        await open_and_watch(url, environ=surroundings)
    except UsageError as error:
        output.say(f"note: {error.failure.line}")


async def _by_code(auth: "AuthService", output: Output) -> Account:
    async with auth.device_login() as attempt:
        code = attempt.code
        output.say(
            f"Open this page on any device:\n\n{code.page}\n\nand type this code there:\n\n"
            f"{code.code}\n"
        )
        output.say(WARNING)
        output.say(f"The code is good until {_hour(code.ends_at)}. Ctrl-C stops.")

        def tell(trouble: str) -> None:
            output.say(f"note: {as_sentence(trouble or 'The server answers again')}")

        return await auth.accept(await attempt.wait(tell))


def _hour(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))


async def run_status(settings: Settings, output: Output) -> int:
    """Say who is signed in, without asking any server.

    Returns:
        0, or 3 where nobody is.
    """
    from app.accounts import auth_settings, login_storage
    from services.auth.summary import account_of_stored

    account, problem, step = Account(), "", "Sign in with foredeck login"
    how = auth_settings(settings, os.environ)
    try:
        if settings.profile != "api":
            storage = login_storage(how, os.environ, is_interactive=True)
            account = Account(notices=how.notices)
            stored = await storage.load()
            account = account_of_stored(stored, how, is_shared=storage.is_shared)
            problem = stored.problem
    except (StorageError, CredentialsError) as error:
        problem, step = error.message, error.next_step or step
    if account.mode is AccountMode.NONE and not problem:
        try:
            account = replace(_account_of_key(os.environ), notices=account.notices)
        except CredentialsError as error:
            problem, step = error.message, error.next_step
    if output.is_json:
        output.document(status_values(account))
    elif account.mode is not AccountMode.NONE:
        values = status_values(account)
        output.table(
            ("what", "value"), [(name, _text(name, value)) for name, value in values.items()]
        )
    for notice in account.notices:
        if notice != problem:
            output.say(f"note: {as_sentence(notice)}")
    if account.mode is AccountMode.NONE:
        failure = CredentialsError(problem or "Nobody is signed in", next_step=step)
        return output.fail(failure.failure)
    return EXIT_OK


def _account_of_key(environ: Mapping[str, str]) -> Account:
    """Whose calls are paid where no login is stored.

    Raises:
        CredentialsError: The key is set and cannot be sent.
    """
    key = environ.get(KEY, "").strip()
    if not key:
        return Account()
    sendable_key(key, KEY)
    return Account(mode=AccountMode.API_KEY, storage=StoragePlace.ENVIRONMENT, place=KEY)


async def run_logout(auth: "AuthService", arguments: Namespace, output: Output) -> int:
    """Sign out, and tell what could not be done.

    Returns:
        0: no login is stored afterwards.

    Raises:
        StorageError: The login could not be deleted.
    """
    was_shared, problem = auth.account.shared_with_codex, auth.problem
    issuer = auth.account.issuer or "OpenAI"
    telling = f"Telling {issuer} to end the login there too, for 10 s at most."
    is_gone = asyncio.Event()
    with Waits(output.say) as waits:

        def deleted() -> None:
            is_gone.set()
            waits.wait(f"note: Signed out here. {telling}")

        waits.wait("note: Signing out.")
        signing_out = asyncio.ensure_future(
            auth.logout(keep_remote=arguments.keep_remote, deleted=deleted)
        )
        try:
            result = await asyncio.shield(signing_out)
        except asyncio.CancelledError:
            if not is_gone.is_set():
                signing_out.cancel()
                raise
            output.say("note: Signed out here. Ctrl-C again leaves the tokens valid.")
            tell_problem(await signing_out, output)
            raise
    if result.was_signed_in:
        also = ", and so is the Codex CLI, which shared the login" if was_shared else ""
        output.say(f"note: You are signed out{also}.")
    else:
        output.say("note: Nobody was signed in.")
    if problem and result.is_revoked is None:
        output.say("warning: The login could not be read, so it was deleted and not revoked.")
    elif result.is_revoked is False:
        tell_problem(result, output)
    elif result.was_signed_in and arguments.keep_remote:
        output.say("note: Nothing was revoked; the tokens stay valid until they expire.")
    try:
        if _account_of_key(os.environ).mode is AccountMode.API_KEY:
            output.say(f"note: {KEY} is set, and is used from now on.")
    except CredentialsError as error:
        output.say(f"note: {error.failure.line}")
    return EXIT_OK


def tell_problem(result: LogoutResult, output: Output) -> None:
    """Say what could not be revoked."""
    if result.is_revoked is False:
        output.say(f"warning: {as_sentence(result.problem)} They stay valid until they expire.")


def status_values(account: Account) -> dict[str, Any]:
    """Who is signed in, as scripts read it. The keys: docs/cli.md."""
    return {
        "mode": account.mode.value,
        "email": account.email,
        "plan": account.plan,
        "account_id": account.account_id,
        "storage": account.storage.value if account.storage is not None else None,
        "expires_at": _seconds(account.expires_at),
        "refreshed_at": _seconds(account.refreshed_at),
        "shared_with_codex": account.shared_with_codex,
    }


def _seconds(at: float | None) -> int | None:
    return None if at is None else int(at)


def _text(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith("_at"):
            return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(value))
        case _:
            return str(value)


def _words(account: Account) -> str:
    if account.mode is AccountMode.API_KEY:
        who = f"Signed in with an API key ({account.key_hint})"
    else:
        who = f"Signed in with ChatGPT as {account.email or account.account_id or 'somebody'}"
        who += f" ({account.plan_name})" if account.plan else ""
    if account.place:
        who += f"; kept in {account.place}"
    return who + (", shared with the Codex CLI" if account.shared_with_codex else "")
