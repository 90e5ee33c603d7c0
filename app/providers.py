"""Which server answers, by flags, configuration and environment."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from app.settings import Settings, Table
from app.version import __version__
from services.auth.calls.origins import check_chatgpt_base
from services.auth.provider import (
    DEFAULT_CHATGPT_BASE_URL,
    DEFAULT_OPENAI_BASE_URL,
    GOV_OPENAI_BASE_URL,
    SignInProvider,
    openai_base_url,
)
from services.auth.signed_out import signed_out
from services.errors import CredentialsError, UsageError
from services.headers import is_header, is_header_name, is_sendable
from services.hosts import is_loopback
from services.models.account import AccountMode
from services.provider import Provider, Secret, Wire

OPENAI_BASE_URL = DEFAULT_OPENAI_BASE_URL
OWN_BASE_URLS = (OPENAI_BASE_URL, GOV_OPENAI_BASE_URL)
"""OpenAI's own."""
CODEX_BASE_URL = f"{DEFAULT_CHATGPT_BASE_URL}/codex"
PROTOCOL_VERSION = "0.169.0"
"""The Codex whose protocol we speak; the ChatGPT backend lists models by it."""
KEY = "OPENAI_API_KEY"
ORGANIZATION: Mapping[str, str] = {
    "OPENAI_ORGANIZATION": "OpenAI-Organization",
    "OPENAI_PROJECT": "OpenAI-Project",
}
"""Variables that say who pays for the calls of a key, and the headers they go into."""
LOCAL_SERVERS: Mapping[str, tuple[str, str]] = {
    "ollama": ("Ollama", "http://127.0.0.1:11434/v1"),
    "lmstudio": ("LM Studio", "http://127.0.0.1:1234/v1"),
}


def choose_provider(
    settings: Settings, environ: Mapping[str, str], login: AccountMode | None = AccountMode.NONE
) -> Provider | None:
    """The provider of this run, or None where nothing is set up yet.

    A login comes before a key of the environment, but with `--profile api`. The choice holds for
    the whole run: a login that fails later never falls through to the key.

    Args:
        settings: Of this run.
        environ: Environment variables.
        login: What is signed in; None where that is not known, which counts as ChatGPT.

    Raises:
        UsageError: An address or a table that cannot be used.
        CredentialsError: A key or login that the configuration asks for is not there.
    """
    wanted = settings.provider
    if wanted is not None and wanted in settings.providers:
        return _configured(wanted, settings.providers[wanted], settings, environ)
    if wanted is not None and wanted in LOCAL_SERVERS:
        name, url = LOCAL_SERVERS[wanted]
        return Provider(id=wanted, name=name, base_url=url, wire=_wire(settings, "responses"))
    if wanted == "chatgpt" and login is not None and login is not AccountMode.CHATGPT:
        raise signed_out()
    wants_key = wanted == "openai" or settings.profile == "api"
    if wanted == "chatgpt" or (not wants_key and login in {None, AccountMode.CHATGPT}):
        return _chatgpt(settings)
    if wanted not in {None, "openai"}:
        known = ", ".join(["chatgpt", "openai", *LOCAL_SERVERS, *settings.providers])
        raise UsageError(
            f'There is no provider "{wanted}"', next_step=f"Known are {known}", code="provider"
        )
    key = environ.get(KEY, "").strip()
    has_login = login is AccountMode.API_KEY and settings.profile != "api"
    if settings.openai_base_url is None and not key and not has_login:
        if wants_key:
            raise CredentialsError(
                f"OpenAI wants an API key, and {KEY} is not set",
                next_step=f"Set {KEY}, or choose another provider",
            )
        return None
    key = "" if has_login else key
    url = checked_url(settings.openai_base_url or openai_base_url(key))
    is_openai = url in OWN_BASE_URLS
    return Provider(
        id="openai",
        name="OpenAI" if is_openai else urlsplit(url).netloc.rpartition("@")[2],
        base_url=url,
        wire=_wire(settings, "responses"),
        key=sendable_key(key, KEY) if key else None,
        key_source="the stored API key" if has_login else KEY,
        wants_login=has_login,
        headers=_of_organization(environ),
    )


def _chatgpt(settings: Settings) -> Provider:
    base = check_chatgpt_base(
        settings.chatgpt_base_url or "", allow_hosts=settings.allow_token_hosts
    )
    return Provider(
        id="chatgpt",
        name="ChatGPT",
        base_url=f"{base}{SignInProvider().inference_path}",
        wants_login=True,
        client_version=PROTOCOL_VERSION,
        headers=(("version", __version__),),
    )


def overridden_host(provider: Provider | None) -> str:
    """The host to name in header and on stderr, where it is not OpenAI's own; else empty."""
    if provider is None or provider.base_url in {*OWN_BASE_URLS, CODEX_BASE_URL}:
        return ""
    return urlsplit(provider.base_url).netloc.rpartition("@")[2]


