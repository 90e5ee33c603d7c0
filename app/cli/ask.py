"""`foredeck ask`: one question, and the answer as it comes."""

import asyncio
import json
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.cli.output import EXIT_INTERRUPTED, EXIT_OK, EXIT_PARTIAL, EXITS, Output, cleaned
from app.cli.question import read_question, read_schema
from app.cli.windows import window_values
from services.chat.attachments import attach, is_image
from services.errors import NotFoundError, UsageError
from services.events import (
    AnyEvent,
    ItemEnded,
    ItemsDropped,
    ItemStarted,
    LimitsRead,
    QueueChanged,
    ReasoningDelta,
    RefusalDelta,
    ServiceFailed,
    TextDelta,
    TurnEnded,
    TurnStarted,
    UsageReported,
)
from services.models.chat import Attachment, Chat, Notice, Reply, TurnStatus
from services.models.failure import FailureKind

if TYPE_CHECKING:
    from app.wiring import Services

BROKEN = {TurnStatus.FAILED, TurnStatus.INTERRUPTED}
"""After these the queue waits."""


def prepare(arguments: Namespace, output: Output) -> None:
    """Read what is asked, before anything is opened: prompt, files and schema.

    Raises:
        UsageError: Something is missing or cannot be read.
    """
    attachments = [attach(path) for path in arguments.file]
    for path in arguments.image:
        image = attach(path)
        if not is_image(image):
            raise UsageError(
                f"{path} is no PNG, JPEG, GIF or WebP image", next_step="Send it with --file"
            )
        attachments.append(image)
    arguments.attachments = tuple(attachments)
    arguments.schema_value = read_schema(arguments.schema) if arguments.schema else None
    arguments.question = read_question(arguments.prompt, output.say)


async def run(services: "Services", arguments: Namespace, output: Output) -> int:
    """Send the question and print what is told about it until the turn is over.

    Returns:
        0 for a whole answer, 7 for an incomplete one, otherwise by the kind of failure.
    """
    chat = await _choose_chat(services, arguments)
    attachments: tuple[Attachment, ...] = arguments.attachments
    schema: Mapping[str, Any] | None = arguments.schema_value
    printer = JsonPrinter(output) if output.is_json else TextPrinter(output)
    chat_id = chat.summary.id
    with services.bus.subscribe() as subscription:
        waiting = await services.chat.submit(
            chat_id, arguments.question, attachments, schema=schema
        )
        if waiting is not None:
            output.say("note: messages that waited in this chat are sent first")
        try:
            while True:
                await subscription.wait()
                for event in subscription.take():
                    match event:
                        case QueueChanged(queue=queue) if waiting not in queue:
                            waiting = None
                        case TurnEnded(status=status) if waiting is None or status in BROKEN:
                            printer.show(event)
                            if waiting is not None:
                                output.say("note: the message waits in the chat")
                            return finish(event, output)
                        case ServiceFailed(failure=failure) if (
                            waiting is not None and failure.kind is FailureKind.USAGE
                        ):
                            return output.fail(failure)
                        case _ if waiting is None:
                            printer.show(event)
                        case _:
                            continue
        except asyncio.CancelledError:
            await services.chat.interrupt(chat_id)
            for event in subscription.take():
                printer.show(event)
            raise


def finish(ended: TurnEnded, output: Output) -> int:
    """Tell how a turn ended, where that is not plain to see; the exit code."""
    match ended.status:
        case TurnStatus.COMPLETED:
            return EXIT_OK
        case TurnStatus.INCOMPLETE:
            return EXIT_PARTIAL
        case TurnStatus.INTERRUPTED:
            return EXIT_INTERRUPTED
        case TurnStatus.FAILED:
            if ended.failure is None:
                return EXITS[FailureKind.REFUSED]
            return output.fail(ended.failure)


async def _choose_chat(services: "Services", arguments: Namespace) -> Chat:
    if arguments.chat is not None:
        chat = await services.chat.open(await services.chats.resolve(arguments.chat))
    elif arguments.last:
        last = await services.chats.last()
        if last is None:
            raise NotFoundError("There is no chat yet", next_step="Ask without --last")
        chat = await services.chat.open(last.id)
    else:
        return await services.chat.new()
    # A flag beats what the chat was held with; a setting is only for new chats.
    if arguments.model is not None:
        await services.chat.set_model(chat.summary.id, arguments.model)
    if arguments.effort is not None:
        await services.chat.set_effort(chat.summary.id, arguments.effort)
    return chat


