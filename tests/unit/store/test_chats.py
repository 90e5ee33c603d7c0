import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.clock import Clock
from services.errors import NotFoundError, UsageError
from services.models.chat import (
    Attachment,
    Notice,
    QueuedMessage,
    Reply,
    TurnStatus,
    UnknownItem,
    Usage,
    UserMessage,
)
from services.store.chats import ChatStore
from services.store.database import Database

Program = Callable[..., Any]


def message(number: int, text: str = "hello") -> UserMessage:
    return UserMessage(id=f"m{number}", turn_id=f"t{number}", text=text, at=float(number))


async def fill(store: ChatStore, count: int, chat_id: str = "chat-1") -> None:
    for number in range(count):
        item = message(number)
        await store.append_item(chat_id, item, {"n": number}, turn_id=item.turn_id)


async def test_what_was_said_comes_back_in_order(store: ChatStore) -> None:
    reply = Reply(id="r", turn_id="t0", text="**hi**", is_partial=True)
    await store.append_item("chat-1", message(0), {"role": "user"}, turn_id="t0")
    await store.append_item("chat-1", reply, {"role": "assistant"}, turn_id="t0")
    await store.append_item(
        "chat-1", Notice(id="n", turn_id="t0", text="interrupted"), None, turn_id="t0"
    )
    chat = await store.load("chat-1")
    assert chat.items == (
        message(0),
        reply,
        Notice(id="n", turn_id="t0", text="interrupted"),
    )
    assert await store.history("chat-1") == ({"role": "user"}, {"role": "assistant"})
    assert (chat.summary.turns, chat.earlier, chat.queue, chat.draft) == (1, 0, (), "")


async def test_an_item_is_replaced_in_its_place_and_removed_with_its_history(
    store: ChatStore,
) -> None:
    await fill(store, 3)
    changed = replace(message(1), text="changed")
    await store.replace_item("chat-1", changed, {"n": "new"})
    assert (await store.load("chat-1")).items == (message(0), changed, message(2))
    assert await store.history("chat-1") == ({"n": 0}, {"n": "new"}, {"n": 2})
    await store.remove_items("chat-1", ["m1", "gone"])
    assert (await store.load("chat-1")).items == (message(0), message(2))
    assert await store.history("chat-1") == ({"n": 0}, {"n": 2})


async def test_a_chat_opens_at_its_end_and_the_rest_follows_in_pages(store: ChatStore) -> None:
    await fill(store, 10)
    await store.remove_items("chat-1", ["m4"])
    chat = await store.load("chat-1", newest=3)
    assert [item.id for item in chat.items] == ["m7", "m8", "m9"]
    assert chat.earlier == 6
    page = await store.load_earlier("chat-1", before=6, count=4)
    assert [item.id for item in page] == ["m2", "m3", "m5", "m6"]
    page = await store.load_earlier("chat-1", before=2, count=4)
    assert [item.id for item in page] == ["m0", "m1"]


async def test_the_same_item_appended_again_stands_there_once(store: ChatStore) -> None:
    await fill(store, 2)
    await store.append_item("chat-1", message(0, "again"), {"n": 9}, turn_id="t0")
    assert (await store.load("chat-1")).items == (message(0, "again"), message(1))


async def test_chats_are_listed_newest_first(store: ChatStore, clock: Any) -> None:
    for number in (2, 3):
        clock.time += 10
        await store.create(chat_id=f"chat-{number}", model=None, effort="high", provider=None)
    clock.time += 10
    await fill(store, 1)
    assert [chat.id for chat in await store.summaries()] == ["chat-1", "chat-3", "chat-2"]
    assert [chat.id for chat in await store.summaries(limit=1)] == ["chat-1"]
    last = await store.last()
    assert last is not None
    assert (last.id, last.updated_at) == ("chat-1", clock.time)
    await store.archive("chat-1")
    assert [chat.id for chat in await store.summaries()] == ["chat-3", "chat-2"]
    assert [chat.id for chat in await store.summaries(is_archived=True)] == ["chat-1"]
    await store.archive("chat-1", is_archived=False)
    await store.delete("chat-3")
    assert [chat.id for chat in await store.summaries()] == ["chat-1", "chat-2"]


