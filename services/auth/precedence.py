"""Credentials of the environment, which come before whatever is stored.

Order and rules: docs/protocols/auth.md.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from services.errors import CredentialsError, StorageError
from services.headers import is_sendable
from services.models.account import AccountMode

if TYPE_CHECKING:
    from services.auth.credentials import Credentials
    from services.auth.stores.storage import Stored

ACCESS_TOKEN: Final = "CODEX_ACCESS_TOKEN"  # noqa: S105 a name
API_KEY: Final = "CODEX_API_KEY"
PERSONAL: Final = "at-"
"""How a personal access token begins."""


def environment_mode(environ: Mapping[str, str], *, is_interactive: bool) -> AccountMode | None:
    """What the environment signs in with; None where it holds nothing.

    Args:
        environ: Environment variables.
        is_interactive: `CODEX_API_KEY` counts only where nobody sits before the screen.

    Raises:
        CredentialsError: A variable is set and cannot be used; nothing else is tried then.
    """
    if token := environ.get(ACCESS_TOKEN, "").strip():
        if not token.startswith(PERSONAL) or not is_sendable(token):
            raise CredentialsError(
                f"{ACCESS_TOKEN} is set, but is no personal access token",
                next_step="Unset it to use the stored login",
                code="access_token",
            )
        return AccountMode.CHATGPT
    if not is_interactive and (key := environ.get(API_KEY, "").strip()):
        if not is_sendable(key):
            raise CredentialsError(
                f"{API_KEY} holds characters that no key has",
                next_step="Set it again, or unset it to use the stored login",
                code="key",
            )
        return AccountMode.API_KEY
    return None


def environment_storage(
    environ: Mapping[str, str], *, is_interactive: bool
) -> "EnvironmentStorage | None":
    """The credentials of the environment as a storage; None where it holds nothing.

    Raises:
        CredentialsError: As `environment_mode`.
    """
    from services.auth.credentials import Credentials, Tokens
    from services.provider import Secret

    match environment_mode(environ, is_interactive=is_interactive):
        case AccountMode.CHATGPT:
            tokens = Tokens(
                id_token=Secret(""),
                access_token=Secret(environ[ACCESS_TOKEN].strip()),
                refresh_token=Secret(""),
            )
            return EnvironmentStorage(
                Credentials(mode=AccountMode.CHATGPT, tokens=tokens), ACCESS_TOKEN
            )
        case AccountMode.API_KEY:
            key = Secret(environ[API_KEY].strip())
            return EnvironmentStorage(Credentials(mode=AccountMode.API_KEY, api_key=key), API_KEY)
        case _:
            return None


class EnvironmentStorage:
    """Credentials that somebody else put into the environment: read, never written."""

    is_shared = False

    def __init__(self, credentials: "Credentials", variable: str) -> None:
        self._credentials = credentials
        self._variable = variable

    async def load(self) -> "Stored":
        """What the variable held at the start."""
        from services.auth.stores.storage import Stored
        from services.models.account import StoragePlace

        return Stored(
            credentials=self._credentials,
            storage=StoragePlace.ENVIRONMENT,
            place=self._variable,
        )

    async def save(self, credentials: "Credentials") -> "Stored":
        """Refused: what was saved would not be used.

        Raises:
            StorageError: Always.
        """
        del credentials
        raise self._refusal()

    async def check_writable(self) -> None:
        """Refused, as `save`.

        Raises:
            StorageError: Always.
        """
        raise self._refusal()

    async def delete(self) -> bool:
        """Refused: a variable of the shell cannot be unset from here.

        Raises:
            StorageError: Always.
        """
        raise self._refusal()

    async def set_aside(self) -> str:
        """There is nothing to copy."""
        return ""

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Nothing is shared, so nothing is locked."""
        del timeout
        return nullcontext(True)

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Nothing is shared, so nothing is locked."""
        del timeout
        return nullcontext(True)

    def _refusal(self) -> StorageError:
        return StorageError(
            f"The login comes from {self._variable}, which comes before any other",
            next_step=f"Unset {self._variable} first",
            code="environment",
        )
