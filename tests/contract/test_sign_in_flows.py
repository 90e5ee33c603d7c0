"""Signing in against the simulator's issuer, over real sockets."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.auth.claims import read_id_token
from services.auth.flows.browser import BrowserLogin
from services.auth.flows.device import DeviceLogin
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.provider import SignInProvider
from services.clock import SystemClock
from services.errors import LoginError, RefusedError
from services.provider import Secret
from services.transport.http import create_client
from simulator.server import Simulator


class HastyClock(SystemClock):
    """Real time, but nobody waits for long."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(min(seconds, 0.02))


@dataclass
class Person:
    """Somebody with a browser, and what they sign in to."""

    browser: httpx.AsyncClient
    http: httpx.AsyncClient
    provider: SignInProvider
    clock: HastyClock

    @property
    def endpoint(self) -> TokenEndpoint:
        return TokenEndpoint(self.http, self.provider, self.clock)

    def browser_login(self) -> BrowserLogin:
        return BrowserLogin(self.endpoint, self.provider, self.clock)

    def device_login(self) -> DeviceLogin:
        return DeviceLogin(self.endpoint, self.provider, self.clock)

    async def press(self, url: str, button: str) -> str:
        """Open the issuer's page, press a button, and say where the browser is sent."""
        page = await self.browser.get(url)
        assert page.status_code == 200, page.text
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None
        sent = await self.browser.post(
            str(page.url.join(unescape(action[1]))), data={"answer": button}
        )
        assert sent.status_code in {302, 303}, sent.text
        return sent.headers["location"]

    async def answer(self, login: BrowserLogin, button: str) -> str:
        """The page that the browser shows in the end."""
        page = await self.browser.get(await self.press(login.url, button))
        assert page.status_code == 200
        return page.text


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def person(sim: Simulator) -> AsyncIterator[Person]:
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as browser,
        create_client(environ={}, user_agent="foredeck/test") as http,
    ):
        provider = SignInProvider(issuer=sim.issuer, callback_ports=(0,))
        yield Person(browser, http, provider, HastyClock())


async def test_a_person_who_allows_it_is_signed_in(person: Person) -> None:
    async with person.browser_login() as login:
        waiting = asyncio.create_task(login.wait())
        assert "The sign-in is confirmed" in await person.answer(login, "allow")
        grant = await waiting
    assert read_id_token(grant.id_token).email == "ada@example.test"
    assert grant.api_key is None


async def test_a_person_who_denies_it_is_not_and_the_reason_is_told(person: Person) -> None:
    async with person.browser_login() as login:
        waiting = asyncio.create_task(login.wait())
        assert "The sign-in did not succeed" in await person.answer(login, "deny")
        with pytest.raises(LoginError, match="The issuer refused to sign you in"):
            await waiting


async def test_the_address_that_the_browser_ended_at_can_be_pasted(person: Person) -> None:
    async with person.browser_login() as login:
        login.paste(await person.press(login.url, "allow"))
        assert read_id_token((await login.wait()).id_token).email == "ada@example.test"


async def test_a_redirect_to_localhost_is_heard(person: Person) -> None:
    person.provider = replace(person.provider, redirect_host="localhost")
    async with person.browser_login() as login:
        waiting = asyncio.create_task(login.wait())
        assert "is confirmed" in await person.answer(login, "allow")
        await waiting


async def test_an_api_key_comes_along_where_it_is_wanted(person: Person) -> None:
    person.provider = replace(person.provider, wants_api_key=True)
    async with person.browser_login() as login:
        login.paste(await person.press(login.url, "allow"))
        key = (await login.wait()).api_key
    assert key is not None
    assert key.reveal().startswith("sk-")


async def test_a_code_is_nothing_without_its_verifier(person: Person) -> None:
    async with person.browser_login() as login:
        query = parse_qs(urlsplit(await person.press(login.url, "allow")).query)
        redirect = parse_qs(urlsplit(login.url).query)["redirect_uri"][0]
        with pytest.raises(RefusedError, match=r"refused \(400\)"):
            await person.endpoint.exchange_code(
                Secret(query["code"][0]), Secret("x" * 86), redirect
            )


async def test_a_device_code_is_asked_for_until_somebody_used_it(person: Person) -> None:
    async with person.device_login() as login:
        assert login.code.page == f"{person.provider.issuer}/codex/device"
        grant = await login.wait()
    assert read_id_token(grant.id_token).email == "ada@example.test"
    assert person.clock.naps
    assert all(1 <= nap <= 60 for nap in person.clock.naps)


async def test_tokens_are_renewed_once_and_the_second_try_is_final(person: Person) -> None:
    async with person.device_login() as login:
        grant = await login.wait()

    async def renew(token: Secret) -> Any:
        return await person.endpoint.refresh(
            token, reason="proactive_expiry", issuer=None, client_id=None
        )

    renewed = await renew(grant.refresh_token)
    assert renewed.refresh_token not in {None, grant.refresh_token}
    assert renewed.access_token not in {None, grant.access_token}
    with pytest.raises(RefreshFailedError) as caught:
        await renew(grant.refresh_token)
    assert (caught.value.is_permanent, caught.value.reason) == (True, "exhausted")


async def test_a_revoked_token_renews_nothing(person: Person) -> None:
    async with person.device_login() as login:
        grant = await login.wait()
    await person.endpoint.revoke(grant.refresh_token, hint="refresh_token", issuer=None)
    with pytest.raises(RefreshFailedError) as caught:
        await person.endpoint.refresh(
            grant.refresh_token, reason="scheduled", issuer=None, client_id=None
        )
    assert caught.value.is_permanent


async def test_no_secret_of_a_sign_in_is_logged(
    person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with person.browser_login() as login:
            waiting = asyncio.create_task(login.wait())
            target = await person.press(login.url, "allow")
            login.paste(target)
            grant = await waiting
        async with person.device_login() as device:
            code = device.code.code
            await device.wait()
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("services")
    )
    assert "POST /oauth/token: 200" in ours
    query = parse_qs(urlsplit(target).query)
    secrets = [query["code"][0], query["state"][0], code]
    secrets += [grant.id_token.reveal(), grant.access_token.reveal()]
    assert [secret for secret in secrets if secret in ours] == []
