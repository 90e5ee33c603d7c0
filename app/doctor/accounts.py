"""The login: where it lies, whether it is whole and private, and whose it is."""

import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.doctor.finding import Surroundings, Verdict, failed, fine, skipped, warning
from app.doctor.keeping import USES_KEYRING
from app.settings import Settings
from services.auth.settings import AuthSettings
from services.errors import CredentialsError, ServiceError
from services.models.account import Account, AccountMode

_OWN: Final = "not shared with the Codex CLI"
_SHARED: Final = "shared with the Codex CLI"
_READ_ONLY: Final = "of the Codex CLI, which is never written"


def surroundings(
    settings: Settings, environ: Mapping[str, str] = os.environ, *, is_offline: bool
) -> Surroundings:
    """What checks look at, with the settings of sign-in where they can be used."""
    from app.accounts import auth_settings

    try:
        auth: AuthSettings | ServiceError = auth_settings(settings, environ)
    except ServiceError as error:
        auth = error
    return Surroundings(settings=settings, environ=environ, is_offline=is_offline, auth=auth)


def server_urls(around: Surroundings) -> dict[str, str]:
    """The servers of this run by the ids of their checks, as far as they are known."""
    match around.auth:
        case AuthSettings() as auth:
            return {
                "issuer": auth.provider.issuer,
                "chatgpt": auth.provider.chatgpt_base_url,
                "openai": auth.openai_base_url,
            }
        case _:
            return {}


def sign_in(around: Surroundings) -> Verdict:
    """Where a login is kept, and how.

    Raises:
        ServiceError: It cannot be said, since `CODEX_HOME` or an address is wrong.
    """
    from app.accounts import overrides

    auth = around.auth
    if isinstance(auth, ServiceError):
        raise auth
    hosts = overrides(around.settings)
    if _is_of_environment(around.environ):
        found, notices = f"taken from the environment, {_OWN}", ()
    else:
        found = f"kept in {_store_words(auth)}, {_sharing_words(auth)}; home {auth.home}"
        notices = auth.notices
    if not hosts and not notices:
        return fine(found)
    steps = (
        *(("Tokens go there only where allow_token_hosts names it",) if hosts else ()),
        *(("Leave auth.store out, or set auth.mode to own",) if notices else ()),
    )
    return warning("; ".join((found, *notices, *hosts)), "; ".join(steps))


def _is_of_environment(environ: Mapping[str, str]) -> bool:
    """Whether a variable signs in; one that cannot be used is told with the account."""
    from services.auth.precedence import environment_mode

    try:
        return environment_mode(environ, is_interactive=True) is not None
    except CredentialsError:
        return False


def _sharing_words(auth: AuthSettings) -> str:
    from services.auth.stores.opening import open_storage

    if not open_storage(auth).is_shared:
        return _OWN
    return _READ_ONLY if auth.mode == "read_only" else _SHARED


def _store_words(auth: AuthSettings) -> str:
    match auth.store:
        case "file":
            return "a file"
        case "keyring":
            return "the keyring"
        case "auto":
            return "the keyring, or a file where there is none"
        case "ephemeral":
            return "memory, for one run only"


def codex(around: Surroundings) -> Verdict:
    """What the configuration of the Codex CLI says about the login that is shared with it."""
    from services.auth.stores.home import find_codex_home, read_codex_config

    auth = around.auth
    if isinstance(auth, ServiceError) or around.settings.auth_mode == "own":
        return skipped("its home is not used")
    # Its configuration counts also for a login of our own beside it, and tells why it is one.
    home = find_codex_home(around.environ) if auth.mode == "own" else auth.home
    config = read_codex_config(home)
    said = [f"credentials store {config.store or 'not set, so file'}"]
    if config.workspaces:
        said.append(f"only workspace {' or '.join(config.workspaces)}")
    if config.login_method:
        said.append(f"only login method {config.login_method}")
    if config.uses_encrypted_file and config.store in USES_KEYRING:
        said.append("it keeps the login in an encrypted file, which cannot be shared")
    found = "; ".join((*said, *config.problems))
    path = home / "config.toml"
    return warning(found, f"Correct {path}") if config.problems else fine(found)


