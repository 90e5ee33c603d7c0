"""One call to an endpoint of the issuer: one attempt, no redirect, small answers in JSON.

Unlike other calls these carry codes and tokens in their bodies, so they go where they were
addressed or nowhere. Facts: docs/protocols/auth.md.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast
from urllib.parse import urlencode

import httpx

from services.auth.provider import Encoding
from services.clean import clean_line
from services.clock import Clock
from services.errors import BadPayloadError, RefusedError, ServiceError, UsageError
from services.hosts import is_loopback
from services.transport.failures import from_exception, place, request_id
from services.transport.http import body_chunks
from services.wire.reading import JsonObject, loads

CONNECT_TIMEOUT: Final = 10.0
TOTAL_TIMEOUT: Final = 30.0
"""Seconds of one call, from the connection to the last byte."""
ANSWER_LIMIT: Final = 1024 * 1024
"""Bytes of an answer, unpacked."""
_CONTENT_TYPES: Final[Mapping[Encoding, str]] = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint said: any status but a redirect."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    """At most `ANSWER_LIMIT`; that of a refusal may be cut there."""
    host: str
    """Host and port that were asked, for messages."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def document(self) -> JsonObject:
        """The body as a JSON object.

        Raises:
            BadPayloadError: It is something else; the body is not in the message.
        """
        try:
            document = loads(self.body, ANSWER_LIMIT)
        except BadPayloadError:
            # Chained, the parser's error would carry the body with its tokens.
            document = None
        if not isinstance(document, dict):
            raise BadPayloadError(
                f"The answer of {self.host} is no JSON object",
                next_step="Try again, and check the proxy in between",
                status=self.status,
                request_id=request_id(self.headers),
                code="no_json",
            )
        return cast("JsonObject", document)


def checked_issuer(address: str) -> str:
    """The address of an issuer, if codes and tokens may be sent there; without a slash at its end.

    Raises:
        UsageError: It is neither https nor a server on this machine.
    """
    try:
        url = httpx.URL(address.strip())
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL("")
    is_safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host))
    if not is_safe or not url.host or url.userinfo or url.query or url.fragment:
        raise UsageError(
            f"Nobody can sign in at {clean_line(address, 100) or 'an empty address'}: an issuer"
            " has an https address, or is a server on this machine",
            next_step="Check the issuer in the configuration",
            code="issuer",
        )
    return str(url).rstrip("/")


class Post:
    """Sends one POST at a time to endpoints of an issuer.

    Args:
        http: From `create_client`.
        clock: Time, for those who wait between calls.
    """

    def __init__(self, http: httpx.AsyncClient, clock: Clock) -> None:
        self._http = http
        self.clock = clock

    async def __call__(
        self,
        url: str,
        members: Mapping[str, str],
        *,
        encoding: Encoding,
        headers: Mapping[str, str] | None = None,
        total: float = TOTAL_TIMEOUT,
    ) -> Answer:
        """Send `members` once and read the answer.

        Args:
            url: Below a checked issuer.
            members: Of the body.
            encoding: Of the body.
            headers: More than the usual ones.
            total: Seconds for all of it.

        Raises:
            UnreachableError: Nothing was reached, or the answer broke off or came too late.
            RefusedError: The answer is a redirect; it names where to.
            BadPayloadError: A 2xx answer is too large, or packed in a way nobody asked for.
            UsageError: The address may not be reached in the clear.
        """
        try:
            request = self._http.build_request(
                "POST",
                url,
                content=_encoded(members, encoding),
                headers={
                    "content-type": _CONTENT_TYPES[encoding],
                    "accept": "*/*",
                    **(headers or {}),
                },
                timeout=httpx.Timeout(total, connect=min(CONNECT_TIMEOUT, total)),
            )
        except httpx.InvalidURL as error:
            raise UsageError(
                f"{clean_line(url, 100)} is no address that can be reached",
                next_step="Check the issuer in the configuration",
                code="issuer",
            ) from error
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(total):
                answer = await self._send(request)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            failure: ServiceError = from_exception(error, request.url, limit=total)
            _log.info("POST %s: %s", request.url.path, failure.code)
            raise failure from error
        _log.info(
            "POST %s: %d after %.2f s, request id %s",
            clean_line(request.url.path),
            answer.status,
            time.perf_counter() - begun,
            request_id(answer.headers),
        )
        return answer

    async def _send(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if 300 <= response.status_code < 400:
                raise _redirected(request, response)
            body = await _body(response)
        finally:
            await response.aclose()
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            host=place(request.url),
        )


def _encoded(members: Mapping[str, str], encoding: Encoding) -> bytes:
    if encoding == "form":
        return urlencode(members, errors="replace").encode("ascii")
    return json.dumps(dict(members), separators=(",", ":")).encode("ascii")


def _redirected(request: httpx.Request, response: httpx.Response) -> RefusedError:
    try:
        target = place(request.url.join(response.headers.get("location", "")))
    except (httpx.InvalidURL, ValueError):
        target = ""
    return RefusedError(
        f"{place(request.url)} sends us to {target or 'nowhere'} ({response.status_code}), which"
        " is not followed",
        next_step="Check the issuer, and the proxy in between",
        status=response.status_code,
        request_id=request_id(response.headers),
        code="redirect",
    )


async def _body(response: httpx.Response) -> bytes:
    """The whole body of a success; of a refusal what came, within the limit."""
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in body_chunks(response):
            parts.append(chunk)
            size += len(chunk)
            if size > ANSWER_LIMIT:
                raise BadPayloadError(
                    f"The answer of {place(response.request.url)} is larger than 1 MiB",
                    status=response.status_code,
                    request_id=request_id(response.headers),
                    code="too_large",
                )
    except ServiceError:
        if response.is_success:
            raise
    return b"".join(parts)[:ANSWER_LIMIT]
