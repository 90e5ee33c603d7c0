import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from services.clock import Clock
from services.store.database import MIGRATIONS, Database
from services.store.migrations import Migration, ordered


def step(version: int, *statements: str) -> Migration:
    return Migration(version=version, area="test", statements=statements)


def many(count: int) -> tuple[Migration, ...]:
    first = step(1, "CREATE TABLE t (a)", "INSERT INTO t VALUES ('kept')")
    return (first, *(step(n, f"CREATE TABLE t{n} (a)") for n in range(2, count + 1)))


async def bring(path: Path, clock: Clock, migrations: Sequence[Migration]) -> list[str]:
    database = await Database.open(path, clock, migrations=migrations)
    await database.close()
    return database.notices


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master ORDER BY name")
        return [row[0] for row in found if not row[0].startswith("sqlite_")]


def backups(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.glob("*backup*"))


def test_the_steps_of_all_areas_count_up_by_one() -> None:
    assert [step.version for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert ordered([step(2)], [step(1), step(3)]) == (step(1), step(2), step(3))


async def test_a_new_database_needs_no_backup(path: Path, clock: Clock) -> None:
    assert await bring(path, clock, many(3)) == []
    assert tables(path) == ["t", "t2", "t3"]
    assert backups(path) == []


async def test_a_private_copy_stands_beside_the_database_before_each_step(
    path: Path, clock: Clock
) -> None:
    await bring(path, clock, many(1))
    await bring(path, clock, many(3))
    assert tables(path) == ["t", "t2", "t3"]
    assert backups(path) == ["foredeck.db.backup-v1", "foredeck.db.backup-v2"]
    for version, expected in ((1, ["t"]), (2, ["t", "t2"])):
        backup = path.with_name(f"foredeck.db.backup-v{version}")
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert tables(backup) == expected
        with closing(sqlite3.connect(backup)) as connection:
            assert connection.execute("SELECT a FROM t").fetchall() == [("kept",)]
            assert connection.execute("PRAGMA user_version").fetchone() == (version,)


async def test_only_the_three_newest_copies_are_kept(path: Path, clock: Clock) -> None:
    await bring(path, clock, many(1))
    await bring(path, clock, many(12))
    assert backups(path) == [f"foredeck.db.backup-v{version}" for version in (10, 11, 9)]


async def test_a_planted_link_for_the_copy_is_replaced(
    path: Path, tmp_path: Path, clock: Clock
) -> None:
    await bring(path, clock, many(1))
    backup = path.with_name("foredeck.db.backup-v1")
    (tmp_path / "elsewhere").write_text("mine")
    backup.symlink_to(tmp_path / "elsewhere")
    await bring(path, clock, many(2))
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert not backup.is_symlink()


async def test_a_step_that_fails_leaves_the_database_as_it_was(path: Path, clock: Clock) -> None:
    await bring(path, clock, many(1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO t VALUES ('kept')")
    bad = (*many(1), step(2, "CREATE TABLE half (a)", "CREATE UNIQUE INDEX u ON t (a)"))
    database = await Database.open(path, clock, migrations=bad)
    assert database.is_saving is False
    assert database.notices[0].startswith("Chats are not saved in this run. ")
    await database.close()
    assert tables(path) == ["t"]
    assert await bring(path, clock, many(2)) == []
    assert tables(path) == ["t", "t2"]
