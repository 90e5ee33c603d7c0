"""Cookies of the guard in front of ChatGPT, in memory only: an allow-list of hosts and names.

Which and why: docs/protocols/auth.md. The session cookies of a browser are never among them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from services.auth.calls.origins import Origin, origin_of, read_url
from services.auth.provider import CHATGPT_HOSTS, is_among
from services.clock import Clock
from services.provider import Secret

NAMES: Final = frozenset(
    {
        "__cf_bm",
        "__cflb",
        "__cfruid",
        "__cfseq",
        "__cfwaitingroom",
        "_cfuvid",
        "cf_clearance",
        "cf_ob_info",
        "cf_use_ob",
    }
)
PREFIX: Final = "cf_chl_"
COOKIE_LIMIT: Final = 4096
"""Characters of one cookie, name and value."""
JAR_LIMIT: Final = 32
"""Cookies that are kept; the oldest give way."""
HEADER_LIMIT: Final = 8192
"""Characters that are sent back: servers refuse a longer header."""
_LINE_LIMIT: Final = 2 * COOKIE_LIMIT
_LINES: Final = 2 * JAR_LIMIT
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_OCTETS: Final = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_VALUE: Final = re.compile(rf'{_OCTETS}|"{_OCTETS}"')
_AGE: Final = re.compile(r"-?[0-9]{1,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cookie:
    name: str
    value: Secret
    domain: str
    is_host_only: bool
    path: str
    ends_at: float | None
    """Unix seconds; None for as long as the process lives."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.domain, self.path

    def fits(self, host: str, path: str) -> bool:
        """Whether it goes along with a request."""
        return _covers(self.domain, host, exact=self.is_host_only) and _path_fits(self.path, path)


class CookieJar:
    """Keeps what the guard sets, and gives it back to the same hosts.

    Args:
        base_url: The configured base of ChatGPT's backend; this machine counts as one of its hosts
            where it is configured.
        clock: Says which cookies have ended.
    """

    def __init__(self, base_url: str, clock: Clock) -> None:
        found = read_url(base_url)
        self._local = found[0] if found and found[0].is_loopback else None
        self._clock = clock
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def received(self, url: httpx.URL, headers: httpx.Headers) -> None:
        """Keep the cookies of an answer that are on the list; the others are dropped.

        Args:
            url: Where the answer came from.
            headers: Of the answer.
        """
        origin = origin_of(url)
        if not self._is_ours(origin):
            return
        now = self._clock.now()
        for line in headers.get_list("set-cookie")[:_LINES]:
            cookie = _read(line, origin.host, url.path, now)
            if cookie is None:
                continue
            # A renewed cookie counts as a new one when the jar is full.
            self._cookies.pop(cookie.key, None)
            if cookie.ends_at is None or cookie.ends_at > now:
                self._cookies[cookie.key] = cookie
        self._shrink(now)

    def header_for(self, url: httpx.URL) -> str | None:
        """The value of the `cookie` header of a request; None where there is nothing to send."""
        origin = origin_of(url)
        if not self._is_ours(origin):
            return None
        self._shrink(self._clock.now())
        fitting = [each for each in self._cookies.values() if each.fits(origin.host, url.path)]
        fitting.sort(key=lambda each: -len(each.path))
        pairs: list[str] = []
        room = HEADER_LIMIT
        for cookie in fitting:
            pair = f"{cookie.name}={cookie.value.reveal()}"
            room -= len(pair) + 2
            if room >= 0:
                pairs.append(pair)
        return "; ".join(pairs) or None

    def _is_ours(self, origin: Origin) -> bool:
        if origin == self._local:
            return True
        return (
            origin.scheme == "https" and origin.port == 443 and is_among(origin.host, CHATGPT_HOSTS)
        )

    def _shrink(self, now: float) -> None:
        alive = [c for c in self._cookies.values() if c.ends_at is None or c.ends_at > now]
        self._cookies = {cookie.key: cookie for cookie in alive[-JAR_LIMIT:]}


def _read(line: str, host: str, path: str, now: float) -> _Cookie | None:
    """A `set-cookie` line; None for a cookie that is not kept."""
    pair, *attributes = line[: _LINE_LIMIT + 1].split(";")
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    if not equals or len(line) > _LINE_LIMIT or len(name) + len(value) > COOKIE_LIMIT:
        return None
    if name not in NAMES and not name.startswith(PREFIX):
        return None
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        return None
    said = dict(_attributes(attributes))
    domain = said.get("domain", "").removeprefix(".").lower()
    # A domain without a dot would reach across hosts that have nothing to do with each other.
    if domain and domain != host and ("." not in domain or not _covers(domain, host)):
        return None
    where = said.get("path", "")
    return _Cookie(
        name=name,
        value=Secret(value),
        domain=domain or host,
        is_host_only=not domain,
        path=where if where.startswith("/") else path.rpartition("/")[0] or "/",
        ends_at=_end(said, now),
    )


def _attributes(parts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for part in parts:
        name, _, value = part.partition("=")
        yield name.strip().lower(), value.strip()


def _end(said: dict[str, str], now: float) -> float | None:
    age = said.get("max-age", "")
    if _AGE.fullmatch(age):
        return now + int(age)
    try:
        return parsedate_to_datetime(said.get("expires", "")[:100]).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def _covers(domain: str, host: str, *, exact: bool = False) -> bool:
    """Whether a cookie of `domain` belongs to `host`; addresses have no parents."""
    if host == domain:
        return True
    return not exact and not host.rpartition(".")[2].isdigit() and host.endswith(f".{domain}")


def _path_fits(path: str, requested: str) -> bool:
    return requested == path or requested.startswith(path if path.endswith("/") else f"{path}/")
