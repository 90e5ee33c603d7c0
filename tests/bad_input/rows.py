"""What a server can do wrong, a row each, and what the user is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import events as ev
from simulator import replies
from simulator.script import Drop, Raw, Status

HTML = {"content-type": "text/html"}
SSE = {"content-type": "text/event-stream"}
HALF = "half a reply"
LOST = "The connection was lost before the answer was whole"
NO_STREAM = "The server answered 200 without a stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to go wrong."""

    name: str
    steps: Callable[[], Sequence[Any]]
    """What the server does with the call."""
    says: str
    """The cause, in the card and on stderr."""
    next_step: str
    code: int
    """Exit code of `ask`."""
    kept: str = ""
    """Text that had come before."""


def _row(name: str, answer: Status, says: str, next_step: str, code: int) -> Row:
    return Row(name=name, steps=lambda: [answer], says=says, next_step=next_step, code=code)


def _cut(name: str, *steps: Any, says: str = LOST, code: int = 6) -> Row:
    """Half a reply came, then this."""
    return Row(
        name=name,
        steps=lambda: [*ev.text_turn(HALF, size=99)[:3], *steps],
        says=says,
        next_step="Try again",
        code=code,
        kept=HALF,
    )


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message}}


FAILURES: tuple[Row, ...] = (
    _row("401", Status(401, {}, _error("Incorrect API key")),
         "The server refused the key (401)", "Check OPENAI_API_KEY", 3),
    _row("403 HTML page", Status(403, HTML, replies.CLOUDFLARE),
         "The server's guard blocked us (403, Cloudflare)", "Check your network, proxy", 3),
    _row("404", Status(404, {}, _error("The model gpt-9 does not exist")),
         "The server does not know this (404): The model gpt-9 does not exist",
         "Check the model and the base URL", 4),
    _row("429 with Retry-After", replies.rate_limited(7),
         "Too many requests (429): Rate limit reached", "Wait a little, then try again", 5),
    _row("429 without Retry-After", replies.rate_limited(None),
         "Too many requests (429): Rate limit reached", "Wait a little, then try again", 5),
    _row("429 at the plan's limit", replies.usage_limit_reached(),
         "The usage limit is reached (429)", "Upgrade to Pro, buy credits", 5),
    _row("500", Status(500, {}, _error("Oops")),
         "The server has trouble (500): Oops", "Try again later", 1),
    _row("500 without a word", Status(500, {}, ""),
         "The server has trouble (500)", "Try again later", 1),
    _row("502 HTML", Status(502, HTML, replies.BAD_GATEWAY),
         "The server has trouble (502): 502 Bad Gateway: cloudflare", "Try again later", 1),
    _row("redirect", Status(302, {"location": "https://example.org/login"}, ""),
         "The server sends us to example.org (302)", "Check the base URL", 1),
    _row("an answer in JSON", Status(200, {}, {"hello": "you"}),
         f"{NO_STREAM} (application/json)", "Check the base URL and which API", 6),
    _row("an answer in HTML", Status(200, HTML, "<html>Sign in</html>"),
         f"{NO_STREAM} (text/html)", "Check the base URL and which API", 6),
    _row("an empty stream", Status(200, SSE, ""),
         "The server answered 200 and then said nothing", "Check the base URL and which API", 6),
    _cut("JSON cut in an event", Raw(b'data: {"type": "response.output_te')),
    _cut("an event that is no JSON", Raw(b'data: {"type": "response.output_te\n\n')),
    _cut("a reset", Drop(reset=True), says="The connection to 127.0.0.1:"),
    _cut("no done"),
    _cut("response.failed", ev.failed(), code=1,
         says="The server has trouble: The server had an error"),
    _cut("an error event", ev.error(), code=1, says="The server has trouble: try later"),
)  # fmt: skip
