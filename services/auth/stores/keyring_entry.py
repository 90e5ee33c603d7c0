"""One entry of the system's keyring, under Codex's names. Facts: docs/protocols/keyring.md.

Every call runs in a thread with a time limit: a keyring that never answers is met in the field.
"""

import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from services.auth.stores.limited import IsWanted, run_limited
from services.clock import Clock
from services.errors import StorageError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

CODEX_SERVICE: Final = "Codex Auth"
OWN_SERVICE: Final = "foredeck"
PAUSE: Final = 30.0
"""Seconds in which a keyring that did not answer is not asked again."""
_ELSEWHERE: Final = 'Unlock or start it, or keep the login in a file (auth.store = "file")'
_SECRET_SERVICE: Final = ("SecretService", "libsecret", "kwallet")
"""Backends of Linux, which all stand for the service that Codex speaks to."""
_OTHERS: Final = ("macOS", "Windows")


class Item(Protocol):
    """One secret of a keyring. All calls block and raise `StorageError`."""

    def read(self) -> str | None:
        """The secret; None where there is none."""
        ...

    def write(self, text: str) -> None:
        """Make this the secret."""
        ...

    def delete(self) -> bool:
        """Remove it; False if there was nothing."""
        ...


FindItem = Callable[[str, str], Item]
"""From service and account to the item. Blocks."""


def account_name(home: Path) -> str:
    """The account of a home, by its canonical path."""
    # As Codex has it, a byte that is no UTF-8 counts as U+FFFD.
    path = os.fsencode(home).decode("utf-8", "replace")
    digest = hashlib.sha256(path.encode()).hexdigest()
    return f"cli|{digest[:16]}"


def find_item(service: str, account: str, environ: Mapping[str, str] = os.environ) -> Item:
    """The item in the keyring of this machine.

    Raises:
        StorageError: There is none, or only one that keeps secrets in the open.
    """
    from services.auth.stores.secret_service import SecretServiceItem

    # What the keyring library finds by itself may be a plain file: on Linux it is only asked
    # where the user has chosen.
    if sys.platform.startswith("linux") and not _has_chosen(environ):
        return SecretServiceItem(service, account)
    import keyring

    backend = keyring.get_keyring()
    for candidate in cast("list[KeyringBackend]", getattr(backend, "backends", [backend])):
        room, _, kind = type(candidate).__module__.rpartition(".")
        if room == "keyring.backends" and kind in _SECRET_SERVICE:
            return SecretServiceItem(service, account)
        if kind in _OTHERS and room == "keyring.backends":
            return BackendItem(candidate, service, account)
    raise _refusal(backend)


