"""`foredeck --plain`: a conversation line by line, for screen readers and pipes."""

import asyncio
import os
import signal
from argparse import Namespace
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from app.cli.ask import BROKEN, TextPrinter, finish
from app.cli.output import EXIT_OK, Output
from app.cli.question import read_question, stdin_descriptor
from services.errors import ServiceError, UsageError
from services.events import ItemEnded, QueueChanged, ServiceFailed, TurnEnded
from services.models.chat import Chat, QueuedMessage, UserMessage
from services.models.failure import FailureKind

if TYPE_CHECKING:
    from app.wiring import Services

HELP = "Ctrl-C stops the answer, Ctrl-D ends; /new begins another chat, /retry tries again"


def prepare(arguments: Namespace, output: Output) -> None:
    """Find out who speaks: someone at a terminal, or one prompt from elsewhere.

    Raises:
        UsageError: There is nothing to ask, and nobody may be asked.
    """
    descriptor = stdin_descriptor()
    is_terminal = descriptor is not None and os.isatty(descriptor)
    arguments.terminal = descriptor if is_terminal and not arguments.no_input else None
    if arguments.terminal is not None:
        arguments.question = arguments.prompt or ""
        return
    if is_terminal and not arguments.prompt:
        raise UsageError("There is no prompt", next_step="Name one, or leave out --no-input")
    arguments.question = read_question(arguments.prompt, output.say)


async def run(services: "Services", arguments: Namespace, output: Output) -> int:
    """Go on in the chat that was used last.

    Returns:
        0 when the user has left; with a single prompt as `ask` does.
    """
    talk = Talk(services, output, await services.chat.open(newest=1))
    if arguments.terminal is None:
        return await talk.send(arguments.question)
    await talk.hold(arguments.terminal, arguments.question)
    return EXIT_OK


class Talk:
    """One conversation at a time."""

    def __init__(self, services: "Services", output: Output, chat: Chat) -> None:
        self._services = services
        self._output = output
        self._take(chat)
        self._is_answering = False
        self._stopping: asyncio.Task[None] | None = None

    async def hold(self, terminal: int, first: str) -> None:
        """Take line after line until there are no more."""
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        incomplete = bytearray()

        def read() -> None:
            come = os.read(terminal, 65536)
            incomplete.extend(come)
            *whole, rest = bytes(incomplete).split(b"\n")
            incomplete[:] = rest
            for line in whole:
                lines.put_nowait(line.decode("utf-8", "replace"))
            if not come:
                loop.remove_reader(terminal)
                lines.put_nowait(None)

        def stop() -> None:
            if self._is_answering:
                self._stopping = loop.create_task(self._stop())
            else:
                incomplete.clear()
                lines.put_nowait("")

        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_reader(terminal, read)
        try:
            self._output.say(f"note: {HELP}")
            if self._title:
                self._output.say(f"note: this chat goes on: {self._title}")
            if first:
                await self.obey(first)
            while (line := await self._ask(lines)) is not None:
                await self.obey(line)
            self._output.say("")
        finally:
            loop.remove_reader(terminal)

    async def obey(self, line: str) -> None:
        """Do what a line says; what goes wrong is told."""
        try:
            match line.strip():
                case "":
                    return
                case "/new":
                    self._take(await self._services.chat.new())
                    self._output.say("note: a new chat")
                case "/retry":
                    await self._answer(self._services.chat.retry(self._id), "")
                case _:
                    await self.send(line)
        except ServiceError as error:
            self._output.fail(error.failure)

    async def send(self, text: str) -> int:
        """Send a message and print what is told until all that waits is answered.

        Returns:
            The exit code that goes with it.
        """
        return await self._answer(self._services.chat.submit(self._id, text), text)

    def _take(self, chat: Chat) -> None:
        self._id = chat.summary.id
        self._title = chat.summary.title
        self._queue = chat.queue

    async def _ask(self, lines: asyncio.Queue[str | None]) -> str | None:
        self._output.ask("> ")
        return await lines.get()

    async def _stop(self) -> None:
        for message in await self._services.chat.interrupt(self._id):
            self._output.say(f"note: not sent: {message.text}")

    async def _answer(self, begin: Awaitable[QueuedMessage | None], text: str) -> int:
        self._is_answering = True
        printer = TextPrinter(self._output)
        try:
            with self._services.bus.subscribe() as subscription:
                await begin
                while True:
                    await subscription.wait()
                    for event in subscription.take():
                        printer.show(event)
                        match event:
                            case QueueChanged(queue=queue):
                                self._queue = queue
                            case ItemEnded(item=UserMessage(text=sent)) if text not in {"", sent}:
                                self._output.say(f"note: what waited is sent: {sent}")
                            case ServiceFailed(failure=failure) if (
                                failure.kind is FailureKind.USAGE
                            ):
                                return self._output.fail(failure)
                            # What waits for a time may wait for days, and for another program.
                            case TurnEnded(status=status) if status in BROKEN or all(
                                each.not_before is not None for each in self._queue
                            ):
                                return finish(event, self._output)
                            case _:
                                continue
        except asyncio.CancelledError:
            await self._services.chat.interrupt(self._id)
            raise
        finally:
            self._is_answering = False