async def test_a_query_finds_titles_and_what_was_said_but_no_field_names(store: ChatStore) -> None:
    await store.create(chat_id="chat-2", model=None, effort=None, provider=None)
    await store.set_title("chat-2", "100% of _it_")
    await store.append_item("chat-1", message(1, 'say "größer"\nnow'), None, turn_id="t1")
    for query, found in {
        "100%": ["chat-2"],
        "_IT_": ["chat-2"],
        "0_%": [],
        '"größer"\nnow': ["chat-1"],
        "text": [],
        "": ["chat-2", "chat-1"],
        "\ud800": [],
    }.items():
        assert [chat.id for chat in await store.summaries(query=query)] == found, query


async def test_a_chat_is_named_by_a_beginning_of_six_characters(store: ChatStore) -> None:
    for chat_id in ("abcdef-1", "abcdef-2", "abcdef", "xyz"):
        await store.create(chat_id=chat_id, model=None, effort=None, provider=None)
    assert await store.resolve("abcdef-1") == "abcdef-1"
    assert await store.resolve("abcdef") == "abcdef"
    assert await store.resolve(" chat-1 ") == "chat-1"
    await store.create(chat_id="unique-99", model=None, effort=None, provider=None)
    assert await store.resolve("unique") == "unique-99"
    with pytest.raises(UsageError, match="Several chats begin with 'abcdef-'"):
        await store.resolve("abcdef-")
    for name in ("uniqu", "nowhere", "", "%", "unique_99"):
        with pytest.raises(NotFoundError):
            await store.resolve(name)


async def test_the_queue_keeps_its_order_and_its_attachments(store: ChatStore) -> None:
    file = Attachment(name="a.png", path="/a.png", media_type="image/png", size=3)
    first = QueuedMessage(id="q1", text="one", attachments=(file,))
    second = QueuedMessage(id="q2", text="two")
    await store.enqueue("chat-1", first)
    await store.enqueue("chat-1", second)
    await store.update_queued("chat-1", "q1", "uno")
    assert await store.queue("chat-1") == (replace(first, text="uno"), second)
    assert (await store.load("chat-1")).queue == (replace(first, text="uno"), second)
    await store.remove_queued("chat-1", "q2")
    await store.remove_queued("chat-1", "q2")
    with pytest.raises(NotFoundError):
        await store.update_queued("chat-1", "q2", "x")


async def test_a_queued_message_is_sent_once(store: ChatStore) -> None:
    await store.enqueue("chat-1", QueuedMessage(id="q1", text="one"))
    await store.take_queued("chat-1", "q1", message(1, "one"), {"role": "user"})
    with pytest.raises(NotFoundError):
        await store.take_queued("chat-1", "q1", message(2, "one"), {"role": "user"})
    chat = await store.load("chat-1")
    assert (chat.queue, chat.items) == ((), (message(1, "one"),))
    assert await store.history("chat-1") == ({"role": "user"},)


async def test_drafts_titles_and_models_are_kept(store: ChatStore) -> None:
    await store.save_draft("chat-1", "half a \ud800 thought\x00")
    await store.set_title("chat-1", "A title")
    await store.set_model("chat-1", model="other", effort="low")
    chat = await store.load("chat-1")
    assert chat.draft == "half a \ufffd thought\x00"
    assert (chat.summary.title, chat.summary.model, chat.summary.effort) == (
        "A title",
        "other",
        "low",
    )


async def test_the_end_of_a_turn_says_how_full_the_context_is(store: ChatStore) -> None:
    await fill(store, 1)
    usage = Usage(input_tokens=10**30, output_tokens=-1, total_tokens=321)
    await store.end_turn("chat-1", "t0", status=TurnStatus.COMPLETED, usage=usage, model="m\ud800")
    await store.end_turn("chat-1", "t9", status=TurnStatus.FAILED, usage=None, model=None)
    assert (await store.load("chat-1")).context_tokens == 321


