"""What `ask` makes of events, without a server."""

import io
import json

import pytest

from app.cli.ask import TextPrinter
from app.cli.output import Output
from services.errors import RateLimitedError
from services.events import (
    AnyEvent,
    ItemEnded,
    ItemsDropped,
    ItemStarted,
    RefusalDelta,
    TextDelta,
    TurnEnded,
)
from services.models.chat import Reply, TurnStatus


def start(item_id: str, phase: str | None = None) -> AnyEvent:
    return ItemStarted(chat_id="c", item=Reply(id=item_id, turn_id="t", phase=phase))


def more(item_id: str, text: str) -> AnyEvent:
    return TextDelta(chat_id="c", item_id=item_id, text=text)


def done(item_id: str, text: str, phase: str | None = None, refusal: str = "") -> AnyEvent:
    item = Reply(id=item_id, turn_id="t", text=text, phase=phase, refusal=refusal)
    return ItemEnded(chat_id="c", item=item)


def dropped(*item_ids: str) -> AnyEvent:
    return ItemsDropped(chat_id="c", item_ids=item_ids)


END = TurnEnded(chat_id="c", turn_id="t", status=TurnStatus.COMPLETED)


@pytest.mark.parametrize(
    ("events", "out", "err"),
    [
        ([start("a"), more("a", "Hel"), more("a", "lo"), done("a", "Hello")], "Hello\n", ""),
        ([done("a", "Hello")], "Hello\n", ""),
        ([start("a"), more("a", "Hello\n"), done("a", "Hello\n")], "Hello\n", ""),
        ([done("a", "One"), done("b", "Two")], "One\n\nTwo\n", ""),
        ([start("a"), more("a", "Hel"), done("a", "Hello")], "Hello\n", ""),
        ([start("a"), more("a", "Yes"), done("a", "No")], "Yes\n\nNo\n", ""),
        (
            [
                start("a"),
                more("a", "Hello w"),
                dropped("a"),
                more("b", "He"),
                more("b", "llo world"),
            ],
            "Hello world\n",
            "",
        ),
        (
            [start("a"), more("a", "Hello w"), dropped("a"), more("b", "He"), done("b", "Help")],
            "Hello w\n\nHelp\n",
            "",
        ),
        (
            [more("a", "Hello w"), dropped("a"), more("b", "Hello"), done("b", "Hello")],
            "Hello w\n\nHello\n",
            "",
        ),
        (
            [more("a", "Hello"), dropped("a"), more("b", "He"), dropped("b"), done("c", "Hello!")],
            "Hello!\n",
            "",
        ),
        (
            [done("a", "One"), more("b", "Tw"), dropped("b"), done("c", "Two")],
            "One\n\nTwo\n",
            "",
        ),
        (
            [start("a", "commentary"), more("a", "Look"), done("a", "Look", "commentary")],
            "",
            "Look\n",
        ),
        (
            [RefusalDelta(chat_id="c", item_id="a", text="No"), done("a", "", refusal="No")],
            "No\n",
            "",
        ),
        ([], "", ""),
    ],
)
def test_the_answer_is_printed_once(events: list[AnyEvent], out: str, err: str) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    printer = TextPrinter(Output(stdout, stderr))
    for event in [*events, END]:
        printer.show(event)
    assert (stdout.getvalue(), stderr.getvalue()) == (out, err)


def test_a_script_is_told_whole_seconds_after_which_a_try_is_worth_it() -> None:
    err = io.StringIO()
    error = RateLimitedError("Too many requests", retry_at=1_795_292_710.03)
    assert Output(io.StringIO(), err, is_json=True).fail(error.failure) == 5
    told = json.loads(err.getvalue().splitlines()[-1])["error"]["retry_at"]
    assert (told, type(told)) == (1_795_292_711, int)