async def auth_file(around: Surroundings) -> Verdict:
    """Whether `auth.json` is there, whole, private and ours. Nothing about it is changed.

    Raises:
        StorageError: It is not ours, no plain file, or cannot be read.
    """
    from services.auth.stores.document import parse
    from services.auth.stores.files import AuthFile
    from services.auth.stores.limited import run_limited
    from services.clock import SystemClock

    auth = around.auth
    if isinstance(auth, ServiceError):
        return skipped("its place is not known")
    path = auth.home / "auth.json"
    if auth.store == "ephemeral":
        return skipped("the login is kept in memory only")
    lying = AuthFile(auth.home, SystemClock(), may_write=False)
    found = await run_limited(lambda _: lying.read(), auth.keyring_timeout)
    if found.content is None:
        return fine(f"{path} does not exist")
    reading = parse(found.content, path.name)
    if reading.problem:
        return failed(
            f"{path}: {reading.problem}; it is left alone",
            "Sign in with foredeck login, which keeps a dated copy of it",
        )
    if exposed := _exposed(path):
        return warning(exposed[0], exposed[1])
    if reading.notices:
        return warning("; ".join(reading.notices), "Sign in again with foredeck login")
    target = f", a link to {path.resolve()}" if path.is_symlink() else ""
    if auth.store == "keyring":
        return fine(f"{path}{target} is whole, but the keyring counts")
    return fine(f"{path}{target} is whole, and only its owner can read it")


def _exposed(path: Path) -> tuple[str, str] | None:
    """Who else can get at the file, and what helps."""
    state = path.stat()
    if stat.S_IMODE(state.st_mode) & 0o077:
        return f"{path} can be read by other users ({state.st_mode & 0o777:04o})", (
            f"chmod 600 {path}"
        )
    if state.st_nlink > 1:
        return f"{path} has a second name (a hard link)", "Remove one of the two names"
    if path.resolve().parent.stat().st_mode & 0o022:
        folder = path.resolve().parent
        return f"others can write {folder}, and so replace {path.name}", f"chmod go-w {folder}"
    return None


async def account(around: Surroundings) -> Verdict:
    """Who is signed in, masked, and for how long.

    Raises:
        ServiceError: The place of the login cannot be reached, or a variable is wrong.
    """
    from app.providers import KEY, sendable_key
    from services.auth.precedence import environment_storage
    from services.auth.stores.opening import open_storage
    from services.auth.summary import account_of_stored

    auth = around.auth
    if isinstance(auth, ServiceError):
        return skipped("the place of the login is not known")
    of_environment = environment_storage(around.environ, is_interactive=True)
    if of_environment is not None:
        variable = (await of_environment.load()).place
        return fine(f"signed in by {variable}")
    # Nothing is changed there by looking.
    storage = open_storage(auth, is_read_only=True)
    stored = await storage.load()
    if stored.problem:
        copy = "" if stored.barred else ", which keeps a dated copy"
        return failed(stored.problem, f"Sign in with foredeck login{copy}")
    found = account_of_stored(stored, auth, is_shared=storage.is_shared)
    if found.mode is not AccountMode.NONE:
        return judge_account(found, time.time())
    if key := around.environ.get(KEY, "").strip():
        sendable_key(key, KEY)
        return fine(f"nobody is signed in; {KEY} is used")
    return warning("nobody is signed in", "Sign in with foredeck login")


def judge_account(account: Account, now: float) -> Verdict:
    """Who that is, and how long it lasts.

    Args:
        account: Somebody.
        now: Unix seconds.
    """
    if account.mode is AccountMode.API_KEY:
        return fine(f"signed in with an API key ({account.key_hint})")
    name = account.masked_email or "ChatGPT"
    found = f"signed in as {name}, plan {account.plan_name}"
    if account.expires_at is None:
        return fine(f"{found}; the token does not say when it ends")
    left = account.expires_at - now
    if left > 0:
        return fine(f"{found}; the token ends in {_span(left)}, and is renewed before")
    if account.is_read_only:
        return warning(f"{found}; the token has ended", "Start Codex, which renews it")
    return fine(f"{found}; the token ended {_span(-left)} ago, and is renewed with the next call")


def _span(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.0f} h" if seconds < 2 * 86_400 else f"{seconds / 86_400:.0f} days"
