"""Where the store lies and what of it a status line reads, without importing anything of ours.

Reading writes nothing, not even beside the database. A test holds the folder against `app.folders`.
"""

import os
import sys

try:
    import _sqlite3 as sqlite  # a third cheaper than sqlite3, which adds dates and types of rows
except ImportError:  # pragma: no cover  Pythons that are not CPython
    import sqlite3 as sqlite

__all__ = ["database_path", "query", "sqlite"]
FILE = "foredeck.db"
PATIENCE = 0.2
"""Seconds that a locked database is waited for."""

# The only SQL here; what the tables hold: services/store/limits_schema.py.
FACTS = (
    "SELECT standing, account, version, as_of, source, plan, allowed, limit_reached, failure, shows"
    " FROM limit_facts WHERE id = 1"
)
WINDOWS = (
    "SELECT window_id, limit_id, limit_name, label, window_seconds, used, is_refused, resets_at,"
    " as_of, source, forecast, p10_at, p50_at, p90_at FROM limit_status ORDER BY position"
)
BOARD = "SELECT board FROM limit_boards WHERE account = ?"


def query(
    path: str, *, is_whole: bool = False
) -> "tuple[tuple[object, ...], list[tuple[object, ...]], str | None]":
    """Rows of the store, of one moment.

    Args:
        path: Of the database.
        is_whole: Read the account's board too.

    Returns:
        Facts, windows, and the board as JSON (None where it was not asked for, or is none).

    Raises:
        sqlite3.Error: It cannot be read.
        TypeError: It holds no facts.
    """
    try:
        return _query(path, _uri(path), is_whole=is_whole)
    except sqlite.Error:
        if not os.path.exists(path):  # noqa: PTH110 pathlib is not for the fast path
            raise
        # Somebody began to write between the look at the log and the reading.
        return _query(path, f"file:{_quoted(path)}?mode=ro", is_whole=is_whole)


def _query(
    path: str, uri: str, *, is_whole: bool
) -> "tuple[tuple[object, ...], list[tuple[object, ...]], str | None]":
    connection = sqlite.connect(uri, timeout=PATIENCE, isolation_level=None, uri=True)
    try:
        connection.text_factory = _decoded
        connection.execute("BEGIN")
        facts = connection.execute(FACTS).fetchone()
        rows = connection.execute(WINDOWS).fetchall()
        board = connection.execute(BOARD, (facts[1],)).fetchone() if is_whole else None
        return facts, rows, None if board is None else str(board[0])
    finally:
        connection.close()


def _uri(path: str) -> str:
    """How to open it without writing anything, beside it neither.

    With an empty log all is in the file itself, and a reader that takes part in locking would leave
    an empty log and its index behind.
    """
    try:
        is_logged = os.stat(f"{path}-wal").st_size > 0  # noqa: PTH116 as above
    except OSError:
        is_logged = False
    return f"file:{_quoted(path)}?mode=ro{'' if is_logged else '&immutable=1'}"


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def database_path() -> "str | None":
    """Where the store lies, as `app.folders` has it.

    Returns:
        None where no home folder is known.
    """
    folder = data_folder()
    return None if folder is None else f"{folder}/{FILE}"


def data_folder() -> "str | None":
    """The data folder of this environment; None where no home is known."""
    home = os.environ.get("FOREDECK_HOME")
    if home:
        named = os.path.expanduser(home)  # noqa: PTH111 as above
        return None if named.startswith("~") else f"{os.path.abspath(named)}/data"  # noqa: PTH100
    if sys.platform not in {"linux", "darwin"} or "ANDROID_DATA" in os.environ:
        from app.folders import find_folders

        return str(find_folders(os.environ).data)
    shared = os.environ.get("XDG_DATA_HOME", "")
    if not shared.startswith("/"):
        place = "Library/Application Support" if sys.platform == "darwin" else ".local/share"
        shared = _in_home(place)
    return f"{shared}/foredeck" if shared else None


def _in_home(place: str) -> str:
    """A folder of the user's home; a relative `HOME` counts as none. Empty where none is known."""
    home = os.environ.get("HOME")
    if home is None or not home.startswith("/"):
        import pwd

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return ""
    home = home.rstrip("/")
    return f"{home}/{place}"
