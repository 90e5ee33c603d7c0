"""What happened, as calls of the chat view. Loaded with the services, after the first frame."""

from typing import TYPE_CHECKING, TypeAlias

from services.events import (
    AccountChanged,
    AnyEvent,
    ArgumentsDelta,
    ChatListChanged,
    ItemEnded,
    ItemsDimmed,
    ItemsDropped,
    ItemStarted,
    Lagged,
    LimitsAlerted,
    LimitsChanged,
    LimitsRead,
    ModelsChanged,
    QueueChanged,
    ReasoningDelta,
    ReasoningDetailDelta,
    RefusalDelta,
    ServiceFailed,
    SignInNeeded,
    TextDelta,
    TurnEnded,
    TurnStarted,
    TurnStateChanged,
    UsageReported,
)

if TYPE_CHECKING:
    from app.views.chat import ChatView

OfTheChat: TypeAlias = (
    QueueChanged
    | TurnStarted
    | ItemStarted
    | ItemEnded
    | ItemsDimmed
    | ItemsDropped
    | UsageReported
    | TurnEnded
    | TextDelta
    | RefusalDelta
    | ReasoningDelta
    | ReasoningDetailDelta
    | ArgumentsDelta
)


def tell(view: "ChatView", event: AnyEvent) -> None:
    """Hand an event to the view; the type checker names every kind that is not handled."""
    match event:
        case ChatListChanged():
            view.take_summary(event.chats)
        case ModelsChanged():
            view.models = event.models
        case Lagged():
            view.reload()
        case (
            LimitsRead()
            | LimitsChanged()
            | LimitsAlerted()
            | ServiceFailed()
            | AccountChanged()
            | SignInNeeded()
        ):
            pass
        case TurnStateChanged():
            if view.is_open(event.state.chat_id):
                view.status.state = event.state
        case _:
            if view.is_open(event.chat_id):
                _tell_of_the_chat(view, event)


def _tell_of_the_chat(view: "ChatView", event: OfTheChat) -> None:
    transcript = view.transcript
    match event:
        case TextDelta():
            transcript.append(event.item_id, "text", event.text)
        case RefusalDelta():
            transcript.append(event.item_id, "refusal", event.text)
        case ReasoningDelta():
            transcript.append(event.item_id, "reasoning", event.text)
        case ReasoningDetailDelta():
            transcript.append(event.item_id, "reasoning_detail", event.text)
        case ArgumentsDelta():
            transcript.append(event.item_id, "arguments", event.text)
        case QueueChanged():
            view.take_queue(event.queue, event.asked)
        case TurnStarted():
            view.begin_turn()
        case ItemStarted():
            transcript.open_item(event.item)
        case ItemEnded():
            transcript.close_item(event.item)
        case ItemsDimmed():
            transcript.dim_items(event.item_ids)
        case ItemsDropped():
            transcript.drop_items(event.item_ids)
        case UsageReported():
            view.take_usage(event.usage)
        case TurnEnded():
            view.end_turn(event.seconds)
