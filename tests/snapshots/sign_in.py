"""Sign-in with fixed content: what a service would tell, and nothing behind it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from services.auth.grant import DeviceCode, Grant
from services.auth.provider import SignInProvider
from services.auth.settings import AuthSettings
from services.errors import CredentialsError, ServiceError, UsageError
from services.models.account import Account, AccountMode, StoragePlace
from services.provider import Secret

if TYPE_CHECKING:
    from services.auth.service import AuthService

NOW = 1_800_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
CODE = DeviceCode(
    code="HQ7K-9DXM4", page="https://auth.openai.com/codex/device", ends_at=NOW + 822.0
)
URL = (
    "https://auth.openai.com/oauth/authorize?response_type=code"
    "&client_id=app_EXAMPLE&redirect_uri=http%3A%2F%2F127.0.0.1%3A1455%2Fauth%2Fcallback"
    "&scope=openid+profile+email+offline_access&code_challenge=EXAMPLE"
    "&code_challenge_method=S256&id_token_add_organizations=true&state=EXAMPLE"
    "&originator=foredeck"
)
ADA = Account(
    mode=AccountMode.CHATGPT,
    email="ada@example.test",
    plan="plus",
    account_id="11111111-2222-3333-4444-555555555555",
    user_id="user-EXAMPLE",
    storage=StoragePlace.FILE,
    place="/home/ada/.codex/auth.json",
    expires_at=NOW + 6 * DAY,
    refreshed_at=NOW - 3 * HOUR,
    shared_with_codex=True,
)
ENDED = CredentialsError(
    "The login has ended: it was signed out elsewhere", next_step="Sign in again", code="revoked"
).failure


class FixedLogin:
    """An attempt that waits for ever, or fails at once."""

    code = CODE
    url, port, ends_at = URL, 1455, NOW + 598.0

    def __init__(self, error: ServiceError | None) -> None:
        self._error = error

    async def __aenter__(self) -> Self:
        if self._error is not None:
            raise self._error
        return self

    async def __aexit__(self, *error: object) -> None:
        return None

    def paste(self, text: str) -> None:
        raise UsageError(
            "That is no address that a sign-in ends on",
            next_step=f"Copy the whole address bar, which begins with {text[:4]}",
        )

    async def wait(self, *_: object) -> Grant:
        await asyncio.Event().wait()
        raise AssertionError


class FixedAuth:
    """Sign-in that never comes to an end."""

    provider = SignInProvider()
    settings = AuthSettings(home=Path("/home/ada/.codex"))
    is_shared = True

    def __init__(self, account: Account, error: ServiceError | None, problem: str) -> None:
        self.account = account
        self.problem = problem
        self._error = error

    def device_login(self) -> FixedLogin:
        return FixedLogin(self._error)

    def browser_login(self) -> FixedLogin:
        return FixedLogin(self._error)

    async def check(self, method: str) -> None:
        del method

    async def check_api_key(self, key: Secret) -> Secret:
        raise self._error or AssertionError(key)


def opener(
    account: Account | None = None, error: ServiceError | None = None, problem: str = ""
) -> Callable[[], AbstractAsyncContextManager["AuthService"]]:
    """Opens a stand-in for sign-in, as `SignInScreen` asks for it."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator["AuthService"]:
        yield cast("AuthService", FixedAuth(account or Account(), error, problem))

    return opened
