"""From settings to the place where the login lies. Nothing is read or written here."""

from services.auth.settings import AuthSettings
from services.auth.stores.file_store import FileStorage
from services.auth.stores.fileless import MemoryStorage, ReadOnlyStorage
from services.auth.stores.keyring_entry import (
    CODEX_SERVICE,
    OWN_SERVICE,
    KeyringEntry,
    account_name,
)
from services.auth.stores.keyring_store import AutoStorage, KeyringStorage
from services.auth.stores.restricted import RestrictedStorage
from services.auth.stores.storage import CredentialStorage
from services.clock import Clock, SystemClock


def open_storage(
    settings: AuthSettings, clock: Clock | None = None, *, is_read_only: bool | None = None
) -> CredentialStorage:
    """The storage that the settings name.

    Args:
        settings: Of sign-in.
        clock: Time; the machine's own where none is given.
        is_read_only: Whether nothing may be changed there; as the settings say where not given.
    """
    clock = clock or SystemClock()
    if settings.store == "ephemeral":
        memory = settings.memory.storage
        if not isinstance(memory, MemoryStorage):
            memory = settings.memory.storage = MemoryStorage()
        return memory
    if is_read_only is None:
        is_read_only = settings.mode == "read_only"
    storage = _open(settings, clock, is_read_only=is_read_only)
    storage = ReadOnlyStorage(storage) if is_read_only else storage
    is_restricted = settings.only_method is not None or settings.provider.workspaces
    return RestrictedStorage(storage, settings) if is_restricted else storage


def _open(settings: AuthSettings, clock: Clock, *, is_read_only: bool) -> CredentialStorage:
    home = settings.home
    file = FileStorage(home, clock, is_shared=settings.is_at_codex, may_write=not is_read_only)
    if settings.store == "file":
        return file
    is_ours = not settings.is_at_codex or settings.uses_encrypted_file
    entry = KeyringEntry(
        OWN_SERVICE if is_ours else CODEX_SERVICE,
        account_name(home),
        settings.keyring_timeout,
        clock,
    )
    keyring = KeyringStorage(entry, file, clock, is_ours=settings.uses_encrypted_file)
    # Beside the encrypted file of Codex, a plain one would be what nobody asked for.
    if settings.store == "keyring" or settings.uses_encrypted_file:
        return keyring
    return AutoStorage(keyring, file)