class KeyringEntry:
    """The entry in which the login lies.

    Args:
        service: Codex's or ours.
        account: Of the home.
        timeout: Seconds that one call may take.
        clock: Time.
        find: Finds items, in the thread of the call.
    """

    def __init__(
        self,
        service: str,
        account: str,
        timeout: float,
        clock: Clock,
        find: FindItem = find_item,
    ) -> None:
        self._service = service
        self._account = account
        self._timeout = timeout
        self._clock = clock
        self._find = find
        self._mute_until = float("-inf")

    @property
    def place(self) -> str:
        """The entry, for people."""
        return f"keyring, {self._service}, {self._account}"

    async def read(self) -> str | None:
        """The secret; None where there is none.

        Raises:
            StorageError: No keyring, a locked one, or one that does not answer in time.
        """
        return await self._run(lambda item, _: item.read())

    async def write(self, text: str) -> None:
        """Make this the secret, and read it back.

        Raises:
            StorageError: As `read`; or it was not kept.
        """
        await self._run(lambda item, is_wanted: _write(item, text, is_wanted), is_change=True)

    async def delete(self) -> bool:
        """Remove the entry; False if there was none.

        Raises:
            StorageError: As `read`.
        """
        return await self._run(
            lambda item, is_wanted: is_wanted() and item.delete(), is_change=True
        )

    async def probe(self) -> None:
        """Write, read and delete something else, to find out whether the keyring works.

        Raises:
            StorageError: It does not.
        """
        await self._run(_probe, OWN_SERVICE, f"probe {secrets.token_hex(4)}", is_change=True)

    async def set_aside(self, text: str, stamp: str) -> str:
        """Keep a secret that cannot be read under a dated name.

        Returns:
            The entry, for people.

        Raises:
            StorageError: As `write`.
        """
        account = f"{self._account} broken {stamp}"
        await self._run(
            lambda item, is_wanted: _write(item, text, is_wanted),
            OWN_SERVICE,
            account,
            is_change=True,
        )
        return f"keyring, {OWN_SERVICE}, {account}"

    async def _run(
        self,
        work: Callable[[Item, IsWanted], T],
        service: str | None = None,
        account: str | None = None,
        *,
        is_change: bool = False,
    ) -> T:
        if self._clock.monotonic() < self._mute_until:
            raise self._mute()
        names = (service or self._service, account or self._account)
        try:
            return await run_limited(
                lambda is_wanted: work(self._find(*names), is_wanted),
                self._timeout,
                is_finished_when_cancelled=is_change,
            )
        except TimeoutError as error:
            self._mute_until = self._clock.monotonic() + PAUSE
            raise self._mute() from error
        except StorageError:
            raise
        except Exception as error:
            # Backends raise whatever their system has: a wrong import, an error of a window.
            raise StorageError(
                f"The keyring failed ({type(error).__name__})",
                next_step=_ELSEWHERE,
                code="keyring_failed",
            ) from error

    def _mute(self) -> StorageError:
        return StorageError(
            f"The keyring did not answer within {self._timeout:g} seconds",
            next_step=_ELSEWHERE,
            code="keyring_mute",
        )


class BackendItem:
    """An item of a backend of the keyring library."""

    def __init__(self, backend: "KeyringBackend", service: str, account: str) -> None:
        self._backend = backend
        self._names = (service, account)

    def read(self) -> str | None:
        """The secret; None where there is none."""
        return self._do(lambda: self._backend.get_password(*self._names))

    def write(self, text: str) -> None:
        """Make this the secret."""
        # Wrapped by the library so that its type is lost.
        put = cast("Callable[[str, str, str], None]", getattr(self._backend, "set_password"))  # noqa: B009
        self._do(lambda: put(*self._names, text))

    def delete(self) -> bool:
        """Remove it; False if there was nothing."""
        if self.read() is None:
            return False
        self._do(lambda: self._backend.delete_password(*self._names))
        return True

    def _do(self, call: Callable[[], T]) -> T:
        from keyring.errors import KeyringError, KeyringLocked

        try:
            return call()
        except KeyringLocked as error:
            raise StorageError(
                "The keyring is locked", next_step=_ELSEWHERE, code="keyring_locked"
            ) from error
        except KeyringError as error:
            raise StorageError(
                f"The keyring refused ({type(error).__name__})",
                next_step=_ELSEWHERE,
                code="keyring_failed",
            ) from error


def _write(item: Item, text: str, is_wanted: IsWanted) -> None:
    if not is_wanted():
        return
    item.write(text)
    if item.read() != text:
        raise StorageError(
            "The keyring did not keep the login", next_step=_ELSEWHERE, code="keyring_failed"
        )


def _probe(item: Item, is_wanted: IsWanted) -> None:
    try:
        _write(item, "a test of Foredeck, may be deleted", is_wanted)
    finally:
        item.delete()


def _has_chosen(environ: Mapping[str, str]) -> bool:
    """Whether the user has told the keyring library which backend to use."""
    config = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "/"), ".config")
    return bool(environ.get("PYTHON_KEYRING_BACKEND")) or (
        Path(config, "python_keyring", "keyringrc.cfg").exists()
    )


def _refusal(backend: "KeyringBackend") -> StorageError:
    name = f"{type(backend).__module__}.{type(backend).__qualname__}"
    if name == "keyring.backends.fail.Keyring":
        return StorageError(
            "There is no keyring on this machine", next_step=_ELSEWHERE, code="keyring_missing"
        )
    return StorageError(
        f"The keyring {name} is not one that keeps secrets safe",
        next_step='Choose another one, or keep the login in a file (auth.store = "file")',
        code="keyring_unsafe",
    )
