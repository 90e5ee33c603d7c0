"""Conversations: what is typed is on disk before it is sent, and turns run to their end.

How turns, queue and interrupts work: docs/chat.md. Wire rules: docs/protocols/turns.md.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from services.bus import EventBus
from services.chat import attachments as files
from services.chat.ports import Catalogue, Inference
from services.chat.record import Collaborators
from services.chat.shelf import Shelf
from services.chat.state import ChatState, Keeper, LastTurn
from services.chat.title import title_of
from services.chat.turn import Outcome, Turn
from services.clock import Clock
from services.errors import UsageError
from services.events import ItemsDropped, ServiceFailed, TurnEnded
from services.models.chat import (
    Attachment,
    Chat,
    QueuedMessage,
    TurnState,
    TurnStatus,
    UserMessage,
)
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
        self._is_leaving = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_leaving = True
        running = [state.turn for state in self._shelf.known() if state.turn is not None]
        for turn in running:
            turn.interrupt()
        try:
            for turn in running:
                await turn.ended.wait()
        finally:
            # An error of the body goes its own way; handed in here, it would come out in a group.
            await self._group.__aexit__(None, None, None)

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
            if state.turn is not None or (state.queue and not overtakes):
                queued = await self._enqueue(state, text, attachments, schema)
                if state.turn is None:
                    await self._send_first_queued(state)
                return queued
            message = self._shelf.message(text, attachments)
            await having.keeper.keep(
                having.store.append_item(state.id, message, raw, turn_id=message.turn_id)
            )
            await self._begin(state, message, raw, schema)
            return None

    async def send_now(
        self, chat_id: str, text: str, attachments: tuple[Attachment, ...] = ()
    ) -> None:
        """Interrupt what runs and send this; the queue stays and follows after it."""
        state = await self._shelf.state(chat_id)
        await self._stop(state)
        await self._submit(state, text, attachments, overtakes=True)

    async def interrupt(self, chat_id: str) -> tuple[QueuedMessage, ...]:
        """End the running turn, keeping what has come, and give back what was queued.

        Returns:
            The messages that waited, in order; they are no longer queued.
        """
        state = await self._shelf.state(chat_id)
        await self._stop(state)
        async with state.lock:
            having, queue = self._having, state.queue
            for message in queue:
                await having.keeper.keep(having.store.remove_queued(state.id, message.id))
            if queue:
                self._shelf.set_queue(state, ())
            return queue

    async def retry(self, chat_id: str) -> None:
        """Run the last turn again, which failed, was interrupted or is incomplete.

        What it had brought is taken away; its user message stays and is not sent twice.

        Raises:
            UsageError: There is no such turn.
        """
        state = await self._shelf.state(chat_id)
        async with state.lock:
            if state.turn is not None:
                raise UsageError("The turn is still running", next_step="Interrupt it first")
            last = state.last or await self._shelf.find_last(state)
            if last is None or not last.can_be_retried:
                raise UsageError("There is nothing to try again")
            if last.item_ids:
                gone = tuple(last.item_ids)
                await self._having.keeper.keep(self._having.store.remove_items(state.id, gone))
                self._having.bus.publish(ItemsDropped(chat_id=state.id, item_ids=gone))
            if not await self._shelf.refresh_history(state):
                del state.history[last.start :]
            self._start(state, LastTurn(message=last.message, start=last.start, schema=last.schema))

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
            if any(each.id == queued_id for each in state.queue):
                await self._having.keeper.keep(
                    self._having.store.update_queued(chat_id, queued_id, text)
                )
                new = {
                    each: replace(each, text=text) for each in state.queue if each.id == queued_id
                }
                self._shelf.set_queue(state, tuple(new.get(each, each) for each in state.queue))

    async def remove_queued(self, chat_id: str, queued_id: str) -> None:
        """Take a message out of the queue; nothing happens if it was sent meanwhile."""
        state = await self._shelf.state(chat_id)
        async with state.lock:
            if any(each.id == queued_id for each in state.queue):
                await self._having.keeper.keep(self._having.store.remove_queued(chat_id, queued_id))
                queue = tuple(each for each in state.queue if each.id != queued_id)
                self._shelf.set_queue(state, queue)

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

    async def _begin(
        self,
        state: ChatState,
        message: UserMessage,
        raw: Mapping[str, Any],
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        """Start the turn of a message that the store has."""
        if not await self._shelf.refresh_history(state):
            state.history.append(raw)
            state.has_history = True
        if not state.summary.title and (title := title_of(message.text)):
            state.summary = replace(state.summary, title=title)
            await self._having.keeper.keep(self._having.store.set_title(state.id, title))
            await self._shelf.tell_list()
        self._start(state, LastTurn(message=message, start=len(state.history), schema=schema))

    def _start(self, state: ChatState, last: LastTurn) -> None:
        state.last = last
        state.turn = Turn(state, last, self._having)
        self._group.create_task(self._run(state, state.turn))

    async def _run(self, state: ChatState, turn: Turn) -> None:
        try:
            outcome = await turn.run()
            async with state.lock:
                await self._end(state, turn, outcome)
        except Exception:
            # A bug of ours goes on its way, but nobody shall wait for this turn for ever.
            self._having.bus.publish(
                TurnEnded(
                    chat_id=state.id,
                    turn_id=turn.id,
                    status=TurnStatus.FAILED,
                    reason="a bug of Foredeck",
                )
            )
            raise
        finally:
            if state.turn is turn:
                state.turn = None
            turn.ended.set()

    async def _end(self, state: ChatState, turn: Turn, outcome: Outcome) -> None:
        having = self._having
        if state.last is not None:
            is_whole = outcome.status is TurnStatus.COMPLETED and not outcome.is_empty
            state.last.can_be_retried = not is_whole
        await having.keeper.keep(
            having.store.end_turn(
                state.id,
                turn.id,
                status=outcome.status,
                usage=outcome.usage,
                model=outcome.model,
            )
        )
        having.bus.publish(
            TurnEnded(
                chat_id=state.id,
                turn_id=turn.id,
                status=outcome.status,
                reason=outcome.reason,
                failure=outcome.failure,
                text=outcome.text,
                response_id=outcome.response_id,
                seconds=outcome.seconds,
            )
        )
        state.turn = None
        await self._shelf.tell_list()
        goes_on = outcome.status in {TurnStatus.COMPLETED, TurnStatus.INCOMPLETE}
        if goes_on and state.queue and not turn.is_interrupted and not self._is_leaving:
            await self._send_first_queued(state)

    async def _send_first_queued(self, state: ChatState) -> None:
        while state.queue:
            queued = state.queue[0]
            try:
                raw = await files.message(queued.text, queued.attachments)
            except UsageError as error:
                self._having.bus.publish(ServiceFailed(failure=error.failure))
                return
            message = self._shelf.message(queued.text, queued.attachments)
            is_ours = await self._shelf.take_queued(state, queued, message, raw)
            self._shelf.set_queue(state, state.queue[1:])
            if is_ours:
                await self._begin(state, message, raw, state.schemas.pop(queued.id, None))
                return

    async def _stop(self, state: ChatState) -> None:
        while (turn := state.turn) is not None:
            turn.interrupt()
            await turn.ended.wait()

    async def _enqueue(
        self,
        state: ChatState,
        text: str,
        attachments: tuple[Attachment, ...],
        schema: Mapping[str, Any] | None,
    ) -> QueuedMessage:
        queued = QueuedMessage(id=self._having.new_id(), text=text, attachments=attachments)
        if schema is not None:
            state.schemas[queued.id] = schema
        await self._having.keeper.keep(self._having.store.enqueue(state.id, queued))
        self._shelf.set_queue(state, (*state.queue, queued))
        return queued
