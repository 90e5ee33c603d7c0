"""The way out: proxy, certificates, the servers, and their clock against ours."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from app.doctor.finding import Surroundings, Verdict, failed, fine, skipped, warning
from app.version import __version__
from services.clean import clean_line
from services.errors import ServiceError

if TYPE_CHECKING:
    import httpx

LIMIT: Final = 10.0
"""Seconds that a server may take."""
WRONG_CLOCK: Final = 300.0
"""Seconds of difference from which on tokens are judged wrongly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back from one address."""

    verdict: Verdict
    date: str = ""
    """The `Date` header."""
    age: str = ""
    """The `Age` header: seconds that the answer lay in a cache."""
    at: float = 0.0
    """Unix seconds of our clock when it came."""


def proxy(around: Surroundings) -> Verdict:
    """Which proxy https goes through.

    Raises:
        UsageError: It is none that can be used.
    """
    from services.transport.environment import read_network
    from services.transport.failures import place

    environ = around.environ
    network = read_network(environ)
    if network.proxy is None:
        unused = [n for n in ("HTTP_PROXY", "http_proxy") if environ.get(n, "").strip()]
        if unused:
            return fine(f"none; {unused[0]} does not count, since plain http stays on this machine")
        return fine("none")
    found = f"{network.proxy.scheme}://{place(network.proxy)}"
    if network.direct:
        found += f", but not for {', '.join(network.direct)}"
    return fine(found)


async def certificates(around: Surroundings) -> Verdict:
    """Whether the authorities that vouch for servers can be read.

    Raises:
        UsageError: The file that is named cannot be read.
    """
    from services.transport.environment import Network, read_network

    environ = {name: value for name, value in around.environ.items() if "proxy" not in name.lower()}
    network: Network = read_network(environ)
    context = await asyncio.to_thread(network.context)
    count = len(context.get_ca_certs())
    amount = "1 authority" if count == 1 else f"{count} authorities"
    if not network.ca_source:
        return fine(f"{amount} of certifi")
    found = f"{amount} of {network.ca_file} ({network.ca_source})"
    if not count:
        return failed(found, f"Name a PEM file of authorities in {network.ca_source}")
    return fine(found)


async def ask_servers(urls: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, Answer]:
    """Ask each address for anything at all, all at once, without credentials.

    Args:
        urls: By the name of the check.
        environ: Environment variables.
    """
    # httpx imports its own command line, and with it rich, where they are installed.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    from services.transport.http import create_client

    async with create_client(
        environ=environ, user_agent=f"foredeck/{__version__}", connect_timeout=LIMIT
    ) as http:
        answers = await asyncio.gather(*(_ask(http, url) for url in urls.values()))
    return dict(zip(urls, answers, strict=True))


async def _ask(http: "httpx.AsyncClient", url: str) -> Answer:
    import httpx

    from services.transport.failures import from_exception, place

    begun = time.perf_counter()
    parsed = httpx.URL()
    try:
        parsed = httpx.URL(url)
        async with asyncio.timeout(LIMIT):
            response = await http.send(http.build_request("GET", parsed), stream=True)
        await response.aclose()
    except ServiceError as error:
        return Answer(verdict=failed(error.message, error.next_step))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        failure = from_exception(error, parsed, limit=LIMIT)
        return Answer(verdict=failed(failure.message, failure.next_step))
    took = time.perf_counter() - begun
    return Answer(
        verdict=judge_answer(place(parsed), response.status_code, response.headers, took),
        date=response.headers.get("date", ""),
        age=response.headers.get("age", ""),
        at=time.time(),
    )


def judge_answer(where: str, status: int, headers: Mapping[str, str], took: float) -> Verdict:
    """What an answer to a request without credentials says about the way to the server.

    Any answer is one. Source of the signs of Cloudflare: docs/protocols/errors.md.

    Args:
        where: Host and port.
        status: HTTP status.
        headers: Names in lower case, or a mapping that ignores case.
        took: Seconds.
    """
    found = f"{where} answers ({status}) after {took:.2f} s"
    is_guarded = "cf-mitigated" in headers or (
        "cf-ray" in headers and headers.get("content-type", "").startswith("text/html")
    )
    if status == 403 and is_guarded:
        ray = clean_line(headers.get("cf-ray", ""), 60)
        return warning(
            f"{found}; that is its guard, Cloudflare{f' (cf-ray {ray})' if ray else ''}",
            "If calls are blocked too, check network, proxy and region",
        )
    if status >= 500:
        return warning(f"{found}; it has trouble", "Try again later")
    return fine(found)


def clock(answers: Sequence[Answer]) -> Verdict:
    """Whether our clock is right, as far as servers say.

    One server may be wrong, so the one that agrees best counts.
    """
    skews = [skew for answer in answers if (skew := skew_of(answer)) is not None]
    if not skews:
        return skipped("no server said what time it is")
    skew = min(skews, key=abs)
    if abs(skew) <= WRONG_CLOCK:
        return fine(f"within {max(1, round(abs(skew)))} s of the servers")
    return warning(
        f"{_span(abs(skew))} {'ahead of' if skew > 0 else 'behind'} the servers",
        "Set the clock, or let the system keep it (NTP); tokens are judged by it",
    )


def skew_of(answer: Answer) -> float | None:
    """Seconds that our clock is ahead of the server's; None where it did not say."""
    try:
        said = parsedate_to_datetime(answer.date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    age = answer.age.strip()
    lain = int(age) if age.isascii() and age.isdecimal() and len(age) < 10 else 0
    return answer.at - said - lain


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes / 60
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
