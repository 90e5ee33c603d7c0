"""Signing in with a device code: a person types it on another device, and we ask until they did.

It is OpenAI's own protocol and not RFC 8628. Source: docs/protocols/auth.md.
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from services.auth.flows.device_poll import (
    Denied,
    Granted,
    Pending,
    Trouble,
    read_poll,
    read_trouble,
)
from services.auth.grant import DeviceCode, Grant
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.issuer.posting import Answer, checked_issuer
from services.auth.issuer.refusal import refusal
from services.auth.provider import SignInProvider
from services.clean import clean_line
from services.clock import Clock
from services.errors import BadPayloadError, NotFoundError, ServiceError, UsageError
from services.provider import Secret
from services.transport.dates import server_time
from services.transport.failures import request_id
from services.wire.reading import JsonObject, as_number, as_text

LIFE: Final = 900.0
"""Seconds that a code is good for."""
DEFAULT_INTERVAL: Final = 5.0
SHORTEST_INTERVAL: Final = 1.0
LONGEST_INTERVAL: Final = 60.0
SLOWER: Final = 5.0
"""Seconds that each `slow_down` adds."""
LONGEST_BACKOFF: Final = 30.0
CODE_LIMIT: Final = 64
_RAW_LIMIT: Final = 4096
_TICK: Final = 0.05
_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*"
    r"(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?"
)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_log = logging.getLogger(__name__)


def _ignore(_trouble: str) -> None:
    """Nobody wants to hear of troubles that pass."""


class DeviceLogin:
    """One attempt to sign in with a device code.

    Entering it asks for the code. Whatever it does can be cancelled at any moment.

    Args:
        endpoint: Speaks to the issuer.
        provider: The issuer's paths.
        clock: Says when to ask again, and when the code ends.
    """

    def __init__(self, endpoint: TokenEndpoint, provider: SignInProvider, clock: Clock) -> None:
        self._endpoint = endpoint
        self._provider = provider
        self._clock = clock
        self._issuer = ""
        self._id = Secret("")
        self._user_code = Secret("")
        self._interval = DEFAULT_INTERVAL
        self._backoff = DEFAULT_INTERVAL
        self._ends = 0.0
        self._code: DeviceCode | None = None

    @property
    def code(self) -> DeviceCode:
        """What to show; there once it is entered."""
        if self._code is None:
            raise UsageError("This sign-in has not begun", code="used")
        return self._code

    async def __aenter__(self) -> Self:
        """Ask for a code.

        Raises:
            NotFoundError: The issuer has no device login; it says where to enable it.
            ServiceError: The issuer refused, was not reached, or gave no code.
        """
        self._issuer = checked_issuer(self._provider.issuer)
        answer = await self._endpoint.post(
            self._issuer + self._provider.user_code_path,
            {"client_id": self._provider.client_id},
            encoding=self._provider.device_encoding,
        )
        if answer.status == 404:
            raise NotFoundError(
                f"Device codes are not enabled at {answer.host} (404)",
                next_step="Enable them in the security settings of ChatGPT, or sign in with the"
                " browser",
                status=404,
                request_id=request_id(answer.headers),
                code="no_device_login",
            )
        if not answer.is_success:
            raise refusal(answer, self._clock.now())
        document = answer.document()
        raw = as_text(document.get("user_code")) or as_text(document.get("usercode")) or ""
        self._user_code = Secret(raw)
        self._id = Secret(as_text(document.get("device_auth_id")) or "")
        self._interval = self._backoff = read_interval(document.get("interval"))
        shown = shown_code(raw)
        if not shown or not self._id.reveal() or len(self._id.reveal()) > _RAW_LIMIT:
            raise BadPayloadError(
                f"{answer.host} gave no device code that can be used",
                next_step="Sign in with the browser",
                request_id=request_id(answer.headers),
                code="device_code",
            )
        life = self._life(document, answer)
        self._ends = self._clock.monotonic() + life
        self._code = DeviceCode(
            code=shown,
            page=self._issuer + self._provider.device_page_path,
            ends_at=self._clock.now() + life,
        )
        _log.info("sign-in by device code asks every %.0f s", self._interval)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget the code."""
        self._id = self._user_code = Secret("")

    async def wait(self, on_trouble: Callable[[str], None] = _ignore) -> Grant:
        """Ask until the person has signed in, then exchange the code that comes.

        Args:
            on_trouble: Told a sentence when the issuer cannot be asked and is asked again later,
                and an empty text when it answers again.

        Raises:
            LoginError: The person or the issuer said no.
            ServiceError: The code has ended, the issuer gave nonsense, or the exchange failed.
        """
        ends_at = self.code.ends_at
        is_troubled = False
        while True:
            outcome = await self._poll()
            match outcome:
                case Granted(code=code, verifier=verifier):
                    return await self._endpoint.exchange_code(
                        code, verifier, self._issuer + self._provider.device_redirect_path
                    )
                case Denied(error=error):
                    raise error
                case Pending() | Trouble():
                    wait = self._wait_after(outcome)
            left = min(self._ends - self._clock.monotonic(), ends_at - self._clock.now())
            if left <= _TICK:
                raise self._over(outcome)
            # One poll more at the very end, for those who sign in at the last moment.
            wait = min(wait, left)
            if isinstance(outcome, Trouble):
                on_trouble(f"{outcome.error.message}; asked again in {max(wait, 1):.0f} s")
            elif is_troubled:
                on_trouble("")
            is_troubled = isinstance(outcome, Trouble)
            await self._clock.sleep(wait)

    async def _poll(self) -> Granted | Pending | Denied | Trouble:
        try:
            answer = await self._endpoint.post(
                self._issuer + self._provider.device_token_path,
                {"device_auth_id": self._id.reveal(), "user_code": self._user_code.reveal()},
                encoding=self._provider.device_encoding,
            )
        except ServiceError as error:
            return read_trouble(error)
        return read_poll(answer, self._clock.now(), (self._id, self._user_code))

    def _wait_after(self, outcome: Pending | Trouble) -> float:
        """Seconds until the next poll."""
        if isinstance(outcome, Pending):
            if outcome.is_too_fast:
                self._interval = min(self._interval + SLOWER, LONGEST_INTERVAL)
            self._backoff = wait = self._interval
        else:
            wait = max(self._backoff, self._interval)
            self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)
        if outcome.retry_at is not None:
            asked = min(outcome.retry_at - self._clock.now(), LONGEST_INTERVAL)
            wait = max(asked, self._interval)
        return wait

    def _over(self, outcome: Pending | Trouble) -> ServiceError:
        """Nobody signed in in time."""
        if isinstance(outcome, Trouble):
            return ServiceError(
                f"The code has ended, and the issuer could not be asked: {outcome.error.message}",
                next_step="Ask for a new code",
                code="timeout",
            )
        return ServiceError(
            "The code has ended before anybody signed in with it",
            next_step="Ask for a new code",
            code="timeout",
        )

    def _life(self, document: JsonObject, answer: Answer) -> float:
        """Seconds that the code is good for: 15 minutes, or less if the issuer says so.

        The issuer's time is compared with its own `Date`, since this machine's clock may be wrong.
        A code that ended before it came is a sign of that, and not believed.
        """
        ends_at = _time(as_text(document.get("expires_at")))
        if ends_at is None:
            return LIFE
        now = server_time(answer.headers)
        left = ends_at - (self._clock.now() if now is None else now)
        return left if 0 < left < LIFE else LIFE


def read_interval(value: object) -> float:
    """Seconds between two polls, from whatever a server sends as such: 1 to 60, 5 for nonsense."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return DEFAULT_INTERVAL
    seconds = as_number(value)
    if seconds is None or seconds < 0:
        return DEFAULT_INTERVAL
    return min(max(seconds, SHORTEST_INTERVAL), LONGEST_INTERVAL)


def shown_code(raw: str) -> str:
    """A user code as it may be shown; empty for one that is none, or too long."""
    if len(raw) > _RAW_LIMIT:
        return ""
    bare = "".join(each for each in _SEQUENCE.sub("", raw) if each.isprintable())
    code = clean_line(bare, _RAW_LIMIT)
    return code if len(code) <= CODE_LIMIT else ""


def _time(text: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time; one without an offset is in UTC."""
    try:
        moment = datetime.fromisoformat((text or "").strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None
