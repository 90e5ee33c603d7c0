"""From configuration to sign-in: where the login lies, who gives it, and what opens it."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from app.settings import Settings
from app.version import __version__
from services.auth.calls.origins import (
    check_chatgpt_base,
    check_override,
    read_url,
)
from services.auth.calls.user_agent import choose_originator, user_agent
from services.auth.precedence import environment_mode, environment_storage
from services.auth.provider import (
    DEFAULT_CHATGPT_BASE_URL,
    DEFAULT_ISSUER,
    DEFAULT_OPENAI_BASE_URL,
    SignInProvider,
)
from services.auth.settings import AuthSettings, StoreMode
from services.auth.signed_out import SIGNED_OUT
from services.auth.stores.home import CodexConfig, find_codex_home, peek, read_codex_config
from services.errors import CredentialsError, UsageError
from services.hosts import is_loopback
from services.models.account import AccountMode

if TYPE_CHECKING:
    import httpx

    from services.auth.service import AuthService
    from services.auth.stores.storage import CredentialStorage
    from services.bus import EventBus
    from services.clock import Clock
    from services.provider import Provider, Secret

CODEX_KEEPS: Final[dict[StoreMode, str]] = {
    "file": "in a file",
    "keyring": "in the keyring",
    "auto": "in the keyring, else in a file",
    "ephemeral": "in memory",
}
"""Where Codex has its login, by the mode of its store."""


def auth_settings(settings: Settings, environ: Mapping[str, str] = os.environ) -> AuthSettings:
    """How this run signs in. Reads Codex's configuration, nothing else.

    A store other than Codex's makes the login our own: at the same home, what one program stores
    would be what the other deletes or never finds. In memory nothing is shared anyway, and a login
    that is only read lies where Codex keeps it.

    Raises:
        UsageError: `CODEX_HOME` or an address cannot be used.
    """
    hosts = settings.allow_token_hosts
    mode, store, notice = settings.auth_mode, settings.auth_store, ""
    own_home = settings.folders.data / "login"
    if mode == "own":
        home, codex = own_home, CodexConfig()
    else:
        home = find_codex_home(environ)
        codex = read_codex_config(home)
        if codex.errors:
            raise UsageError(codex.errors[0], next_step="Mend it there, as Codex wants it too")
        theirs = codex.store or "file"
        keeps = f"Codex keeps its login {CODEX_KEEPS[theirs]}"
        is_other = store is not None and store != theirs
        if is_other and mode == "read_only":
            notice = f"auth.store is {store}, but auth.mode is read_only, and {keeps}: that counts"
            store = theirs
        elif is_other and store != "ephemeral":
            ours = "this login is our own, and Codex's is left alone"
            notice = f"auth.store is {store}, and {keeps}: {ours}"
            mode, home = "own", own_home
    base = settings.openai_base_url or DEFAULT_OPENAI_BASE_URL
    provider = SignInProvider(
        issuer=check_override(
            settings.issuer or "", what="FOREDECK_ISSUER", default=DEFAULT_ISSUER, allow_hosts=hosts
        ),
        chatgpt_base_url=check_chatgpt_base(settings.chatgpt_base_url or "", allow_hosts=hosts),
        accounts_base_url=check_override(
            environ.get("CODEX_AUTHAPI_BASE_URL", ""),
            what="CODEX_AUTHAPI_BASE_URL",
            default="",
            allow_hosts=hosts,
        ),
        redirect_host=settings.oauth_redirect_host,
        originator=choose_originator(environ),
        workspaces=settings.auth_workspaces or codex.workspaces,
        wants_api_key=settings.auth_exchange_api_key,
    )
    return AuthSettings(
        mode=mode,
        store=store or codex.store or "file",
        home=home,
        keyring_timeout=settings.keyring_timeout,
        provider=provider,
        allow_token_hosts=hosts,
        only_method=codex.login_method,
        openai_base_url=base.rstrip("/"),
        uses_encrypted_file=codex.uses_encrypted_file and mode != "own",
        problems=codex.problems,
        notices=(notice,) if notice else (),
        memory=settings.memory,
    )


def expected_mode(
    settings: Settings, environ: Mapping[str, str] = os.environ, *, is_interactive: bool = True
) -> AccountMode | None:
    """Whose login probably signs the calls of this run, by a look that takes no time.

    Returns:
        None where only opening the storage would tell (a keyring).

    Raises:
        UsageError: `CODEX_HOME` or an address cannot be used.
        CredentialsError: A variable of the environment is set and cannot be used.
    """
    return environment_mode(environ, is_interactive=is_interactive) or peek(
        auth_settings(settings, environ)
    )


@asynccontextmanager
async def open_auth(
    settings: Settings,
    environ: Mapping[str, str] = os.environ,
    *,
    bus: "EventBus | None" = None,
    is_interactive: bool = True,
) -> AsyncGenerator["AuthService"]:
    """Sign-in, with what is stored read.

    Args:
        settings: Of this run.
        environ: Environment variables.
        bus: Told of changes.
        is_interactive: False for commands, where `CODEX_API_KEY` counts.

    Raises:
        UsageError: `CODEX_HOME` or an address cannot be used.
        CredentialsError: A variable of the environment is set and cannot be used.
        StorageError: The storage cannot be reached.
    """
    from services.clock import SystemClock
    from services.transport.http import create_client

    how = auth_settings(settings, environ)
    storage = login_storage(how, environ, is_interactive=is_interactive)
    clock = SystemClock()
    http = create_client(environ=environ, user_agent=user_agent(__version__, environ), clock=clock)
    async with http, make_auth(how, storage, http, clock, bus) as auth:
        yield auth


def login_storage(
    how: AuthSettings, environ: Mapping[str, str], *, is_interactive: bool
) -> "CredentialStorage":
    """Where the login of this run lies: the environment, else the configured place.

    Raises:
        CredentialsError: A variable of the environment is set and cannot be used.
    """
    from services.auth.stores.opening import open_storage

    return environment_storage(environ, is_interactive=is_interactive) or open_storage(how)


def make_auth(
    how: AuthSettings,
    storage: "CredentialStorage",
    http: "httpx.AsyncClient",
    clock: "Clock",
    bus: "EventBus | None",
) -> "AuthService":
    """Sign-in over a client that is there; nothing is read yet."""
    from services.auth.service import AuthService
    from services.inference.probe import check_key

    async def check(key: "Secret") -> None:
        await check_key(http, how.base_url_of(key), key, clock)

    return AuthService(storage, http, how, clock, check_key=check, bus=bus)


def refuse_forbidden_key(provider: "Provider | None", how: AuthSettings | None) -> None:
    """Keep a key of the environment from getting around a login that is forced.

    Raises:
        CredentialsError: Only ChatGPT is allowed here, and a key would be used.
    """
    is_key = provider is not None and provider.id == "openai" and provider.key is not None
    if is_key and how is not None and how.only_method == "chatgpt":
        raise CredentialsError(
            "Codex's configuration allows only ChatGPT here, and OPENAI_API_KEY is set",
            next_step="Sign in with ChatGPT, or change forced_login_method there",
            code=SIGNED_OUT,
        )


def overrides(settings: Settings) -> tuple[str, ...]:
    """A sentence for each address of sign-in that is neither the usual one nor this machine."""
    found: list[str] = []
    for name, url, default in (
        ("FOREDECK_ISSUER", settings.issuer, DEFAULT_ISSUER),
        ("FOREDECK_CHATGPT_BASE_URL", settings.chatgpt_base_url, DEFAULT_CHATGPT_BASE_URL),
    ):
        read = read_url(url) if url and url.rstrip("/") != default else None
        if read is not None and not is_loopback(read[0].host):
            found.append(f"{name} names {read[0].place}")
    return tuple(found)
