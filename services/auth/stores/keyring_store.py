"""A login in the keyring, or in a file where that fails. Rules: docs/protocols/keyring.md."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final

from services.auth.credentials import Credentials
from services.auth.stores.document import parse
from services.auth.stores.file_store import FileStorage
from services.auth.stores.fileless import free
from services.auth.stores.keyring_entry import KeyringEntry
from services.auth.stores.storage import Stored
from services.auth.stores.stored import document_of, is_same, require_same, stored_as, with_notices
from services.clock import Clock
from services.errors import StorageError
from services.models.account import AccountMode, StoragePlace

_ENTRY: Final = "The keyring entry"
_ABSENT: Final = ("keyring_missing", "keyring_unsafe")


class KeyringStorage:
    """An entry of the keyring. The locks are those of the home.

    Args:
        entry: Where the login lies.
        file: The home, and what may lie there from before.
        clock: Time.
        is_ours: Whether the entry is not Codex's: then nothing of Codex's is touched.
    """

    def __init__(
        self, entry: KeyringEntry, file: FileStorage, clock: Clock, *, is_ours: bool = False
    ) -> None:
        self.is_shared = file.is_shared and not is_ours
        self._entry = entry
        self._file = file
        self._has_file = not is_ours
        self._clock = clock
        self._notices: tuple[str, ...] = ()
        if file.is_shared and is_ours:
            self._notices = (
                "Codex's login is in an encrypted file, which is left alone: this one is our own",
            )

    async def load(self) -> Stored:
        """Read the entry."""
        text = await self._entry.read()
        if text is None:
            stored = Stored(credentials=None, storage=None, place=self._entry.place)
        else:
            reading = parse(text.encode("utf-8", "replace"), _ENTRY)
            stored = stored_as(reading, StoragePlace.KEYRING, self._entry.place)
        return with_notices(stored, *self._notices)

    async def save(self, credentials: Credentials) -> Stored:
        """Write the entry; what lay in a file before is removed."""
        beneath = await self._entry.read()
        content = None if beneath is None else beneath.encode("utf-8", "replace")
        await self._entry.write(document_of(credentials, content, compact=True))
        stored = await self.load()
        require_same(stored, credentials, _ENTRY)
        try:
            await self._delete_leftover()
        except StorageError as error:
            return with_notices(stored, f"{error.message}, though the login is in the keyring now")
        return stored

    async def check_writable(self) -> None:
        """Try the keyring with something else."""
        await self._entry.probe()

    async def delete(self) -> bool:
        """Remove the entry and what lay in a file before."""
        was_entry = was_file = False
        try:
            was_entry = await self._entry.delete()
        finally:
            was_file = await self._delete_leftover()
        return was_entry or was_file

    async def set_aside(self) -> str:
        """Keep an entry that cannot be used under a dated name."""
        text = await self._entry.read()
        if text is None or not parse(text.encode("utf-8", "replace"), _ENTRY).problem:
            return ""
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        return await self._entry.set_aside(text, stamp)

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """The one of the home."""
        return self._file.refresh_lock(timeout)

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Those of the home, which Codex takes for the keyring too."""
        return self._file.commit_lock(timeout) if self.is_shared else free()

    async def _delete_leftover(self) -> bool:
        return self._has_file and await self._file.delete()


class AutoStorage:
    """The keyring where it works, else the file.

    A keyring that gave or took the login of this process still has it when it fails later (it is
    locked, hangs, went away with its session). To call that "nothing stored" would drop tokens that
    were just renewed, so it is an error then.

    Args:
        keyring: Asked first.
        file: Where the keyring cannot be used.
    """

    def __init__(self, keyring: KeyringStorage, file: FileStorage) -> None:
        self.is_shared = file.is_shared
        self._keyring = keyring
        self._file = file
        self._in_keyring: Stored | None = None
        """What the keyring held, where that is the login of this process."""

    async def load(self) -> Stored:
        """Read the keyring; where it is empty or fails, the file.

        A file of the same account that was renewed later than the entry wins: the keyring could
        not be written then, and its refresh token is spent.

        Raises:
            StorageError: The keyring has the login and cannot be read now, and what lies in the
                file is older or somebody else's; or the file cannot be read.
        """
        try:
            in_keyring = await self._keyring.load()
        except StorageError as error:
            in_file = await self._file.load()
            if self._in_keyring is not None and not _stands_in(in_file, self._in_keyring):
                raise
            return with_notices(in_file, f"{error.message}; the file is used")
        self._in_keyring = None
        try:
            in_file = await self._file.load()
        except StorageError:
            if in_keyring.credentials is None:
                raise
            self._in_keyring = in_keyring
            return in_keyring
        if in_keyring.credentials is not None:
            if _is_newer(in_file, in_keyring):
                return in_file
            self._in_keyring = in_keyring
            return in_keyring
        if in_keyring.problem and in_file.credentials is None:
            return in_keyring
        return with_notices(in_file, *((in_keyring.problem,) if in_keyring.problem else ()))

    async def save(self, credentials: Credentials) -> Stored:
        """Write the keyring, and where that fails the file, with a sentence."""
        try:
            self._in_keyring = await self._keyring.save(credentials)
        except StorageError as error:
            stored = await self._file.save(credentials)
            self._in_keyring = None
            return with_notices(stored, f"{error.message}; the login is kept in {self._file.place}")
        return self._in_keyring

    async def check_writable(self) -> None:
        """Try the keyring, then the file."""
        try:
            await self._keyring.check_writable()
        except StorageError:
            await self._file.check_writable()

    async def delete(self) -> bool:
        """Remove entry and file.

        A keyring that cannot be asked counts as empty where the login lay in the file.

        Raises:
            StorageError: Something may still lie there.
        """
        was_file = was_entry = False
        try:
            was_file = await self._file.delete()
        finally:
            try:
                was_entry = await self._keyring.delete()
            except StorageError as error:
                may_be_empty = was_file or error.code in _ABSENT
                if self._in_keyring is not None or not may_be_empty:
                    raise
        self._in_keyring = None
        return was_file or was_entry

    async def set_aside(self) -> str:
        """Copy whichever cannot be used."""
        aside = await self._file.set_aside()
        try:
            return await self._keyring.set_aside() or aside
        except StorageError:
            return aside

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """The one of the home."""
        return self._file.refresh_lock(timeout)

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Those of the home."""
        return self._file.commit_lock(timeout)


def _stands_in(in_file: Stored, in_keyring: Stored) -> bool:
    """Whether the file has the login of a keyring that cannot be read: the same, or renewed."""
    wanted = in_keyring.credentials
    return _is_newer(in_file, in_keyring) or (
        wanted is not None and is_same(in_file.credentials, wanted)
    )


def _is_newer(in_file: Stored, in_keyring: Stored) -> bool:
    one, other = in_file.credentials, in_keyring.credentials
    if one is None or other is None or one.tokens is None or other.tokens is None:
        return False
    assert {one.mode, other.mode} == {AccountMode.CHATGPT}
    is_same_account = one.tokens.workspace == other.tokens.workspace
    return is_same_account and (one.last_refresh or 0.0) > (other.last_refresh or 0.0)
