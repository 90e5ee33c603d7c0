"""Use and reset credits, in both styles of paths. Wire format: docs/simulator.md."""

import math
from collections.abc import Callable, Iterator
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.auth.account import Account
from simulator.auth.guard import COOKIES
from simulator.auth.issuer import Issuer
from simulator.auth.serving import read_json
from simulator.faults import Fault, parse_fault
from simulator.limits.keeping import Limits
from simulator.recording import Recorded
from simulator.replies import detail
from simulator.script import Status, Step
from simulator.stage import Stage, request_id
from simulator.wham import payloads

USAGE = "wham/usage"
CREDITS = "wham/rate-limit-reset-credits"
CONSUME = "wham/rate-limit-reset-credits/consume"

PREFIXES = ("/backend-api/wham", "/api/codex")
"""Below a base URL with `/backend-api` in it, and below any other."""

FLAWED = 3
"""Of a flaky story's polls every third is flawed."""


class Usage:
    """Serves what is said of limits outside of turns."""

    def __init__(self, stage: Stage, issuer: Issuer, limits: Limits, *, speed: float) -> None:
        """Serve how accounts of `issuer` stand; `speed` is that of the story's waits."""
        self._stage = stage
        self._issuer = issuer
        self._limits = limits
        self._speed = speed

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [
            Route(prefix + path, endpoint, methods=[method])
            for prefix in PREFIXES
            for path, method, endpoint in (
                ("/usage", "GET", self.usage),
                ("/rate-limit-reset-credits", "GET", self.credits),
                ("/rate-limit-reset-credits/consume", "POST", self.consume),
            )
        ]

    async def usage(self, request: Request) -> Response:
        """`GET usage`."""
        number = self._limits.note_poll(request.headers.get("chatgpt-account-id"))

        def body(account: Account) -> Status:
            with self._limits.of(account) as limits:
                said = limits.usage
                standing = limits.standing()
            return Status(200, {}, payloads.usage(standing, account) if said is None else said)

        return await self._answer(USAGE, request, lambda account, _: body(account), number)

    async def credits(self, request: Request) -> Response:
        """`GET rate-limit-reset-credits`."""

        def body(account: Account, recorded: Recorded) -> Status:
            del recorded
            return Status(200, {}, payloads.reset_credits(self._limits.standing(account)))

        return await self._answer(CREDITS, request, body)

    async def consume(self, request: Request) -> Response:
        """`POST rate-limit-reset-credits/consume`."""
        return await self._answer(CONSUME, request, self._consume)

    def _consume(self, account: Account, recorded: Recorded) -> Status:
        fields = read_json(recorded)
        request_id, credit_id = fields.get("redeem_request_id"), fields.get("credit_id")
        if not isinstance(request_id, str) or not request_id:
            return detail(400, "redeem_request_id is missing")
        if credit_id is not None and not isinstance(credit_id, str):
            return detail(400, "credit_id is not a text")
        with self._limits.of(account) as limits:
            code, count = limits.redeem(request_id, credit_id)
        return Status(200, {}, {"code": code, "windows_reset": count})

    async def _answer(
        self,
        route: str,
        request: Request,
        answer: Callable[[Account, Recorded], Status],
        poll: int = 0,
    ) -> Response:
        """What a call comes to; `poll` is the number of a poll, from 1."""
        recorded = await self._stage.record(request)

        def story() -> Iterator[Step]:
            found = self._issuer.guard.find(request.headers)
            refusal = self._issuer.guard.check(request.headers)
            if refusal is not None or isinstance(found, Status):
                yield refusal or detail(401, "Unauthorized")
                return
            steps: Iterator[Step] = (answer(found.account, recorded) for _ in range(1))
            flaw = self._flaw(poll)
            yield from steps if flaw is None else flaw.applied(steps)

        playback = self._stage.answer(
            route,
            recorded,
            story,
            headers={"date": self._issuer.clock.date(), "x-request-id": request_id()},
            cookies=COOKIES,
            is_named=False,
        )
        return cast("Response", playback)

    def _flaw(self, poll: int) -> Fault | None:
        """What is wrong with that poll; waits are those of a story."""
        flaws = self._limits.story.flaws
        if not flaws or not poll or poll % FLAWED:
            return None
        fault = parse_fault(f"{USAGE}:{flaws[(poll // FLAWED - 1) % len(flaws)]}")
        if fault.action == "slow":
            fault.value = str(0.0 if math.isinf(self._speed) else float(fault.value) / self._speed)
        return fault
