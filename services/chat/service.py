"""Conversations: what is typed is on disk before it is sent, and turns run to their end.

How turns, queue and interrupts work: docs/chat.md. Wire rules: docs/protocols/turns.md.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self

from services.bus import EventBus
from services.chat import attachments as files
from services.chat.ports import Catalogue, Inference, Limits
from services.chat.record import Collaborators
from services.chat.resets import for_window
from services.chat.sending import Sending
from services.chat.shelf import Shelf
from services.chat.state import ChatState, Keeper
from services.chat.takeover import Takeover
from services.clock import Clock
from services.errors import UsageError
from services.models.chat import Attachment, Chat, QueuedMessage, TurnState
from services.models.limit_history import PreSend
from services.provider import Provider
from services.store.chats import ChatStore


class ChatService:
    """Holds the open chats and runs their turns, whatever view is shown meanwhile.

    It is an async context manager; leaving it interrupts what runs and keeps the text.
    """

    def __init__(
        self,
        *,
        inference: Inference,
        provider: Provider,
        catalogue: Catalogue,
        store: ChatStore,
        bus: EventBus,
        clock: Clock,
        new_id: Callable[[], str],
        instructions: str,
        model: str | None,
        effort: str | None,
    ) -> None:
        self._having = Collaborators(
            inference=inference,
            provider=provider,
            catalogue=catalogue,
            store=store,
            keeper=Keeper(bus),
            bus=bus,
            clock=clock,
            new_id=new_id,
            instructions=instructions,
        )
        self._shelf = Shelf(self._having, model, effort)
        self._group = asyncio.TaskGroup()
        self._sending = Sending(self._having, self._shelf, self._group)
        self._runner, self._queue = self._sending.runner, self._sending.queue
        self._waiting, self._asking = self._sending.waiting, self._sending.asking
        self._takeover = Takeover(self._having, self._group, self.take_over_waiting)

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._takeover.leave()
        self._sending.leave()
        running = [state.turn for state in self._shelf.known() if state.turn is not None]
        for turn in running:
            turn.interrupt()
        try:
            for turn in running:
                await turn.ended.wait()
        finally:
            # An error of the body goes its own way; handed in here, it would come out in a group.
            await self._group.__aexit__(None, None, None)

    def look_at(self, limits: Limits) -> None:
        """Stop before what a limit probably cuts off, since there is somebody to ask.

        What waits for a time in any chat is sent by this program from now on, whenever the one is
        gone that was to do so: see `take_over_waiting`.
        """
        self._asking.limits = self._waiting.limits = limits
        self._waiting.since = min(self._waiting.since, self._having.clock.now())
        self._takeover.begin()

    async def open(self, chat_id: str | None = None, *, newest: int | None = None) -> Chat:
        """A chat as it stands now, what is being streamed included.

        Args:
            chat_id: None for the one that was used last, or a new one where there is none.
            newest: How many finished items to read, from the end; None for all of them.

        Raises:
            NotFoundError: There is no such chat.
            StorageError: It cannot be read.
        """
        return await self._shelf.open(chat_id, newest)

    async def new(self) -> Chat:
        """A new chat; nothing of it is stored until something is typed."""
        return self._shelf.new()

    async def fork(self, chat_id: str, item_id: str) -> tuple[Chat, str]:
        """A new chat with all that stands before a user message.

        Returns:
            The chat, and the text of that message, to be edited and sent in it.

        Raises:
            NotFoundError: There is no such user message.
        """
        return await self._shelf.fork(chat_id, item_id)

    async def submit(
        self,
        chat_id: str,
        text: str,
        attachments: tuple[Attachment, ...] = (),
        *,
        schema: Mapping[str, Any] | None = None,
    ) -> QueuedMessage | None:
        """Send a message; it waits in the queue while a turn runs, or others wait already.

        It is on disk when this returns, unless the disk refuses, which is told once. Messages
        that a broken turn left waiting go first, in order.

        Args:
            chat_id: An open chat.
            text: What the user said.
            attachments: Files that go with it.
            schema: JSON schema that the answer must fit.

        Returns:
            The message as it was put into the queue; None if it was sent at once.

        Raises:
            UsageError: An attachment cannot be sent.
            NotFoundError: There is no such chat.
        """
        state = await self._shelf.state(chat_id)
        return await self._submit(state, text, attachments, schema)

    async def _submit(
        self,
        state: ChatState,
        text: str,
        attachments: tuple[Attachment, ...],
        schema: Mapping[str, Any] | None = None,
        *,
        overtakes: bool = False,
    ) -> QueuedMessage | None:
        raw = await files.message(text, attachments)
        async with state.lock:
            having = self._having
            await self._shelf.make_sure_it_is_stored(state)
            await having.keeper.keep(having.store.remember_prompt(text))
            if state.draft == text:
                await self._shelf.save_draft(state, "")
            if state.turn is not None or (self._queue.has_next(state) and not overtakes):
                queued = self._queued(text, attachments)
                await self._queue.put(state, queued, schema)
                if state.turn is None and state.asked is None:
                    await self._sending.send_next(state)
                return queued
            self._asking.end(state)
            message = self._shelf.message(text, attachments)
            await having.keeper.keep(
                having.store.append_item(state.id, message, raw, turn_id=message.turn_id)
            )
            await self._runner.begin(state, message, raw, schema)
            return None

    async def submit_later(
        self,
        chat_id: str,
        text: str,
        attachments: tuple[Attachment, ...] = (),
        *,
        not_before: float,
        asked: PreSend | None = None,
    ) -> QueuedMessage:
        """Queue a message that this program sends by itself after a time, while it runs.

        It is on disk when this returns, as with `submit`. Others go before it until then.

        Args:
            chat_id: An open chat.
            text: What the user said.
            attachments: Files that go with it.
            not_before: Unix seconds.
            asked: The window that it waits for, whenever that begins anew; None where the time
                alone counts.

        Raises:
            UsageError: An attachment cannot be sent.
            NotFoundError: There is no such chat.
        """
        state = await self._shelf.state(chat_id)
        await files.message(text, attachments)
        async with state.lock:
            having = self._having
            await self._shelf.make_sure_it_is_stored(state)
            await having.keeper.keep(having.store.remember_prompt(text))
            queued = self._queued(text, attachments)
            if asked is not None:
                queued = for_window(queued, asked)
            queued = await self._sending.put(state, replace(queued, not_before=not_before))
            if state.draft == text:
                await self._shelf.save_draft(state, "")
            return queued

    async def answer(self, chat_id: str, choice: Literal["send", "wait", "cancel"]) -> None:
        """Say what becomes of a queue that waits for the user's word; nothing if none does.

        Args:
            chat_id: Which chat.
            choice: `send` its first message; let all of it `wait` until the limit begins anew;
                or leave it as it is, until something is sent.
        """
        state = await self._shelf.state(chat_id)
        async with state.lock:
            if state.asked is None:
                return
            if choice == "wait":
                await self._asking.hold(state)
            self._asking.end(state)
            if choice == "send" and state.turn is None:
                await self._sending.send_next(state)

    async def take_over_waiting(self, chat_id: str) -> None:
        """Send what waits for a time in a chat, where the program is gone that was to do so.

        A message whose time passed before this program looked at limits goes on waiting, for
        `send_queued`.
        """
        state = await self._shelf.state(chat_id)
        async with state.lock:
            await self._queue.take_over(state)
            self._waiting.watch(state)

    async def send_queued(self, chat_id: str, queued_id: str) -> None:
        """Let a message wait no longer for its time, only for the turn that may be running."""
        state = await self._shelf.state(chat_id)
        async with state.lock:
            if await self._queue.release(state, queued_id, is_forced=True) and state.turn is None:
                self._asking.end(state)
                await self._sending.send_next(state)

    async def send_now(
        self, chat_id: str, text: str, attachments: tuple[Attachment, ...] = ()
    ) -> None:
        """Interrupt what runs and send this; the queue stays and follows after it."""
        state = await self._shelf.state(chat_id)
        await self._runner.stop(state)
        await self._submit(state, text, attachments, overtakes=True)

    async def interrupt(self, chat_id: str) -> tuple[QueuedMessage, ...]:
        """End the running turn, keeping what has come, and give back what was queued.

        Returns:
            The messages that waited, in order; they are no longer queued.
        """
        state = await self._shelf.state(chat_id)
        await self._runner.stop(state)
        async with state.lock:
            return await self._queue.give_back(state)

    async def retry_later(self, chat_id: str, asked: PreSend) -> None:
        """Run the last turn again when the window that was asked about begins anew.

        Nothing happens then if it was run again meanwhile, or another message was sent.

        Raises:
            UsageError: There is no such turn, or nobody knows when the window begins anew.
        """
        state = await self._shelf.state(chat_id)
        async with state.lock:
            message = (await self._sending.broken(state)).message
            if asked.resets_at is None:
                raise UsageError("Nobody knows when the limit begins anew")
            if all(each.retries != message.turn_id for each in state.queue):
                queued = self._queued(message.text, message.attachments)
                queued = replace(for_window(queued, asked), retries=message.turn_id)
                await self._sending.put(state, queued)

    async def retry(self, chat_id: str) -> None:
        """Run the last turn again, which failed, was interrupted or is incomplete.

        What it had brought is taken away; its user message stays and is not sent twice.

        Raises:
            UsageError: There is no such turn.
        """
        state = await self._shelf.state(chat_id)
        async with state.lock:
            await self._sending.retry(state, await self._sending.broken(state))

    def is_running(self, chat_id: str) -> bool:
        """Whether a turn of this chat runs now."""
        state = self._shelf.peek(chat_id)
        return state is not None and state.turn is not None

    def turn_state(self, chat_id: str) -> TurnState | None:
        """The state line of the running turn, if one runs."""
        state = self._shelf.peek(chat_id)
        return state.turn.state if state is not None and state.turn is not None else None

    async def wait(self, chat_id: str) -> None:
        """Wait until no turn of this chat runs any more."""
        state = self._shelf.peek(chat_id)
        while state is not None and state.turn is not None:
            await state.turn.ended.wait()

    async def edit_queued(self, chat_id: str, queued_id: str, text: str) -> None:
        """Change a message that waits; nothing happens if it was sent meanwhile."""
        state = await self._shelf.state(chat_id)
        async with state.lock:
            await self._queue.edit(state, queued_id, text)

    async def remove_queued(self, chat_id: str, queued_id: str) -> None:
        """Take a message out of the queue; nothing happens if it was sent meanwhile."""
        state = await self._shelf.state(chat_id)
        async with state.lock:
            await self._queue.remove(state, queued_id)

    async def save_draft(self, chat_id: str, text: str) -> None:
        """Keep what is typed and not sent."""
        state = await self._shelf.state(chat_id)
        async with state.lock:
            if text != state.draft:
                if text:
                    await self._shelf.make_sure_it_is_stored(state)
                await self._shelf.save_draft(state, text)

    async def set_model(self, chat_id: str, slug: str) -> None:
        """Take another model from the next request on; an effort that it lacks goes."""
        state = await self._shelf.state(chat_id)
        efforts = self._having.catalogue.lookup(slug).efforts
        effort = state.summary.effort
        if efforts and effort not in efforts:
            effort = None
        await self._choose(state, slug, effort)

    async def set_effort(self, chat_id: str, effort: str | None) -> None:
        """Take another effort from the next request on; None for the model's default."""
        state = await self._shelf.state(chat_id)
        await self._choose(state, state.summary.model, effort)

    async def _choose(self, state: ChatState, model: str | None, effort: str | None) -> None:
        async with state.lock:
            state.summary = replace(state.summary, model=model, effort=effort)
            if state.is_stored:
                await self._having.keeper.keep(
                    self._having.store.set_model(state.id, model=model, effort=effort)
                )
                await self._shelf.tell_list()

    def _queued(self, text: str, attachments: tuple[Attachment, ...]) -> QueuedMessage:
        return QueuedMessage(id=self._having.new_id(), text=text, attachments=attachments)
