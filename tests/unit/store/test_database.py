# ruff: noqa: ASYNC240
import asyncio
import os
import sqlite3
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from services.clock import Clock
from services.errors import NotFoundError, StorageError
from services.models.chat import UserMessage
from services.store import database as database_module
from services.store.chats import ChatStore
from services.store.database import MIGRATIONS, Database


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


async def create(database: Database, clock: Clock, chat_id: str = "chat-1") -> ChatStore:
    store = ChatStore(database, clock)
    await store.create(chat_id=chat_id, model=None, effort=None, provider=None)
    return store


async def ids(database: Database, clock: Clock) -> list[str]:
    return [chat.id for chat in await ChatStore(database, clock).summaries()]


async def reopen(path: Path, clock: Clock) -> tuple[list[str], list[str], bool]:
    database = await Database.open(path, clock)
    try:
        return await ids(database, clock), database.notices, database.is_saving
    finally:
        await database.close()


@pytest.fixture
def open_umask() -> Any:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
async def test_folder_and_all_files_are_private_whatever_the_umask(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "a" / "b" / "foredeck.db"
    database = await Database.open(path, clock)
    await create(database, clock)
    found = {file.name: mode(file) for file in path.parent.iterdir()}
    assert found == dict.fromkeys(
        ("foredeck.db", "foredeck.db-wal", "foredeck.db-shm", "foredeck.db.lock"), 0o600
    )
    assert mode(path.parent) == mode(tmp_path / "a") == 0o700
    await database.close()


async def test_modes_that_were_too_open_are_set_right(path: Path, clock: Clock) -> None:
    database = await Database.open(path, clock)
    await database.close()
    path.chmod(0o644)
    path.parent.chmod(0o755)
    await reopen(path, clock)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


async def test_what_was_written_is_there_after_a_restart(path: Path, clock: Clock) -> None:
    database = await Database.open(path, clock)
    await create(database, clock)
    await database.close()
    await database.close()
    assert await reopen(path, clock) == (["chat-1"], [], True)
    with pytest.raises(StorageError, match="closed"):
        await database.read(lambda _: None)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_a_planted_link_is_not_followed(
    path: Path, tmp_path: Path, clock: Clock, suffix: str
) -> None:
    path.parent.mkdir()
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    path.with_name(path.name + suffix).symlink_to(target)
    found, notices, is_saving = await reopen(path, clock)
    assert (found, is_saving) == ([], False)
    assert "is a link or no plain file" in notices[0]
    assert target.read_text() == "mine"


async def test_a_planted_lock_link_is_not_followed(
    path: Path, tmp_path: Path, clock: Clock
) -> None:
    path.parent.mkdir()
    (tmp_path / "data" / "foredeck.db.lock").symlink_to(tmp_path / "made")
    assert (await reopen(path, clock))[2] is False
    assert not (tmp_path / "made").exists()


async def test_a_folder_that_is_a_link_of_the_user_works(
    path: Path, tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "disk").mkdir()
    path.parent.symlink_to(tmp_path / "disk")
    assert await reopen(path, clock) == ([], [], True)
    assert (tmp_path / "disk" / "foredeck.db").exists()


async def test_a_shared_folder_is_not_used_and_not_changed(tmp_path: Path, clock: Clock) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    found, notices, is_saving = await reopen(shared / "foredeck.db", clock)
    assert (found, is_saving) == ([], False)
    assert "is shared with others" in notices[0]
    assert mode(shared) == 0o1777


@pytest.mark.parametrize("place", ["file/data/foredeck.db", "file/foredeck.db"])
async def test_where_nothing_can_be_written_the_app_works_without_saving(
    tmp_path: Path, clock: Clock, place: str
) -> None:
    (tmp_path / "file").write_text("")
    database = await Database.open(tmp_path / place, clock)
    assert database.is_saving is False
    assert len(database.notices) == 1
    assert database.notices[0].startswith("Chats are not saved in this run. ")
    await create(database, clock)
    assert await ids(database, clock) == ["chat-1"]
    await database.close()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
async def test_a_folder_that_refuses_files_is_said_so(clock: Clock) -> None:
    _, notices, is_saving = await reopen(Path("/proc/foredeck/foredeck.db"), clock)
    assert is_saving is False
    assert "Nothing can be saved: No such file or directory" in notices[0]


async def test_a_read_only_disk_shows_the_old_chats(
    small_disk: Path, remount: Any, clock: Clock
) -> None:
    path = small_disk / "data" / "foredeck.db"
    database = await Database.open(path, clock)
    await create(database, clock)
    await database.close()
    remount("ro")
    database = await Database.open(path, clock)
    assert "Read-only file system" in database.notices[0]
    assert await ids(database, clock) == ["chat-1"]
    await create(database, clock, "chat-2")
    await database.close()
    remount("rw")
    assert await reopen(path, clock) == (["chat-1"], [], True)


async def test_a_full_disk_refuses_what_is_new_and_keeps_what_is_there(
    small_disk: Path, clock: Clock
) -> None:
    path = small_disk / "data" / "foredeck.db"
    database = await Database.open(path, clock)
    store = await create(database, clock)
    kept = 0

    async def fill() -> None:
        nonlocal kept
        for number in range(200):
            item = UserMessage(id=f"m{number}", turn_id="t", text="x" * 20_000, at=0)
            await store.append_item("chat-1", item, None, turn_id="t")
            kept = number + 1

    with pytest.raises(StorageError) as caught:
        await fill()
    assert caught.value.message == "The disk is full, nothing could be saved"
    assert caught.value.next_step == (
        "Free some space; what is open stays in memory until you quit"
    )
    assert len((await store.load("chat-1")).items) == kept > 2
    await database.close()
    database = await Database.open(path, clock)
    assert len((await ChatStore(database, clock).load("chat-1")).items) == kept
    await database.close()


async def test_a_disk_that_is_full_from_the_start_is_said_so(
    small_disk: Path, clock: Clock
) -> None:
    (small_disk / "data").mkdir()
    with suppress(OSError):
        (small_disk / "filler").write_bytes(b"x" * 2**21)
    _, notices, is_saving = await reopen(small_disk / "data" / "foredeck.db", clock)
    assert is_saving is False
    assert "full" in notices[0] or "No space left" in notices[0]


async def test_space_that_runs_out_is_said_so_without_a_disk(
    database: Database, store: ChatStore
) -> None:
    await database.read(lambda c: c.execute("PRAGMA max_page_count = 20").fetchall())
    item = UserMessage(id="m", turn_id="t", text="x" * 200_000, at=0)
    with pytest.raises(StorageError, match="The disk is full"):
        await store.append_item("chat-1", item, None, turn_id="t")
    await store.save_draft("chat-1", "still works")
    chat = await store.load("chat-1")
    assert (chat.items, chat.draft, chat.summary.turns) == ((), "still works", 0)


@pytest.mark.parametrize(
    "content",
    [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 999],
    ids=["text", "header"],
)
async def test_a_file_that_is_no_database_is_set_aside(
    path: Path, clock: Clock, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    path.with_name("foredeck.db-wal").write_bytes(b"wal")
    found, notices, is_saving = await reopen(path, clock)
    aside = path.with_name("foredeck.db.damaged-20231114-221320")
    assert (found, is_saving) == ([], True)
    assert notices == [
        f"The database was damaged. It is kept as {aside}, and a new one was started"
    ]
    assert aside.read_bytes() == content
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"wal"
    path.write_bytes(content)
    assert "20231114-221320-2" in (await reopen(path, clock))[1][0]


async def test_damage_that_shows_while_reading_sets_the_file_aside_at_the_next_start(
    path: Path, clock: Clock
) -> None:
    database = await Database.open(path, clock)
    store = await create(database, clock)
    # What opening reads lies before the items.
    pages = await database.read(lambda found: found.execute("PRAGMA page_count").fetchone()[0])
    for number in range(100):
        item = UserMessage(id=f"m{number}", turn_id="t", text="x" * 3000, at=0)
        await store.append_item("chat-1", item, None, turn_id="t")
    await database.close()
    with path.open("r+b") as file:
        file.seek(pages * 4096)
        file.write(b"\xff" * (path.stat().st_size - (pages + 4) * 4096))
    database = await Database.open(path, clock)
    with pytest.raises(StorageError, match="The database is damaged") as caught:
        await ChatStore(database, clock).load("chat-1")
    assert "set aside" in caught.value.next_step
    await database.close()
    found, notices, is_saving = await reopen(path, clock)
    assert (found, is_saving) == ([], True)
    assert "foredeck.db.damaged-" in notices[0]
    assert await reopen(path, clock) == ([], [], True)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(
    path: Path, clock: Clock
) -> None:
    database = await Database.open(path, clock)
    await create(database, clock)
    await database.run(lambda connection: connection.execute("PRAGMA user_version = 99"))
    await database.close()
    newest = MIGRATIONS[-1].version
    with pytest.raises(
        StorageError, match=rf"newer Foredeck \(version 99, this one knows {newest}\)"
    ):
        await Database.open(path, clock)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT id FROM chats").fetchall() == [("chat-1",)]
    connection.close()


async def test_a_change_that_fails_is_undone_whole(database: Database, store: ChatStore) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE chats SET title = 'half'")
        raise NotFoundError("gone")

    with pytest.raises(NotFoundError):
        await database.run(work)
    assert (await store.load("chat-1")).summary.title == ""
    with pytest.raises(StorageError, match=r"refused a change \(SQLITE_ERROR\)"):
        await database.run(lambda connection: connection.execute("nonsense"))
    with pytest.raises(StorageError, match="cannot be saved as it is"):
        await database.run(lambda c: c.execute("UPDATE chats SET title = ?", ("\ud800",)))
    with pytest.raises(StorageError, match="cannot be saved as it is"):
        await database.run(lambda c: c.execute("UPDATE chats SET title = ?", (2**70,)))


async def test_work_whose_caller_was_cancelled_is_done_all_the_same(
    database: Database, store: ChatStore
) -> None:
    gate = threading.Event()
    blocked = asyncio.ensure_future(database.run(lambda _: gate.wait()))
    draft = asyncio.ensure_future(store.save_draft("chat-1", "typed"))
    await asyncio.sleep(0)
    draft.cancel()
    gate.set()
    await blocked
    assert (await store.load("chat-1")).draft == "typed"


async def test_a_disk_that_hangs_holds_up_neither_callers_nor_quitting(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.open(path, clock)
    monkeypatch.setattr(database_module, "WAIT_LIMIT", 0.05)
    monkeypatch.setattr(database_module, "CLOSE_LIMIT", 0.05)
    gate = threading.Event()
    with pytest.raises(StorageError, match="The disk does not answer"):
        await database.run(lambda _: gate.wait())
    await database.close()
    gate.set()


async def test_readers_see_one_state_while_another_database_writes(
    path: Path, database: Database, store: ChatStore, clock: Clock
) -> None:
    other = await Database.open(path, clock)

    def work(connection: sqlite3.Connection) -> tuple[object, object]:
        before = connection.execute("SELECT title FROM chats").fetchone()
        writer = sqlite3.connect(path)
        writer.execute("UPDATE chats SET title = 'new'")
        writer.commit()
        writer.close()
        return before, connection.execute("SELECT title FROM chats").fetchone()

    assert await other.read(work) == (("",), ("",))
    assert (await store.load("chat-1")).summary.title == "new"
    await other.close()


async def test_a_cancellation_that_comes_with_the_outcome_is_not_swallowed(clock: Clock) -> None:
    database = await Database.in_memory(clock)
    loop = asyncio.get_running_loop()
    has_told = threading.Event()

    def work(connection: sqlite3.Connection) -> int:
        loop.call_soon_threadsafe(task.cancel)
        return 1

    task = loop.create_task(database.read(work))
    await asyncio.sleep(0)
    database._queue.put(has_told.set)
    # The loop stands still, so that both are there when it goes on.
    assert has_told.wait(10)
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.close()