def checked_url(url: str) -> str:
    """A base URL that may be used, without a slash at its end.

    Raises:
        UsageError: No http(s) address, or plain http to another machine.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(
            f'"{url}" is not the address of a server',
            next_step="Write it like http://127.0.0.1:11434/v1",
        )
    if parts.username or parts.password:
        raise UsageError(
            "The server's address must not hold a name or password",
            next_step=f"Put the key into {KEY}",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"{host} is another machine, and http would show it to everyone between",
            next_step="Use https, or a tunnel to 127.0.0.1",
        )
    return url.strip().rstrip("/")


def _wire(settings: Settings, default: Wire) -> Wire:
    match settings.transport:
        case "chat":
            return "chat"
        case "sse":
            return "responses"
        case _:
            return default


def _configured(
    identifier: str, table: Table, settings: Settings, environ: Mapping[str, str]
) -> Provider:
    url = table.get("base_url")
    if not isinstance(url, str):
        raise UsageError(
            f"providers.{identifier}.base_url is missing",
            next_step="Write the address of the server there",
        )
    wire = table.get("wire_api", "responses")
    if wire not in {"responses", "chat"}:
        raise UsageError(f"providers.{identifier}.wire_api must be responses or chat")
    key, source = _key(identifier, table, environ)
    return Provider(
        id=identifier,
        name=str(table.get("name", identifier)),
        base_url=checked_url(url),
        wire=_wire(settings, cast("Wire", wire)),
        key=key,
        key_source=source,
        headers=_headers(identifier, table, environ),
        query=tuple(_texts(identifier, table, "query_params").items()),
        idle_timeout=_number(identifier, table, "stream_idle_timeout_ms", 300_000) / 1000,
        request_retries=int(min(100, _number(identifier, table, "request_max_retries", 4))),
        stream_retries=int(min(100, _number(identifier, table, "stream_max_retries", 5))),
        default_model=cast("str | None", table.get("model")),
        extra_body=tuple(cast("Mapping[str, object]", table.get("body", {})).items()),
    )


def _key(identifier: str, table: Table, environ: Mapping[str, str]) -> tuple[Secret | None, str]:
    name = table.get("env_key")
    if not isinstance(name, str):
        return None, ""
    value = environ.get(name, "").strip()
    if not value:
        raise CredentialsError(
            f"{name} is not set, and the provider {identifier} wants it",
            next_step=str(table.get("env_key_instructions", f"Set {name}")),
        )
    return sendable_key(value, name), name


def _headers(
    identifier: str, table: Table, environ: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    headers = _header_texts(identifier, table, "http_headers")
    for header, value in headers.items():
        if not is_header(value):
            from services.clean import clean_line

            place = clean_line(f"providers.{identifier}.http_headers.{header}")
            raise UsageError(
                f"{place} holds characters that no header can carry", next_step="Write it anew"
            )
    for header, name in _header_texts(identifier, table, "env_http_headers").items():
        if value := environ.get(name, "").strip():
            if not is_header(value):
                from services.clean import clean_line

                raise CredentialsError(
                    f"{clean_line(name)} holds characters that no header can carry",
                    next_step="Set it again, in one line",
                    code="header",
                )
            headers[header] = value
    return tuple(headers.items())


def _header_texts(identifier: str, table: Table, key: str) -> dict[str, str]:
    texts = _texts(identifier, table, key)
    for name in texts:
        if not is_header_name(name):
            from services.clean import clean_line

            raise UsageError(
                clean_line(f'"{name}" in providers.{identifier}.{key} is no name of a header'),
                next_step="Write it like X-Team",
            )
    return texts


def _of_organization(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, header in ORGANIZATION.items():
        value = environ.get(name, "").strip()
        if value and not is_sendable(value):
            raise UsageError(
                f"{name} holds characters that no id has", next_step="Set it again, or unset it"
            )
        if value:
            found.append((header, value))
    return tuple(found)


def sendable_key(key: str, variable: str) -> Secret:
    """A key that a header can carry.

    Args:
        key: Without blanks around it.
        variable: Where it comes from, for the message.

    Raises:
        CredentialsError: It holds what no key holds.
    """
    if not is_sendable(key):
        from services.clean import clean_line

        raise CredentialsError(
            f"{clean_line(variable)} holds characters that no key has",
            next_step="Set it again, whole and in one line",
            code="key",
        )
    return Secret(key)


def _texts(identifier: str, table: Table, key: str) -> dict[str, str]:
    value: Any = table.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"providers.{identifier}.{key} must be a table")
    return {str(k): str(v) for k, v in cast("dict[str, Any]", value).items()}


def _number(identifier: str, table: Table, key: str, default: float) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise UsageError(f"providers.{identifier}.{key} must be a number of 0 or more")
    return float(value)
