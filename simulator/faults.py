"""Faults that are injected into answers: `--fail ROUTE[:event=N]:ACTION[:times=N]`.

For example `responses:status=429`, `responses:event=7:drop`, `models:slow=5` and
`chat/completions:garbage:times=2`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from simulator.auth.replies import BY_NAME as BY_AUTH_NAME
from simulator.replies import BY_NAME, by_status, login_page
from simulator.script import Burst, Drop, Raw, Send, Status, Step, Wait

ROUTES = (
    "models",
    "responses",
    "responses_websocket",
    "chat/completions",
    "oauth/authorize",
    "oauth/token",
    "oauth/revoke",
    "deviceauth/usercode",
    "deviceauth/token",
    "codex/device",
    "accounts/check",
    "config/bundle",
    "wham/usage",
    "wham/rate-limit-reset-credits",
    "wham/rate-limit-reset-credits/consume",
    "whoami",
)

ERRORS = {**BY_NAME, **BY_AUTH_NAME}
"""Whole answers that `error=NAME` can give."""

GARBAGE = b'\x00\xff\xfe{"oops": [\x1b[31m<not json>\r\n'

ACTIONS = "drop, reset, status=CODE, error=NAME, slow=SECONDS, garbage or html"


class FaultError(ValueError):
    """A `--fail` that means nothing; the text says what is wrong with it."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault of one route."""

    route: str
    action: str
    """`drop`, `reset`, `status`, `error`, `slow`, `garbage` or `html`."""
    value: str = ""
    event: int | None = None
    """It strikes in place of the event with this number, from 0; at the start if None."""
    left: int | None = None
    """Calls that it still strikes; every one if None."""

    def strikes(self) -> bool:
        """Whether it strikes this call; counts it."""
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0

    def applied(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps with the fault in them."""
        if self.event is None:
            yield from self._at_start(steps)
            return
        count = 0
        for step in steps:
            size = len(step.events) if isinstance(step, Burst) else isinstance(step, Send)
            if not count <= self.event < count + size:
                count += size
                yield step
                continue
            before = self.event - count
            count += size
            if isinstance(step, Burst):
                yield Burst(step.events[:before], step.rate)
                yield from self._in_stream()
                if self.action in {"drop", "reset"}:
                    return
                skipped = 1 if self.action == "garbage" else 0
                yield Burst(step.events[before + skipped :], step.rate)
                continue
            yield from self._in_stream()
            if self.action in {"drop", "reset"}:
                return
            if self.action == "slow":
                yield step

    def _at_start(self, steps: Iterable[Step]) -> Iterator[Step]:
        match self.action:
            case "drop" | "reset":
                yield Drop(reset=self.action == "reset")
            case "status":
                yield by_status(int(self.value))
            case "error":
                yield ERRORS[self.value]()
            case "garbage":
                yield Status(200, {"content-type": "application/json"}, GARBAGE)
            case "html":
                yield login_page()
            case _:
                yield Wait(float(self.value))
                yield from steps

    def _in_stream(self) -> Iterator[Step]:
        match self.action:
            case "drop" | "reset":
                yield Drop(reset=self.action == "reset")
            case "garbage":
                yield Raw(b"data: " + GARBAGE + b"\n\n")
            case _:
                yield Wait(float(self.value))


def parse_fault(spec: str, routes: Sequence[str] = ROUTES) -> Fault:
    """Read one `--fail`.

    Raises:
        FaultError: The route is unknown, or a word of it means nothing.
    """
    route, *words = spec.split(":")
    if route not in routes:
        raise FaultError(f"no route {route!r} in {spec!r}; there are {', '.join(routes)}")
    fault = Fault(route=route, action="")
    for word in words:
        name, _, value = word.partition("=")
        match name:
            case "event" if value.isdecimal():
                fault.event = int(value)
            case "times" if value.isdecimal() and int(value) > 0:
                fault.left = int(value)
            case _ if fault.action:
                raise FaultError(f"{spec!r} has more than one action, or a bad {word!r}")
            case _:
                _check_action(spec, name, value)
                fault.action, fault.value = name, value
    if not fault.action:
        raise FaultError(f"{spec!r} says nothing to do: {ACTIONS}")
    if fault.event is not None and fault.action in {"status", "error", "html"}:
        raise FaultError(f"{spec!r}: a status comes before the first event")
    return fault


def _check_action(spec: str, name: str, value: str) -> None:
    match name:
        case "drop" | "reset" | "garbage" | "html" if not value:
            return
        case "status" if value.isdecimal() and 200 <= int(value) <= 599:
            return
        case "error" if value in ERRORS:
            return
        case "slow" if value.replace(".", "", 1).isdecimal():
            return
        case "error":
            raise FaultError(f"no error {value!r} in {spec!r}; there are {', '.join(ERRORS)}")
        case _:
            raise FaultError(f"{name!r} in {spec!r} means nothing: {ACTIONS}")
