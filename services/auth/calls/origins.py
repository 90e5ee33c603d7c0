"""Which servers may see credentials, and which addresses may stand in for the usual ones.

Scheme, host and port are compared, never the beginning of a text. Rules: docs/protocols/auth.md.
This is read before the first frame, so nothing of the network is imported here.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from services.auth.provider import DEFAULT_CHATGPT_BASE_URL, SignInProvider
from services.auth.settings import AuthSettings
from services.errors import CredentialsError, UsageError
from services.hosts import is_loopback

if TYPE_CHECKING:
    import httpx

Kind: TypeAlias = Literal["chatgpt", "issuer", "accounts", "openai"]
"""What a server is for: calls with a login's token, sign-in itself, whose a personal token is, and
calls with an API key."""

_PORTS: Final = {"http": 80, "https": 443}
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*"
# Narrower than what URL parsers take, so that no two of them can read the same text differently.
_URL: Final = re.compile(
    rf"(?P<scheme>https?)://(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<host>{_HOST}))(?::(?P<port>\d{{1,5}}))?"
    r"(?P<path>(?:/[a-z0-9._~!$&'()*+,;=:@-]*)*)",
    re.ASCII | re.IGNORECASE,
)
_LISTED: Final = re.compile(
    rf"(?:\[[0-9a-f:.]+\]|{_HOST})(?::\d{{1,5}})?", re.ASCII | re.IGNORECASE
)


class Origin(NamedTuple):
    """A server: what has to be equal for two addresses to be the same one."""

    scheme: str
    host: str
    """Lower case, ASCII; an IPv6 address without its brackets."""
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        return is_loopback(self.host)

    @property
    def place(self) -> str:
        """Host, and the port where it is not the usual one; for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}"


def read_url(url: str) -> tuple[Origin, str] | None:
    """Origin and path of an address; None for one that is not plainly a server's base."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme = found["scheme"].lower()
    host = (found["host"] or found["six"]).lower()
    port = int(found["port"] or _PORTS[scheme])
    path = found["path"].rstrip("/")
    if not 0 < port < 65536 or {".", ".."} & set(path.split("/")):
        return None
    if found["six"]:
        try:
            host = str(ipaddress.IPv6Address(host))
        except ValueError:
            return None
    return Origin(scheme, host, port), path


def origin_of(url: "httpx.URL") -> Origin:
    """The server that a request goes to."""
    host = url.raw_host.decode("ascii", "replace").lower()
    return Origin(url.scheme, host, url.port or _PORTS.get(url.scheme, 0))


def place_of(url: str) -> str:
    """Host and port of a base URL, for people; empty for one that cannot be read."""
    found = read_url(url)
    return found[0].place if found else ""


def check_override(url: str, *, what: str, default: str, allow_hosts: Iterable[str]) -> str:
    """A base URL that stands in for a usual one, in its one spelling.

    Args:
        url: The address; blank for the usual one.
        what: Where it was set (`FOREDECK_ISSUER`), for messages.
        default: The usual address.
        allow_hosts: `allow_token_hosts`. Whether the address is among them is asked when a token
            is to be sent; here it is only made sure that they are hosts.

    Returns:
        Scheme and host in lower case, no usual port, no slash at the end.

    Raises:
        UsageError: No address of a server, or plain http to another machine.
    """
    for entry in allow_hosts:
        if not _LISTED.fullmatch(entry):
            from services.clean import clean_line

            raise UsageError(
                f'allow_token_hosts holds "{clean_line(entry, 60)}", which is no host',
                next_step='Write hosts only, like "chat.example.com"',
                code="override",
            )
    if not url.strip():
        return default
    found = read_url(url.strip())
    if found is None:
        # The address itself is not repeated: it may hold a password.
        raise UsageError(
            f"{what} is not the address of a server",
            next_step="Write it like https://host/path, without password, query or fragment",
            code="override",
        )
    origin, path = found
    if origin.scheme == "http" and not origin.is_loopback:
        raise UsageError(
            f"{what} names {origin.place} with http, which would show tokens to everyone between",
            next_step="Use https, or a server on this machine",
            code="override",
        )
    return f"{origin}{path}"


def check_chatgpt_base(
    url: str, *, allow_hosts: Iterable[str], what: str = "FOREDECK_CHATGPT_BASE_URL"
) -> str:
    """The base of ChatGPT's backend, where `/codex` and `/wham` lie; as `check_override`.

    A missing `/backend-api` is added for ChatGPT's own hosts.

    Raises:
        UsageError: As `check_override`.
    """
    base = check_override(url, what=what, default=DEFAULT_CHATGPT_BASE_URL, allow_hosts=allow_hosts)
    if base in {"https://chatgpt.com", "https://chat.openai.com"}:
        return f"{base}/backend-api"
    return base


def may_see_tokens(url: "httpx.URL", *, kind: Kind, settings: AuthSettings) -> bool:
    """Whether credentials may be sent to an address.

    They may be sent to the provider's own servers of this kind, to the configured one where it is
    this machine, and to another configured one where `allow_token_hosts` names it. The server of
    the API-key mode needs no such entry: its key was made for whichever server is configured.

    Args:
        url: Where a request would go.
        kind: What the server is for.
        settings: What is configured.
    """
    if url.userinfo:
        return False
    origin = origin_of(url)
    if _is_usual(origin, kind, settings.provider):
        return True
    configured = read_url(
        {
            "chatgpt": settings.provider.chatgpt_base_url,
            "issuer": settings.provider.issuer,
            "accounts": settings.provider.whoami_url,
            "openai": settings.openai_base_url,
        }[kind]
    )
    if configured is None or configured[0] != origin:
        return False
    if origin.is_loopback:
        return True
    return origin.scheme == "https" and (
        kind == "openai" or is_listed(origin, settings.allow_token_hosts)
    )


def is_listed(origin: Origin, hosts: Iterable[str]) -> bool:
    """Whether `allow_token_hosts` names a server: by its host, or by host and port."""
    named = {entry.lower() for entry in hosts}
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host in named or f"{host}:{origin.port}" in named


def _is_usual(origin: Origin, kind: Kind, provider: SignInProvider) -> bool:
    if origin.scheme != "https" or origin.port != 443:
        return False
    match kind:
        case "chatgpt":
            return provider.owns(origin.host)
        case "issuer" | "accounts":
            return f"{origin}" == provider.own_issuer
        case "openai":
            return origin.host in {"api.openai.com", "gov.api.openai.com"}


def require_origin(url: "httpx.URL", *, kind: Kind, settings: AuthSettings) -> None:
    """Refuse an address that credentials may not be sent to; as `may_see_tokens`.

    Raises:
        CredentialsError: They may not; nothing was sent.
    """
    if may_see_tokens(url, kind=kind, settings=settings):
        return
    from services.clean import clean_line

    origin = origin_of(url)
    where = clean_line(origin.place, 100)
    whose = "The API key is" if kind == "openai" else f"Tokens of {settings.provider.name} are"
    if origin.scheme != "https" and not origin.is_loopback:
        step = "Use https"
    elif origin.is_loopback or kind == "openai":
        step = "Send it to the configured base URL only"
    else:
        setting = "FOREDECK_ISSUER" if kind == "issuer" else "FOREDECK_CHATGPT_BASE_URL"
        step = f"If you trust it, set it as {setting} and name its host in allow_token_hosts"
    raise CredentialsError(f"{whose} not sent to {where}", next_step=step, code="origin")
