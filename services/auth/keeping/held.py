"""The login of this process: what it works with, and what it may become."""

from collections.abc import Callable

from services.auth.credentials import Credentials
from services.auth.keeping.refresh_rules import is_same_account
from services.auth.signed_out import signed_out
from services.auth.stores.storage import Stored
from services.clock import Clock
from services.errors import CredentialsError, StorageError


class Held:
    """Holds the newest state; whoever renews or stores puts it here.

    Args:
        clock: Time.
        changed: Called after the credentials became others, or None.
    """

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self.stored = Stored(credentials=None, storage=None)
        self.is_unsaved = False
        """The disk refused the newest tokens; they live in memory, and saving is tried again."""

    def require(self) -> Credentials:
        """The credentials.

        Raises:
            CredentialsError: Nobody is signed in.
        """
        if self.stored.credentials is None:
            raise signed_out()
        return self.stored.credentials

    def is_alive(self, credentials: Credentials) -> bool:
        """Whether the access token has not ended, as far as it tells."""
        if credentials.tokens is None:
            return True
        ends_at = credentials.tokens.life.ends_at
        return ends_at is None or ends_at > self._clock.now()

    def guard(self, stored: Stored) -> None:
        """Never go on as somebody else.

        Raises:
            CredentialsError: What is stored is of another account or mode.
        """
        mine, other = self.stored.credentials, stored.credentials
        if mine is None or other is None:
            return
        if not is_same_account(mine, other):
            raise CredentialsError(
                "Another account was signed in meanwhile",
                next_step="Start again to go on as that one",
                code="account_changed",
            )

    def hold(self, stored: Stored) -> None:
        """Work with this from now on."""
        before = self.stored.credentials.snapshot if self.stored.credentials else None
        self.stored = stored
        after = stored.credentials.snapshot if stored.credentials else None
        if before != after:
            self._changed()


def busy() -> StorageError:
    """Somebody else holds a lock for longer than we wait."""
    return StorageError(
        "Another program holds the lock of the login",
        next_step="Wait for it to end, then try again",
        code="locked",
    )
