"""Programs that share a database, and programs that die."""

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.clock import Clock
from services.store.chats import ChatStore
from services.store.database import Database

Program = Callable[..., Any]

START = """
import asyncio, json, os, sys
from pathlib import Path
from services.clock import SystemClock
from services.errors import StorageError
from services.models.chat import UserMessage
from services.store.chats import ChatStore
from services.store.database import Database
from services.store.migrations import Migration

path, *arguments = sys.argv[1:]

def tell(value):
    # One write, which a pipe takes whole or not at all; unbuffered, `print` makes two of it.
    os.write(1, (json.dumps(value) + "\\n").encode())

def message(number, size=100):
    return UserMessage(id=f"{arguments[0]}-{number}", turn_id=f"t-{arguments[0]}-{number}",
                       text="x" * size, at=0.0)
"""

WRITER = (
    START
    + """
async def main():
    clock = SystemClock()
    database = await Database.open(Path(path), clock)
    store = ChatStore(database, clock)
    await store.create(chat_id="chat-1", model=None, effort=None, provider=None)
    tell("ready")
    sys.stdin.readline()
    for number in range(int(arguments[1])):
        item = message(number)
        await store.append_item("chat-1", item, {"id": item.id}, turn_id=item.turn_id)
        tell(item.id)
    await database.close()

asyncio.run(main())
"""
)


async def stored(path: Path, clock: Clock) -> list[str]:
    database = await Database.open(path, clock)
    assert (database.notices, database.is_saving) == ([], True)
    items = [item.id for item in (await ChatStore(database, clock).load("chat-1")).items]
    await database.close()
    return items


def go(process: Any) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def left_by(process: Any) -> list[Any]:
    """What a program that was killed had told and nobody read yet.

    `communicate` alone reads past the buffer of `stdout`, and so loses the lines that came
    along with the last one that was read.
    """
    rest = process.stdout.read()
    process.communicate(timeout=30)
    assert not rest or rest.endswith("\n")
    return [json.loads(line) for line in rest.splitlines()]


async def test_two_programs_write_at_once_and_nothing_is_lost(
    path: Path, clock: Clock, program: Program
) -> None:
    writers = [program(WRITER, name, "150") for name in ("a", "b")]
    for writer in writers:
        assert json.loads(writer.stdout.readline()) == "ready"
    for writer in writers:
        go(writer)
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")
    items = await stored(path, clock)
    for name in ("a", "b"):
        mine = [item for item in items if item.startswith(name)]
        assert mine == [f"{name}-{number}" for number in range(150)]
    assert len(items) == 300


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_killed_program_loses_nothing_that_was_acknowledged(
    path: Path, clock: Clock, program: Program
) -> None:
    kept: list[str] = []
    for run in range(6):
        writer = program(WRITER, f"run{run}", "100000")
        assert json.loads(writer.stdout.readline()) == "ready"
        go(writer)
        seen = [json.loads(writer.stdout.readline()) for _ in range(1 + 37 * run)]
        writer.kill()
        acknowledged = seen + left_by(writer)
        items = await stored(path, clock)
        new = items[len(kept) :]
        assert items[: len(kept)] == kept
        assert new[: len(acknowledged)] == acknowledged
        # At most the one that was under way when the signal came is there without its word.
        assert len(new) - len(acknowledged) in {0, 1}
        assert new == [f"run{run}-{number}" for number in range(len(new))]
        kept = items


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
async def test_a_turn_of_a_killed_program_is_offered_again(
    path: Path, clock: Clock, program: Program
) -> None:
    writer = program(WRITER, "a", "1")
    assert json.loads(writer.stdout.readline()) == "ready"
    database = await Database.open(path, clock)
    store = ChatStore(database, clock)
    assert await store.interrupted_turn("chat-1") is None
    go(writer)
    assert json.loads(writer.stdout.readline()) == "a-0"
    writer.kill()
    writer.communicate(timeout=30)
    assert await store.interrupted_turn("chat-1") == "t-a-0"
    await database.close()


MIGRATOR = (
    START
    + """
steps = tuple(
    Migration(version=n, area="test", statements=(f"CREATE TABLE t{n} (a)",))
    for n in range(1, int(arguments[0]) + 1)
)

async def main():
    tell("ready")
    sys.stdin.readline()
    database = await Database.open(Path(path), SystemClock(), migrations=steps)
    tell([database.notices, database.is_saving])
    await database.close()

asyncio.run(main())
"""
)


@pytest.mark.parametrize("start", [0, 1])
async def test_programs_that_upgrade_at_once_take_each_step_once(
    path: Path, program: Program, start: int
) -> None:
    if start:
        first = program(MIGRATOR, str(start))
        first.communicate("\n", timeout=30)
    migrators = [program(MIGRATOR, "4") for _ in range(3)]
    for migrator in migrators:
        assert json.loads(migrator.stdout.readline()) == "ready"
    for migrator in migrators:
        go(migrator)
    for migrator in migrators:
        output, errors = migrator.communicate(timeout=60)
        assert (json.loads(output), errors) == ([[], True], "")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)
        names = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    assert names == [("t1",), ("t2",), ("t3",), ("t4",)]


FULL = (
    START
    + """
import resource

async def main():
    clock = SystemClock()
    database = await Database.open(Path(path), clock)
    store = ChatStore(database, clock)
    await store.create(chat_id="chat-1", model=None, effort=None, provider=None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    kept = []
    for number in range(100):
        item = message(number, 10_000)
        try:
            await store.append_item("chat-1", item, None, turn_id=item.turn_id)
        except StorageError as error:
            tell([str(error), error.next_step])
            break
        kept.append(item.id)
    tell(kept)
    tell([item.id for item in (await store.load("chat-1")).items])
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.append_item("chat-1", item, None, turn_id=item.turn_id)
    tell([item.id for item in (await store.load("chat-1")).items])
    await database.close()

asyncio.run(main())
"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes")
async def test_a_file_that_may_not_grow_refuses_and_goes_on_once_it_may(
    path: Path, clock: Clock, program: Program
) -> None:
    output, errors = program(FULL, "a").communicate(timeout=60)
    assert errors == ""
    failure, kept, seen, after = map(json.loads, output.splitlines())
    assert failure in (
        [
            "The disk is full, nothing could be saved",
            "Free some space; what is open stays in memory until you quit",
        ],
        [
            "The disk failed while saving",
            "Check the disk; what is open stays in memory until you quit",
        ],
    )
    assert kept == seen != []
    assert after == [*kept, f"a-{len(kept)}"]
    assert await stored(path, clock) == after


HUNG = (
    START
    + """
import services.store.database as module

module.CLOSE_LIMIT = 0.1

async def main():
    database = await Database.open(Path(path), SystemClock())
    import threading
    asyncio.ensure_future(database.run(lambda _: threading.Event().wait()))
    await asyncio.sleep(0)
    await database.close()
    tell("closed")

asyncio.run(main())
"""
)


async def test_a_disk_that_hangs_does_not_keep_the_program_alive(program: Program) -> None:
    process = program(HUNG)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, '"closed"\n', "")
