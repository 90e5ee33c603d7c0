"""Asks ChatGPT's backend about usage and resets. Wire format: docs/protocols/limits.md."""

import json
import logging
from collections.abc import Callable
from typing import Final

import httpx

from services.clock import Clock
from services.errors import (
    BadPayloadError,
    NotFoundError,
    RateLimitedError,
    ServiceError,
    UnreachableError,
)
from services.limits.ports import OUTCOME_UNKNOWN
from services.limits.reset_credits import read_redeemed, read_reset_credits
from services.models.limits import Redeemed, ResetCredits, UsageReading
from services.transport.http import read_json
from services.transport.retry import FATAL_CODES, delay
from services.transport.signing import Signer
from services.wire.usage import read_usage

RESETS: Final = "rate-limit-reset-credits"
READ_TIMEOUT: Final = 15.0
"""Seconds for one question, its repeats included."""
RETRIES: Final = 2
"""How often a question that the user asked is sent again; one about use never is."""
REDEEM_TIMEOUT: Final = 60.0
"""Seconds for redeeming, which is sent once."""
ANSWER_LIMIT: Final = 1024 * 1024
"""Bytes of an answer."""
_NOT_SENT: Final = frozenset(
    {
        "connect",
        "connect_timeout",
        "dns",
        "no_network",
        "proxy",
        "refresh",
        "refused_port",
        "tls",
        "tls_certificate",
    }
)
"""Codes of failures that come before the server has seen anything, or after its 401."""
_log = logging.getLogger(__name__)


class UsageClient:
    """The `UsageSource` of an account that is signed in with ChatGPT.

    Args:
        http: From `services.transport.http.create_client`.
        base_url: ChatGPT's backend, below which `/wham` lies.
        clock: Time.
        signers: Makes what signs the requests of one action.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        clock: Clock,
        signers: Callable[[], Signer],
    ) -> None:
        self._http = http
        self._base = f"{base_url.rstrip('/')}/wham"
        self._clock = clock
        self._signers = signers

    async def usage(self) -> UsageReading:
        """Read all windows: sent once, since whoever polls has a pause of its own after a failure.

        Raises:
            ServiceError: It was not reached, refused, or answered with nothing that can be read.
        """
        document = await self._get("usage", retries=0)
        return read_usage(document, self._clock.now())

    async def reset_credits(self) -> ResetCredits:
        """Read the resets that can be redeemed, one by one; as `usage`."""
        return read_reset_credits(await self._get(RESETS, retries=RETRIES))

    async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
        """Redeem a reset: sent once.

        Args:
            request_id: Names this wish. With the same one it is safe to ask again after an outcome
                that is unknown; another one may redeem a second reset.
            credit_id: Which reset; None for whichever the server takes.

        Raises:
            UnreachableError: It was not reached, or (code `OUTCOME_UNKNOWN`) it may have redeemed
                the reset.
            ServiceError: It refused.
        """
        body = {"redeem_request_id": request_id}
        if credit_id is not None:
            body["credit_id"] = credit_id
        signer = self._signers()
        request = await self._request(
            signer, "POST", f"{RESETS}/consume", json.dumps(body).encode()
        )
        try:
            return read_redeemed(await self._read(request, signer, REDEEM_TIMEOUT))
        except ServiceError as error:
            if not _may_have_happened(error):
                raise
            raise UnreachableError(
                f"It is not known whether the reset was redeemed: {error.message}",
                next_step="Look at the limits; to try again is safe, since it counts once",
                status=error.status,
                request_id=error.request_id,
                code=OUTCOME_UNKNOWN,
            ) from error

    async def _get(self, path: str, *, retries: int) -> object:
        """The answer to a question, which is sent again so often where that may help."""
        signer = self._signers()
        request = await self._request(signer, "GET", path)
        ends_at = self._clock.monotonic() + READ_TIMEOUT
        attempt = 0
        while True:
            try:
                return await self._read(request, signer, ends_at - self._clock.monotonic())
            except ServiceError as error:
                attempt += 1
                wait = delay(error, attempt, self._clock.now())
                is_late = self._clock.monotonic() + wait >= ends_at
                if attempt > retries or is_late or not _may_pass_later(error):
                    raise
                _log.info("%s is asked again in %.1f s: %s", path, wait, error.code)
            await self._clock.sleep(wait)

    async def _request(
        self, signer: Signer, method: str, path: str, content: bytes | None = None
    ) -> httpx.Request:
        headers = {"accept": "*/*"}
        if content is not None:
            headers["content-type"] = "application/json"
        url = f"{self._base}/{path}"
        request = self._http.build_request(method, url, headers=headers, content=content)
        # The question's limit is no limit for a login that has to be renewed first.
        await signer.sign(request.url)
        return request

    async def _read(self, request: httpx.Request, signer: Signer, timeout: float) -> object:
        try:
            document, _ = await read_json(
                self._http,
                request,
                identity=signer.identity,
                clock=self._clock,
                timeout=timeout,
                limit=ANSWER_LIMIT,
                signer=signer,
            )
        except NotFoundError as error:
            raise NotFoundError(
                "The server tells this account nothing about limits (404)",
                next_step="Check the base URL, and what the plan includes",
                status=error.status,
                request_id=error.request_id,
                code=error.code,
            ) from error
        return document


def _may_pass_later(error: ServiceError) -> bool:
    """Whether the same question may be answered a little later.

    The guard's page is meant for people: it would come again. After a 429 the server has to say
    when.
    """
    if error.code == "cloudflare" or error.code in FATAL_CODES:
        return False
    if isinstance(error, RateLimitedError):
        return error.retry_at is not None
    is_trouble = error.status is not None and error.status >= 500
    return is_trouble or isinstance(error, UnreachableError)


def _may_have_happened(error: ServiceError) -> bool:
    """Whether the server may have done what it was sent, though it did not say so."""
    if isinstance(error, BadPayloadError):
        return True
    if isinstance(error, UnreachableError):
        return error.code not in _NOT_SENT
    is_broken = error.status is not None and (error.status == 408 or error.status >= 500)
    return is_broken and error.code != "cloudflare"
