"""What a turn brings, told to whoever listens and kept on disk as it ends."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.bus import EventBus
from services.chat.ports import Catalogue, Inference
from services.chat.state import Keeper, LastTurn
from services.clock import Clock
from services.events import AnyEvent, ItemEnded, TurnStateChanged
from services.models.chat import Item, Notice, TurnPhase, TurnState
from services.provider import Provider
from services.store.chats import ChatStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborators:
    """What every turn works with."""

    inference: Inference
    provider: Provider
    catalogue: Catalogue
    store: ChatStore
    keeper: Keeper
    bus: EventBus
    clock: Clock
    new_id: Callable[[], str]
    instructions: str


class TurnRecord:
    """Tells and keeps what one turn brings."""

    def __init__(
        self,
        chat_id: str,
        last: LastTurn,
        history: list[Mapping[str, Any]],
        having: Collaborators,
    ) -> None:
        self.chat_id = chat_id
        self.turn_id = last.message.turn_id
        self._item_ids = last.item_ids
        self._history = history
        self._having = having
        self.state: TurnState | None = None
        """What the turn does at this moment; None before it began."""

    def publish(self, event: AnyEvent) -> None:
        """Tell whoever listens."""
        self._having.bus.publish(event)

    async def add(
        self,
        item: Item,
        raw: Mapping[str, Any] | None = None,
        *,
        whole: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell and keep an item that is whole.

        Args:
            item: What is shown.
            raw: What stands for it in the history that is sent; None for nothing.
            whole: The finished item of the server, where it is one.
        """
        self._item_ids.append(item.id)
        if raw is not None:
            self._history.append(raw)
        told = None if whole is None else json.dumps(whole, ensure_ascii=False)
        self.publish(ItemEnded(chat_id=self.chat_id, item=item, raw=told))
        store = self._having.store
        await self._having.keeper.keep(
            store.append_item(self.chat_id, item, raw, turn_id=item.turn_id)
        )

    async def amend(self, item: Item, raw: Mapping[str, Any] | None = None) -> None:
        """Tell and keep another version of an item that was added before."""
        self.publish(ItemEnded(chat_id=self.chat_id, item=item))
        await self._having.keeper.keep(self._having.store.replace_item(self.chat_id, item, raw))

    async def note(
        self,
        text: str,
        notice_id: str | None = None,
        *,
        raw: Mapping[str, Any] | None = None,
    ) -> str:
        """Say something in one line, or another thing in a line that was said before.

        Args:
            text: The line.
            notice_id: Of the line that is replaced.
            raw: What the line stands for in the history that is sent.

        Returns:
            The id of the line.
        """
        notice = Notice(id=notice_id or self._having.new_id(), turn_id=self.turn_id, text=text)
        if notice_id is None:
            await self.add(notice, raw)
        else:
            await self.amend(notice)
        return notice.id

    def move_to(self, phase: TurnPhase) -> None:
        """The turn does something else now."""
        if self.state is not None:
            self.change(replace(self.state, phase=phase, retry_at=None, reason=""))

    def change(self, state: TurnState) -> None:
        """Tell the state, if it is another one."""
        if state != self.state:
            self.state = state
            self.publish(TurnStateChanged(state=state))
