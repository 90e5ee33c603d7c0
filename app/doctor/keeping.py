"""Whether a login could be written: the keyring, and the locks of the home."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.doctor.finding import Surroundings, Verdict, failed, fine, skipped, warning
from services.errors import ServiceError, StorageError

USES_KEYRING: Final = ("keyring", "auto")
LOCK_FILES: Final = ("foredeck-auth.lock", "auth.lock", "auth.json.lock")
"""Ours, and the two that Codex takes as well."""


def keyring_name(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """The keyring that would be asked, without a look at it; empty where there is none."""
    if platform == "darwin":
        return "the macOS keychain"
    if platform == "win32":
        return "the Windows credential store"
    return "the Secret Service" if environ.get("DBUS_SESSION_BUS_ADDRESS") else ""


async def keyring(around: Surroundings) -> Verdict:
    """Whether the keyring keeps a secret; it is not touched where no login would be in it.

    Raises:
        StorageError: It does not, or does not answer in time.
    """
    auth = around.auth
    name = keyring_name(around.environ)
    if isinstance(auth, ServiceError):
        return skipped("whether it is used is not known")
    if auth.store not in USES_KEYRING:
        return skipped(f"not used; this session has {name or 'none'}")
    from services.auth.stores.keyring_entry import OWN_SERVICE, KeyringEntry, account_name
    from services.clock import SystemClock

    entry = KeyringEntry(OWN_SERVICE, account_name(auth.home), auth.keyring_timeout, SystemClock())
    try:
        await entry.probe()
    except StorageError as error:
        if auth.store == "keyring":
            raise
        return warning(f"{error.message}; the file is used", error.next_step)
    return fine(f"{name or 'it'} took a secret, gave it back and deleted it")


async def locks(around: Surroundings) -> Verdict:
    """Whether the home takes files and locks, and whether somebody holds one.

    Raises:
        StorageError: Nothing can be written there.
    """
    from services.auth.stores.limited import run_limited

    auth = around.auth
    if isinstance(auth, ServiceError):
        return skipped("the home is not known")
    if auth.store == "ephemeral":
        return skipped("nothing is written")
    if auth.mode == "read_only":
        return skipped("auth.mode is read_only, so nothing is written")
    if not auth.home.exists():
        return fine(f"{auth.home} does not exist; it is made when it is needed")
    try:
        return await run_limited(lambda _: _try_locks(auth.home), auth.keyring_timeout)
    except TimeoutError:
        return failed(f"{auth.home} does not answer", "Check the disk that it lies on")


def _try_locks(home: Path) -> Verdict:
    import fcntl

    try:
        with tempfile.TemporaryFile(dir=home) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return warning(
                    f"{home} lies on a disk without locks",
                    "Run one program at a time on this login, or set auth.mode to own",
                )
    except OSError as error:
        return failed(
            f"{home} cannot be written: {error.strerror}", f"Check its rights: ls -ld {home}"
        )
    held = [name for name in LOCK_FILES if _is_held(home / name)]
    if held:
        return warning(
            f"{' and '.join(held)} in {home} held by another program just now",
            "Look again; where it stays so, end the program that holds it (lsof)",
        )
    return fine(f"{home} can be written and locked")


def _is_held(path: Path) -> bool:
    """Whether somebody has this lock; one that is free is let go at once."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(descriptor)
