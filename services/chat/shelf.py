"""The open chats: read from disk once, and kept in step with it."""

from dataclasses import replace

from services.chat.record import Collaborators
from services.chat.state import ChatState, LastTurn
from services.clean import clean
from services.errors import NotFoundError
from services.events import ChatListChanged, QueueChanged
from services.models.chat import (
    Attachment,
    Chat,
    ChatSummary,
    ErrorCard,
    Item,
    Notice,
    QueuedMessage,
    Reply,
    TurnStatus,
    UserMessage,
)


class Shelf:
    """Knows the state of every chat that is open."""

    def __init__(self, having: Collaborators, model: str | None, effort: str | None) -> None:
        self._having = having
        self._model = model
        self._effort = effort
        self._chats: dict[str, ChatState] = {}

    def known(self) -> tuple[ChatState, ...]:
        """All that are open."""
        return tuple(self._chats.values())

    def peek(self, chat_id: str) -> ChatState | None:
        """An open chat."""
        return self._chats.get(chat_id)

    async def state(self, chat_id: str) -> ChatState:
        """A chat, read from disk where it is not open yet.

        Raises:
            NotFoundError: There is no such chat.
        """
        state = self._chats.get(chat_id)
        if state is None:
            state = self._adopt(await self._having.store.load(chat_id))
        return state

    async def open(self, chat_id: str | None = None, newest: int | None = None) -> Chat:
        """A chat as it stands now, what is being streamed included."""
        if chat_id is None:
            last = await self._having.keeper.keep(self._having.store.last())
            if last is None:
                return self.new()
            chat_id = last.id
        state = self._chats.get(chat_id)
        if state is not None and not state.is_stored:
            return self._merge(state, Chat(summary=state.summary, items=(), draft=state.draft))
        await self._end_what_a_crash_left(chat_id)
        chat = await self._having.store.load(chat_id, newest)
        return self._merge(self._adopt(chat), chat)

    def new(self) -> Chat:
        """A new chat; nothing of it is stored until something is typed."""
        now = self._having.clock.now()
        summary = ChatSummary(
            id=self._having.new_id(),
            title="",
            created_at=now,
            updated_at=now,
            turns=0,
            model=self._model,
            effort=self._effort,
            provider=self._having.provider.id,
        )
        self._chats[summary.id] = ChatState(summary=summary, is_stored=False)
        return Chat(summary=summary, items=())

    async def find_last(self, state: ChatState) -> LastTurn | None:
        """The last turn of a chat that was read from disk, if it needs to be run again."""
        items = (await self._having.store.load(state.id)).items
        place = max(
            (index for index, item in enumerate(items) if isinstance(item, UserMessage)),
            default=None,
        )
        if place is None:
            return None
        message, after = items[place], items[place + 1 :]
        assert isinstance(message, UserMessage)
        if not _is_broken(after):
            return None
        kept = await self._having.store.history(state.id)
        start = max(index for index, raw in enumerate(kept) if raw.get("role") == "user")
        return LastTurn(
            message=message,
            start=start + 1,
            item_ids=[item.id for item in after],
            can_be_retried=True,
        )

    async def refresh_history(self, state: ChatState) -> bool:
        """Read the history, which another process may have added to; False if memory is used."""
        if self._having.keeper.has_failed and state.has_history:
            return False
        history = await self._having.keeper.keep(self._having.store.history(state.id))
        if history is None:
            return False
        state.history = list(history)
        state.has_history = True
        return True

    async def make_sure_it_is_stored(self, state: ChatState) -> None:
        """Make the chat in the store, as something was typed in it."""
        if state.is_stored:
            return
        summary = state.summary
        created = await self._having.keeper.keep(
            self._having.store.create(
                chat_id=summary.id,
                model=summary.model,
                effort=summary.effort,
                provider=summary.provider,
            )
        )
        if created is None:
            return
        state.is_stored = True
        await self.tell_list()

    def message(self, text: str, attachments: tuple[Attachment, ...]) -> UserMessage:
        """The first item of a new turn."""
        return UserMessage(
            id=self._having.new_id(),
            turn_id=self._having.new_id(),
            text=clean(text),
            attachments=attachments,
            at=self._having.clock.now(),
        )

    def set_queue(self, state: ChatState, queue: tuple[QueuedMessage, ...]) -> None:
        """Know and tell what waits."""
        state.queue = queue
        if all(each.not_before is not None for each in queue):
            state.asked = None
        self._having.bus.publish(QueueChanged(chat_id=state.id, queue=queue, asked=state.asked))

    async def save_draft(self, state: ChatState, text: str) -> None:
        """Keep what is typed and not sent."""
        state.draft = text
        if state.is_stored:
            await self._having.keeper.keep(self._having.store.save_draft(state.id, text))

    async def tell_list(self) -> None:
        """Tell how the list of chats looks now."""
        if self._having.keeper.has_failed:
            return
        chats = await self._having.keeper.keep(self._having.store.summaries())
        if chats is not None:
            self._having.bus.publish(ChatListChanged(chats=chats))

    async def _end_what_a_crash_left(self, chat_id: str) -> None:
        """End a turn whose process was killed, so that it can be tried again."""
        having = self._having
        turn_id = await having.keeper.keep(having.store.interrupted_turn(chat_id))
        if turn_id is not None:
            text = "interrupted: the program ended before the answer"
            notice = Notice(id=having.new_id(), turn_id=turn_id, text=text)
            await having.keeper.keep(
                having.store.append_item(chat_id, notice, None, turn_id=turn_id)
            )
            await having.keeper.keep(
                having.store.end_turn(
                    chat_id, turn_id, status=TurnStatus.INTERRUPTED, usage=None, model=None
                )
            )

    def _adopt(self, chat: Chat) -> ChatState:
        """The state of a chat that was read; one that is known keeps what memory knows better."""
        state = self._chats.get(chat.summary.id)
        if state is None:
            state = ChatState(
                summary=chat.summary, is_stored=True, queue=chat.queue, draft=chat.draft
            )
            self._chats[state.id] = state
        elif state.turn is None and not self._having.keeper.has_failed:
            state.summary = chat.summary
            state.queue = chat.queue
        return state

    def _merge(self, state: ChatState, chat: Chat) -> Chat:
        known = {item.id for item in chat.items}
        streaming = state.turn.open_items() if state.turn is not None else ()
        fresh = tuple(item for item in streaming if item.id not in known)
        return replace(
            chat,
            summary=state.summary,
            items=chat.items + fresh,
            open_ids=frozenset(item.id for item in fresh),
            queue=state.queue,
            asked=state.asked,
        )

    async def fork(self, chat_id: str, item_id: str) -> tuple[Chat, str]:
        """A new chat with all that stands before a user message, and the text of that message."""
        chat = await self._having.store.load(chat_id)
        message = next((item for item in chat.items if item.id == item_id), None)
        if not isinstance(message, UserMessage):
            raise NotFoundError("There is no such message to go on from")
        forked = await self._having.store.fork(
            chat_id, before_item=item_id, new_id=self._having.new_id()
        )
        await self.tell_list()
        return self._merge(self._adopt(forked), forked), message.text


def _is_broken(items: tuple[Item, ...]) -> bool:
    """Whether the items after a user message are those of a turn without a whole answer.

    Whatever cut a turn short stands at its end: a notice, an error card or a partial reply.
    """
    match items[-1] if items else None:
        case None | Notice() | ErrorCard() | Reply(is_partial=True):
            return True
        case _:
            return False