class TextPrinter:
    """The answer as plain text on stdout, everything else on stderr."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._pieces: dict[str, list[str]] = {}
        """What of each open reply has come, by item id."""
        self._commentary: set[str] = set()
        self._void = ""
        """What a broken try has printed, while the next one says the same."""
        self._caught_up: list[str] = []
        """What the next one has said of it."""
        self._caught_length = 0
        self._has_reply = False
        """Whether a whole reply stands on stdout, from which the next one is set apart."""
        self._last = "\n"

    def show(self, event: AnyEvent) -> None:
        """Print what concerns the answer."""
        match event:
            case ItemStarted(item=Reply() as reply):
                if reply.phase == "commentary":
                    self._commentary.add(reply.id)
            case TextDelta(item_id=item_id, text=text) | RefusalDelta(item_id=item_id, text=text):
                if item_id not in self._commentary:
                    self._pieces.setdefault(item_id, []).append(text)
                    self._put(text)
            case ItemsDropped(item_ids=item_ids):
                self._drop(item_ids)
            case ItemEnded(item=Reply() as reply):
                self._end(reply)
            case ItemEnded(item=Notice(text=text)):
                self._output.say(f"note: {text}")
            case ServiceFailed(failure=failure):
                self._output.say(f"warning: {failure.message}")
            case TurnEnded() if self._last != "\n":
                self._output.write("\n")
            case _:
                pass

    def _drop(self, item_ids: tuple[str, ...]) -> None:
        lost = "".join("".join(self._pieces.pop(item_id, ())) for item_id in item_ids)
        self._void = self._void or lost
        self._caught_up, self._caught_length = [], 0

    def _end(self, reply: Reply) -> None:
        text = reply.text + ("\n\n" if reply.text and reply.refusal else "") + reply.refusal
        come = "".join(self._pieces.pop(reply.id, ()))
        if reply.id in self._commentary or (reply.phase == "commentary" and not come):
            self._output.say(text)
            return
        if text.startswith(come):
            self._put(text[len(come) :])
        elif text:
            self._write(f"\n\n{text}")
        if self._void and self._caught_length != len(self._void):
            self._write("\n\n" + "".join(self._caught_up))
        self._void, self._caught_up, self._caught_length = "", [], 0
        self._has_reply = self._has_reply or bool(text)

    def _put(self, text: str) -> None:
        """Print more of a reply.

        What a broken try printed cannot be taken back. As long as the new one says the same,
        nothing is printed; where they part, the new text starts on a line of its own.
        """
        if not text:
            return
        if not self._void:
            self._write(text)
            return
        place = self._caught_length
        self._caught_up.append(text)
        self._caught_length += len(text)
        if self._void.startswith(text, place):
            return
        rest = self._void[place:]
        is_same = text.startswith(rest)
        more = text[len(rest) :] if is_same else "\n\n" + "".join(self._caught_up)
        self._void, self._caught_up, self._caught_length = "", [], 0
        self._write(more)

    def _write(self, text: str) -> None:
        if self._has_reply:
            self._has_reply = False
            text = f"\n\n{text}"
        if text:
            self._output.write(text)
            self._last = text[-1]


class JsonPrinter:
    """One JSON line for each event; docs/cli.md lists them."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def show(self, event: AnyEvent) -> None:
        """Print the line of an event, if it has one."""
        line = self._line(event)
        if line is not None:
            self._output.document(line)

    def _line(self, event: AnyEvent) -> dict[str, Any] | None:
        match event:
            case TurnStarted():
                return {
                    "type": "turn_started",
                    "chat_id": event.chat_id,
                    "turn_id": event.turn_id,
                    "model": event.model,
                    "transport": event.transport,
                }
            case TextDelta():
                return _delta("text_delta", event)
            case ReasoningDelta():
                return _delta("reasoning_delta", event)
            case RefusalDelta():
                return _delta("refusal_delta", event)
            case ItemEnded(item=item, raw=raw) if raw is not None:
                whole: dict[str, Any] = cleaned(json.loads(raw))
                return {
                    "type": "item",
                    "item_id": item.id,
                    "item": {"id": item.id, "type": None} | whole,
                }
            case ItemEnded(item=Notice(text=text)):
                return {"type": "notice", "text": text}
            case ServiceFailed(failure=failure):
                return {"type": "notice", "text": failure.message}
            case UsageReported(usage=usage):
                return {
                    "type": "usage",
                    "input_tokens": usage.input_tokens,
                    "cached_input_tokens": usage.cached_input_tokens,
                    "output_tokens": usage.output_tokens,
                    "reasoning_tokens": usage.reasoning_tokens,
                    "total_tokens": usage.total_tokens,
                }
            case LimitsRead(reading=reading) if reading.limits:
                return {"type": "rate_limits", "windows": window_values(reading)}
            case TurnEnded():
                return {
                    "type": "turn_ended",
                    "status": event.status.value,
                    "reason": event.reason,
                    "text": event.text,
                    "response_id": event.response_id or None,
                }
            case _:
                return None


def _delta(kind: str, event: TextDelta | ReasoningDelta | RefusalDelta) -> dict[str, Any]:
    return {"type": kind, "item_id": event.item_id, "text": event.text}
