"""Where an API key goes: those of FedRAMP have a server of their own."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from app.accounts import auth_settings, login_storage, make_auth
from app.settings import load_settings
from services.auth.service import AuthService
from services.clock import SystemClock
from services.errors import CredentialsError
from services.provider import Secret

USUAL = "https://api.openai.com/v1/models"
GOV = "https://gov.api.openai.com/v1/models"
GOV_KEYS = ["sk-proj-fedramp-0123456789", "sk-svcacct-fedramp-0123456789"]
KEYS = [(key, GOV) for key in GOV_KEYS] + [("sk-proj-0123456789-fedramp-", USUAL)]


def opened(
    folder: Path, environ: Mapping[str, str], asked: list[httpx.Request] | None = None
) -> AuthService:
    """Sign-in of a home; what is asked is noted, and answered with no models."""

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return httpx.Response(200, content=nothing())

    environ = {"CODEX_HOME": str(folder), "FOREDECK_HOME": str(folder / "own"), **environ}
    how = auth_settings(load_settings({}, environ), environ)
    storage = login_storage(how, environ, is_interactive=False)
    # The real hosts cannot be had in a test.
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return make_auth(how, storage, http, SystemClock(), None)


async def nothing() -> AsyncIterator[bytes]:
    yield b'{"data": []}'


def store(folder: Path, key: str) -> None:
    path = folder / "auth.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": key}))


@pytest.mark.parametrize(("key", "url"), KEYS)
@pytest.mark.parametrize("is_stored", [True, False], ids=["stored", "CODEX_API_KEY"])
async def test_calls_go_where_the_key_is_good(
    tmp_path: Path, key: str, url: str, is_stored: bool
) -> None:
    if is_stored:
        store(tmp_path, key)
    async with opened(tmp_path, {} if is_stored else {"CODEX_API_KEY": key}) as auth:
        signed = await auth.signer().sign(httpx.URL(f"{USUAL}?client_version=1"))
    assert str(signed.url) == f"{url}?client_version=1"
    assert signed.headers == {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(("key", "url"), KEYS)
async def test_a_key_that_is_typed_is_tried_there_too(tmp_path: Path, key: str, url: str) -> None:
    asked: list[httpx.Request] = []
    async with opened(tmp_path, {}, asked) as auth:
        await auth.use_api_key(Secret(key))
    assert [str(request.url) for request in asked] == [url]


@pytest.mark.parametrize("key", GOV_KEYS)
async def test_a_server_that_is_configured_gets_any_key(tmp_path: Path, key: str) -> None:
    store(tmp_path, key)
    asked: list[httpx.Request] = []
    here = "http://127.0.0.1:9/v1"
    async with opened(tmp_path, {"FOREDECK_OPENAI_BASE_URL": here}, asked) as auth:
        signed = await auth.signer().sign(httpx.URL(f"{here}/models"))
        await auth.use_api_key(Secret(key))
    assert [str(signed.url), str(asked[0].url)] == [f"{here}/models"] * 2


async def test_no_other_server_is_moved_to_it(tmp_path: Path) -> None:
    store(tmp_path, GOV_KEYS[0])
    async with opened(tmp_path, {}) as auth:
        with pytest.raises(CredentialsError):
            await auth.signer().sign(httpx.URL("https://api.openai.com.example/v1/models"))
