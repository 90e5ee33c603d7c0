"""`limits --format` in processes of their own: what they read, print and leave behind."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import status_line
from tests.cli.status_store import row, store

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = {
    "argparse",
    "asyncio",
    "dataclasses",
    "datetime",
    "enum",
    "importlib.metadata",
    "json",
    "pathlib",
    "re",
    "sqlite3",
    "tomllib",
    "typing",
    "services",
    "app.main",
}


def call(home: Path, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "app"]
    return subprocess.run(
        [sys.executable, *start, *arguments],
        env={**os.environ, "FOREDECK_HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=30,
    )


def test_the_program_reads_the_store_while_another_writes(tmp_path: Path) -> None:
    path = tmp_path / "data" / "foredeck.db"
    rows = [row() | {"resets_at": time.time() + 4_350}]
    writer = store(path, rows, as_of=time.time())
    try:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE limit_status SET used = 99")
        ended = call(tmp_path, "limits", "--format", "plain")
    finally:
        writer.close()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "5h 62% left 1h12\n", "")


@pytest.mark.parametrize("form", ["tmux", "starship", "plain"])
def test_without_a_store_it_says_so_and_makes_none(tmp_path: Path, form: str) -> None:
    home = tmp_path / "home 100% #?"
    home.mkdir()
    ended = call(home, "limits", f"--format={form}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "limits unknown\n", "")
    assert list(home.iterdir()) == []


def test_a_store_with_a_strange_name_is_read_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "home 100% #?é" / "data" / "foredeck.db"
    store(path, [row()]).close()
    assert [each.name for each in path.parent.iterdir()] == ["foredeck.db"]
    path.parent.chmod(0o500)
    try:
        ended = call(path.parents[1], "limits", "--format", "tmux")
        assert "5h 62% left due" in ended.stdout
        assert [each.name for each in path.parent.iterdir()] == ["foredeck.db"]
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + bytes(84)])
def test_a_damaged_store_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foredeck.db"
    path.write_bytes(content)
    assert status_line.read(str(path)) is None
    assert path.read_bytes() == content


def test_a_locked_store_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "foredeck.db"
    writer = store(path, [row()])
    writer.execute("PRAGMA locking_mode = EXCLUSIVE")
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("UPDATE limit_status SET used = 1")
    try:
        assert status_line.read(str(path)) is None
    finally:
        writer.close()


def test_an_old_store_without_limits_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "foredeck.db"
    sqlite3.connect(path).execute("CREATE TABLE chats (id)").connection.close()
    assert status_line.read(str(path)) is None


def test_the_fast_path_imports_next_to_nothing(tmp_path: Path) -> None:
    store(tmp_path / "data" / "foredeck.db", [row()]).close()
    code = (
        "import sys; before = set(sys.modules); sys.argv[1:] = ['limits', '--format', 'tmux']\n"
        "from app.launcher import main; code = main()\n"
        "sys.stderr.write('\\n'.join(set(sys.modules) - before)); sys.exit(code)"
    )
    ended = call(tmp_path, code=code)
    assert ended.returncode == 0
    assert "5h 62% left due" in ended.stdout
    imported = set(ended.stderr.split())
    assert "app.status_line" in imported
    assert not {name for name in imported if name in FORBIDDEN or name.startswith("services")}


def test_other_flags_take_the_long_way_to_the_same_line(tmp_path: Path) -> None:
    store(tmp_path / "data" / "foredeck.db", [row()]).close()
    (tmp_path / "config.toml").write_text("this is no TOML")
    short = call(tmp_path, "limits", "--format", "plain")
    long = call(tmp_path, "--no-input", "limits", "--format", "plain")
    assert (long.returncode, long.stdout) == (0, short.stdout)
    assert call(tmp_path, "--demo", "limits", "--format", "plain").stdout == "limits unknown\n"


def test_a_format_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    assert call(tmp_path, "limits", "--format", "polybar").returncode == 2
    assert call(tmp_path, "limits", "--format", "tmux", "--refresh").returncode == 2
