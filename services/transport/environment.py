"""What the environment says about proxies and certificates. Pure, but for the CA file.

httpx does not read these itself here: it knows no networks in `NO_PROXY`, and would send plain
requests through a proxy.
"""

import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import certifi
import httpx

from services.clean import clean_line
from services.errors import UsageError
from services.hosts import is_loopback

_PROXY_NAMES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NO_PROXY_NAMES: Final = ("NO_PROXY", "no_proxy")
_CA_NAMES: Final = ("CODEX_CA_CERTIFICATE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How to get out of this machine."""

    proxy: httpx.URL | None = None
    """For https only; plain http goes to this machine alone."""
    direct: tuple[str, ...] = ()
    """Entries of `NO_PROXY`: hosts, domains, addresses, networks, each perhaps with a port."""
    ca_file: str = ""
    """Empty for the authorities that come with certifi."""
    ca_source: str = ""

    def proxy_for(self, url: httpx.URL) -> httpx.URL | None:
        """The proxy on the way to `url`, or None for the direct way."""
        if self.proxy is None or url.scheme != "https" or is_loopback(url.host):
            return None
        port = url.port or 443
        if any(_matches(entry, url.host.lower(), port) for entry in self.direct):
            return None
        return self.proxy

    def context(self) -> ssl.SSLContext:
        """Build the TLS settings; reads a file and takes some 40 ms.

        Raises:
            UsageError: The CA file cannot be read.
        """
        try:
            return ssl.create_default_context(cafile=self.ca_file or certifi.where())
        except (OSError, ValueError) as error:
            source = self.ca_source or "The CA file"
            raise UsageError(
                f"{source} names a CA file that cannot be read: {clean_line(self.ca_file)}",
                next_step=f"Correct or unset {source}",
                code="ca_file",
            ) from error


def read_network(environ: Mapping[str, str]) -> Network:
    """Read proxy, its exceptions and the CA file.

    Raises:
        UsageError: The proxy is none that can be used.
    """
    name, value = _first(environ, _PROXY_NAMES)
    ca_source, ca_file = _first(environ, _CA_NAMES)
    _, exceptions = _first(environ, _NO_PROXY_NAMES)
    return Network(
        proxy=_proxy(name, value) if value else None,
        direct=tuple(entry.lower() for entry in exceptions.replace(",", " ").split()),
        ca_file=ca_file,
        ca_source=ca_source,
    )


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    for name in names:
        if value := environ.get(name, "").strip():
            return name, value
    return "", ""


def _proxy(name: str, value: str) -> httpx.URL:
    try:
        url = httpx.URL(value if "://" in value else f"http://{value}")
    except httpx.InvalidURL as error:
        raise UsageError(
            f"{name} is no address", next_step=f"Correct or unset {name}", code="proxy"
        ) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise UsageError(
            f"{name} names a proxy of a kind that is not supported"
            f" ({clean_line(url.scheme, 20) or 'no scheme'})",
            next_step="Use an http or https proxy",
            code="proxy",
        )
    return url


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and ":" not in name.strip("[]").replace("::", "") + "":
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    try:
        return ipaddress.ip_address(entry) == ipaddress.ip_address(host)
    except ValueError:
        domain = entry.lstrip("*").lstrip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
