"""Which program listens on a port of this machine: a look into Linux's /proc, best effort."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.clean import clean_line

_LISTENS: Final = "0A"
_BUDGET: Final = 0.5
"""Seconds; a machine with very many processes is not searched to its end."""


def find_holder(port: int, proc: Path = Path("/proc")) -> str:
    """Name and number of the program that listens on `port`; empty where it cannot be found.

    Blocks for a moment. Programs of other users are not seen.

    Args:
        port: On any address of this machine.
        proc: Where the system tells.
    """
    inodes = set(_inodes(port, proc))
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    ends_at = time.monotonic() + _BUDGET
    for process in _entries(proc):
        if time.monotonic() > ends_at:
            break
        if process.name.isdigit() and _holds(process, wanted):
            return _named(process)
    return ""


def _inodes(port: int, proc: Path) -> Iterator[str]:
    """Sockets that listen on `port`."""
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        for row in rows.splitlines()[1:]:
            fields = row.split()
            if len(fields) < 10 or fields[3] != _LISTENS:
                continue
            if fields[1].rpartition(":")[2] == f"{port:04X}":
                yield fields[9]


def _holds(process: Path, wanted: set[str]) -> bool:
    for handle in _entries(process / "fd"):
        try:
            if str(handle.readlink()) in wanted:
                return True
        except OSError:
            continue
    return False


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _named(process: Path) -> str:
    try:
        name = clean_line((process / "comm").read_text(encoding="utf-8", errors="replace"), 40)
    except OSError:
        name = ""
    return f"{name} (process {process.name})" if name else f"process {process.name}"
