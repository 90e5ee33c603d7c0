"""What goes into the next request, while this and other programs change the chat."""

from pathlib import Path

from services.clock import Clock
from services.models.chat import Notice, UserMessage
from services.store.chats import ChatStore
from services.store.database import Database


async def put(store: ChatStore, name: str, *, replaces: bool = False) -> None:
    message = UserMessage(id=name.partition(":")[0], turn_id="t", text=name, at=0.0)
    if replaces:
        await store.replace_item("chat-1", message, {"said": name})
    else:
        await store.append_item("chat-1", message, {"said": name}, turn_id="t")


async def said(store: ChatStore) -> list[str]:
    return [raw["said"] for raw in await store.history("chat-1")]


async def test_items_that_were_read_before_are_the_same_objects(store: ChatStore) -> None:
    await put(store, "a")
    before = await store.history("chat-1")
    await put(store, "b")
    after = await store.history("chat-1")
    assert [raw["said"] for raw in after] == ["a", "b"]
    assert after[0] is before[0]


async def test_a_replaced_and_a_removed_item_are_seen_in_the_history(store: ChatStore) -> None:
    for name in ("a", "b", "c"):
        await put(store, name)
    assert await said(store) == ["a", "b", "c"]
    await put(store, "b:2", replaces=True)
    assert await said(store) == ["a", "b:2", "c"]
    await put(store, "a:2")
    assert await said(store) == ["a:2", "b:2", "c"]
    await store.remove_items("chat-1", ["c"])
    assert await said(store) == ["a:2", "b:2"]
    await put(store, "d")
    assert await said(store) == ["a:2", "b:2", "d"]


async def test_a_line_that_begins_to_stand_for_something_takes_its_place(store: ChatStore) -> None:
    notice = Notice(id="n", turn_id="t", text="n")
    await put(store, "a")
    await store.append_item("chat-1", notice, None, turn_id="t")
    await put(store, "b")
    assert await said(store) == ["a", "b"]
    await store.replace_item("chat-1", notice, {"said": "n"})
    assert await said(store) == ["a", "n", "b"]


async def test_what_another_program_did_to_the_chat_is_seen(
    store: ChatStore, path: Path, clock: Clock
) -> None:
    await put(store, "a")
    await put(store, "b")
    assert await said(store) == ["a", "b"]
    database = await Database.open(path, clock)
    other = ChatStore(database, clock)
    await put(other, "c")
    assert await said(store) == ["a", "b", "c"]
    await put(other, "a:2", replaces=True)
    await other.remove_items("chat-1", ["b"])
    assert await said(store) == ["a:2", "c"]
    await database.close()


async def test_a_deleted_chat_that_is_made_again_begins_without_history(store: ChatStore) -> None:
    await put(store, "a")
    assert await said(store) == ["a"]
    await store.delete("chat-1")
    await store.create(chat_id="chat-1", model=None, effort=None, provider=None)
    await put(store, "b")
    assert await said(store) == ["b"]
