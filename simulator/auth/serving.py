"""What the issuer's endpoints share: they are recorded, scripted and struck by faults alike."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from simulator.auth.clock import Clock
from simulator.recording import Recorded
from simulator.script import Status, Step
from simulator.stage import Stage, request_id

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class Serving:
    """Answers calls of the issuer's routes."""

    def __init__(self, stage: Stage, clock: Clock) -> None:
        self.stage = stage
        self.clock = clock

    async def answer(
        self,
        route: str,
        request: Request,
        answer: Callable[[Recorded], Status],
        *,
        cookies: Sequence[str] = (),
    ) -> Response:
        """What the call comes to.

        A script of the route wins over every check of the request. `answer`, which may change
        what is issued, is called when its answer is due, and not if a fault stands before it.
        """
        recorded = await self.stage.record(request)
        return self.play(route, recorded, lambda: answer(recorded), cookies=cookies)

    def play(
        self,
        route: str,
        recorded: Recorded,
        answer: Callable[[], Status],
        *,
        cookies: Sequence[str] = (),
    ) -> Response:
        """As `answer`, for a request that is recorded already."""

        def story() -> Iterator[Step]:
            yield answer()

        headers = {"date": self.clock.date(), "x-request-id": request_id()}
        playback = self.stage.answer(
            route, recorded, story, headers=headers, cookies=cookies, is_named=False
        )
        return cast("Response", playback)


def media_type(recorded: Recorded) -> str:
    """Media type of the body, in lower case."""
    return recorded.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_form(recorded: Recorded) -> dict[str, str]:
    """Fields of a form."""
    text = recorded.raw.decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True))


def read_json(recorded: Recorded) -> Mapping[str, Any]:
    """Members of a JSON object; none if it is not one."""
    try:
        value: object = json.loads(recorded.raw)
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def base_of(request: Request) -> str:
    """The issuer as the client addressed it, without a trailing slash.

    Only loopback is reached without TLS; under any other name somebody ended it before us.
    """
    scheme = "http" if request.url.hostname in LOOPBACK else "https"
    return f"{scheme}://{request.url.netloc}"
