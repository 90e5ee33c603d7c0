"""Turns from their begin to their end, and what follows then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from services.chat.record import Collaborators
from services.chat.shelf import Shelf
from services.chat.state import ChatState, LastTurn
from services.chat.title import title_of
from services.chat.turn import Outcome, Turn
from services.events import TurnEnded
from services.models.chat import TurnStatus, UserMessage


class Runner:
    """Runs turns in a group of tasks.

    Args:
        having: What every turn works with.
        shelf: The open chats.
        group: Entered by whoever owns it.
        follow: Called, the chat's lock held, after a turn that leaves room for the next one.
    """

    def __init__(
        self,
        having: Collaborators,
        shelf: Shelf,
        group: asyncio.TaskGroup,
        follow: Callable[[ChatState], Awaitable[None]],
    ) -> None:
        self._having = having
        self._shelf = shelf
        self._group = group
        self._follow = follow

    async def begin(
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
        self.start(state, LastTurn(message=message, start=len(state.history), schema=schema))

    def start(self, state: ChatState, last: LastTurn) -> None:
        """Start a turn whose user message ends the history."""
        state.last = last
        state.turn = Turn(state, last, self._having)
        self._group.create_task(self._run(state, state.turn))

    async def stop(self, state: ChatState) -> None:
        """Interrupt what runs in a chat, and wait for its end."""
        while (turn := state.turn) is not None:
            turn.interrupt()
            await turn.ended.wait()

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
        if goes_on and not turn.is_interrupted:
            await self._follow(state)