async def test_a_turn_that_nobody_can_end_is_known_as_interrupted(
    store: ChatStore, database: Database, clock: Clock
) -> None:
    await fill(store, 2)
    await store.end_turn("chat-1", "t1", status=TurnStatus.COMPLETED, usage=None, model="m")
    assert await store.interrupted_turn("chat-1") is None
    await store.append_item("chat-1", message(5), {}, turn_id="t5")
    assert await store.interrupted_turn("chat-1") is None
    next_run = ChatStore(database, clock)
    assert await next_run.interrupted_turn("chat-1") == "t5"
    assert (await next_run.load("chat-1")).items[-1] == message(5)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_turn_that_another_program_runs_is_not_interrupted(
    store: ChatStore, database: Database, clock: Clock
) -> None:
    await fill(store, 1)
    await database.run(
        lambda connection: connection.execute("UPDATE turns SET owner = ?", (f"{os.getppid()}:x",))
    )
    assert await ChatStore(database, clock).interrupted_turn("chat-1") is None


async def test_a_fork_holds_what_stood_before_and_leaves_the_old_chat_alone(
    store: ChatStore,
) -> None:
    await fill(store, 4)
    await store.set_title("chat-1", "Old")
    await store.end_turn("chat-1", "t0", status=TurnStatus.COMPLETED, usage=None, model="m")
    fork = await store.fork("chat-1", before_item="m2", new_id="chat-2")
    assert fork.items == (message(0), message(1))
    assert (fork.summary.id, fork.summary.title, fork.summary.turns) == ("chat-2", "Old", 2)
    assert await store.history("chat-2") == ({"n": 0}, {"n": 1})
    assert await store.interrupted_turn("chat-2") is None
    assert len((await store.load("chat-1")).items) == 4
    with pytest.raises(NotFoundError):
        await store.fork("chat-1", before_item="gone", new_id="chat-3")


async def test_prompts_come_newest_last_and_once(store: ChatStore) -> None:
    for text in ("one", "two", "  ", "one", "three\ud800"):
        await store.remember_prompt(text)
    assert await store.prompts() == ("two", "one", "three\ufffd")
    assert await store.prompts(limit=1) == ("three\ufffd",)


async def test_one_damaged_row_does_not_cost_the_chat(store: ChatStore, database: Database) -> None:
    await fill(store, 4)

    def damage(connection: Any) -> None:
        connection.execute("UPDATE items SET value = '{', raw = '[' WHERE id = 'm1'")
        connection.execute("UPDATE items SET kind = 'hologram' WHERE id = 'm2'")
        connection.execute("UPDATE items SET value = CAST(x'7bff' AS TEXT) WHERE id = 'm3'")
        connection.execute(
            "INSERT INTO queued (chat_id, id, value) VALUES ('chat-1', 'q', '{\"\x1b')"
        )

    await database.run(damage)
    chat = await store.load("chat-1")
    assert chat.items == (
        message(0),
        UnknownItem(id="m1", turn_id="t1", type="user", raw="{"),
        UnknownItem(
            id="m2",
            turn_id="t2",
            type="hologram",
            raw='{\n  "v": 1,\n  "text": "hello",\n  "at": 2.0\n}',
        ),
        UnknownItem(id="m3", turn_id="t3", type="user", raw="{\ufffd"),
    )
    assert chat.queue == (QueuedMessage(id="q", text='{"␛'),)
    assert await store.history("chat-1") == ({"n": 0}, {"n": 2}, {"n": 3})
    assert [found.id for found in await store.summaries(query="hello")] == ["chat-1"]


async def test_what_is_written_to_a_chat_that_is_gone_says_so(store: ChatStore) -> None:
    with pytest.raises(NotFoundError, match="There is no chat 'gone'"):
        await store.load("gone")
    with pytest.raises(NotFoundError):
        await store.append_item("gone", message(1), None, turn_id="t1")
    with pytest.raises(NotFoundError):
        await store.enqueue("gone", QueuedMessage(id="q", text="x"))
    await store.delete("chat-1")
    with pytest.raises(NotFoundError):
        await store.delete("chat-1")


async def test_a_chat_in_memory_works_like_one_on_disk(clock: Clock) -> None:
    database = await Database.in_memory(clock)
    store = ChatStore(database, clock)
    await store.create(chat_id="chat-1", model=None, effort=None, provider=None)
    await fill(store, 2)
    assert (await store.load("chat-1")).items == (message(0), message(1))
    assert database.is_saving is False
    assert database.notices == []
    await database.close()
