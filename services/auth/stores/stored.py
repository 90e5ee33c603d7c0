"""What the places of a login share: from a document to what is stored, and back."""

from dataclasses import replace

from services.auth.credentials import Credentials
from services.auth.stores.document import Reading, parse, render
from services.auth.stores.storage import Stored
from services.errors import BadPayloadError, StorageError
from services.models.account import StoragePlace


def stored_as(reading: Reading, storage: StoragePlace, place: str) -> Stored:
    """What a document says, and where it lies."""
    return Stored(
        credentials=reading.credentials,
        storage=storage,
        place=place,
        notices=reading.notices,
        problem=reading.problem,
        is_broken=reading.is_broken,
    )


def with_notices(stored: Stored, *notices: str) -> Stored:
    """The same with more that the user should know, each sentence once."""
    return replace(stored, notices=tuple(dict.fromkeys((*notices, *stored.notices))))


def document_of(credentials: Credentials, beneath: bytes | None, *, compact: bool) -> str:
    """The text to be stored, which would be read as the same login.

    Args:
        credentials: To be stored.
        beneath: The document that is replaced, where there is one.
        compact: On one line.

    Raises:
        StorageError: It would be read as something else: nothing may be replaced by it.
    """
    try:
        text = render(credentials, beneath=beneath, compact=compact)
    except (BadPayloadError, ValueError, RecursionError) as error:
        raise StorageError("This login cannot be written down", code="credentials") from error
    reading = parse(text.encode(), "The new login")
    if not is_same(reading.credentials, credentials):
        raise StorageError(
            reading.problem or "This login cannot be written down",
            next_step="Sign in again",
            code="credentials",
        )
    return text


def require_same(stored: Stored, credentials: Credentials, name: str) -> None:
    """Make sure that what was read back is what was written.

    Raises:
        StorageError: It is not.
    """
    if not is_same(stored.credentials, credentials):
        raise StorageError(
            f"{name} was written by another program at the same moment",
            next_step="Try again",
            code="overwritten",
        )


def is_same(found: Credentials | None, wanted: Credentials) -> bool:
    """Whether these are the secrets that were meant."""
    return found is not None and found.snapshot == wanted.snapshot
