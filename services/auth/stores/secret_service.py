"""Items of the Secret Service (Linux) as Codex finds, writes and deletes them.

The keyring library is passed by: over an item of Codex it makes a second one, which Codex does not
read. Facts: docs/protocols/keyring.md. Nobody is asked for a password. Everything here blocks, for
ever where the service never answers: call it in a thread with a time limit.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.clean import clean_line
from services.errors import StorageError

if TYPE_CHECKING:
    from jeepney.io.blocking import (  # pyright: ignore[reportMissingTypeStubs]
        DBusConnection,
    )
    from secretstorage import Collection, Item

_TARGET = "default"
_ELSEWHERE = "Unlock or start it, or keep the login in a file"


@dataclass(frozen=True, slots=True)
class SecretServiceItem:
    """The secret of one account at one service, in whatever items hold it."""

    service: str
    account: str

    def read(self) -> str | None:
        """The secret; None where there is none.

        Raises:
            StorageError: No Secret Service, a locked one, or one that refuses.
        """
        with _connection() as connection:
            items = self._items(connection)
            if not items:
                return None
            _check_open(items[0])
            return items[0].get_secret().decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Put the secret into the item that Codex would read, and make it the only one.

        Raises:
            StorageError: As `read`.
        """
        from secretstorage import get_collection_by_alias

        with _connection() as connection:
            items = self._items(connection)
            if items:
                _check_open(items[0])
                items[0].set_secret(text.encode(), content_type="text/plain")
                # One without `target` would be the login again once Codex has deleted its own.
                _delete([item for item in items[1:] if not item.is_locked()])
                return
            collection = get_collection_by_alias(connection, "default")
            _check_open(collection)
            collection.create_item(
                f"{self.account}@{self.service}:{_TARGET} (Foredeck)",
                {**self._attributes, "target": _TARGET, "application": "foredeck"},
                text.encode(),
                replace=True,
            )

    def delete(self) -> bool:
        """Delete every item of this account; False if there was none.

        Raises:
            StorageError: As `read`.
        """
        with _connection() as connection:
            items = self._items(connection)
            _delete(items)
            return bool(items)

    @property
    def _attributes(self) -> dict[str, str]:
        return {"service": self.service, "username": self.account}

    def _items(self, connection: "DBusConnection") -> "list[Item]":
        """All of them, in all collections; first the one that Codex reads, then the newest."""
        from secretstorage import search_items

        items = list(search_items(connection, self._attributes))
        targeted = {
            item.item_path
            for item in search_items(connection, {**self._attributes, "target": _TARGET})
        }
        return sorted(
            items, key=lambda item: (item.item_path in targeted, item.get_modified()), reverse=True
        )


def _check_open(thing: "Item | Collection") -> None:
    # Unlocking would ask for a password in a window, whenever a token is renewed in the background.
    if thing.is_locked():
        raise StorageError("The keyring is locked", next_step=_ELSEWHERE, code="keyring_locked")


def _delete(items: "list[Item]") -> None:
    for item in items:
        _check_open(item)
        item.delete()


@contextmanager
def _connection() -> Generator["DBusConnection"]:
    """A connection to the session's bus, for one call.

    Raises:
        StorageError: Instead of what the libraries raise inside the block.
    """
    import secretstorage
    from jeepney import DBusErrorResponse  # pyright: ignore[reportMissingTypeStubs]
    from secretstorage import exceptions

    try:
        try:
            connection = secretstorage.dbus_init()
        except OSError as error:
            raise exceptions.SecretServiceNotAvailableException(str(error)) from error
        try:
            yield connection
        finally:
            connection.close()
    except exceptions.SecretServiceNotAvailableException as error:
        raise StorageError(
            "No keyring service can be reached", next_step=_ELSEWHERE, code="keyring_missing"
        ) from error
    except exceptions.LockedException as error:
        raise StorageError(
            "The keyring is locked", next_step=_ELSEWHERE, code="keyring_locked"
        ) from error
    except exceptions.ItemNotFoundException as error:
        raise StorageError(
            "No keyring has been set up to keep things in",
            next_step=_ELSEWHERE,
            code="keyring_missing",
        ) from error
    except (exceptions.SecretStorageException, DBusErrorResponse, OSError) as error:
        raise StorageError(
            f"The keyring refused: {clean_line(str(error), 200)}",
            next_step=_ELSEWHERE,
            code="keyring_failed",
        ) from error
