"""What comes with the browser ends the attempt: a no for good (1.5), a code once (E4)."""

import asyncio
from urllib.parse import quote

import pytest

from services.auth.flows import browser
from services.auth.flows.browser import BrowserLogin
from services.errors import LoginError
from services.models.failure import FailureKind
from tests.unit.auth.flows.stage import (
    TOKENS,
    Reply,
    StoppedClock,
    answer,
    cancelled,
    get,
    sent_form,
    stage,
    state_of,
)
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Gate, Hold

ADMINISTRATOR = "Ask the administrator of your workspace to enable it"
OTHERWISE = "Sign in again, or in another way"
ENTITLEMENT = quote("org-7f3 has MISSING_codex_entitlement.")
NOES: dict[str, tuple[str, str, str]] = {
    "1.5 access_denied, missing_codex_entitlement": (
        f"error=access_denied&error_description={ENTITLEMENT}",
        "Codex is not enabled for this workspace",
        ADMINISTRATOR,
    ),
    "1.5 else the description": (
        "error=access_denied&error_description=org-7f3+said+no.",
        "The issuer refused to sign you in: org-7f3 said no",
        OTHERWISE,
    ),
    "1.5 else the error": (
        "error=temporarily_unavailable&error_description=+",
        "The issuer refused to sign you in: temporarily_unavailable",
        OTHERWISE,
    ),
}


async def call_back(login: BrowserLogin, query: str) -> Reply:
    return await get(login.port, f"/auth/callback?{query}&state={state_of(login)}")


@pytest.mark.parametrize(("query", "says", "next_step"), NOES.values(), ids=NOES)
async def test_a_no_is_final_and_told_here_alone(query: str, says: str, next_step: str) -> None:
    async with stage(StoppedClock()) as play, play.browser() as login:
        visit = asyncio.create_task(call_back(login, query))
        with pytest.raises(LoginError) as caught:
            await login.wait()
        failure = caught.value.failure
        assert (failure.message, failure.next_step) == (says, next_step)
        assert failure.kind is FailureKind.CREDENTIALS
        assert ("org-7f3" in repr(failure)) == ("org-7f3" in says)
        page = await visit
        assert (page.status, "did not succeed" in page.body) == (200, True)
        assert "org-7f3" not in page.body
        # Nobody may still come in with a code.
        assert (await call_back(login, "code=ac_late")).status == 409
        assert play.server.requests == []


@row("E31 cancelled while a key is asked for")
async def test_tokens_of_an_attempt_that_is_left_are_ended() -> None:
    async with stage(StoppedClock()) as play, play.browser(wants_api_key=True) as login:
        play.server.answer(answer(body=TOKENS))
        play.server.answer(Hold())
        play.server.answer(answer(body={}))
        waiting = asyncio.create_task(login.wait())
        login.paste(f"code=ac_x&state={state_of(login)}")
        await play.called(2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert play.paths == ["/oauth/token", "/oauth/token", "/oauth/revoke"]
        assert play.server.requests[-1].json["token"] == TOKENS["refresh_token"]


@row("E31 the issuer hangs as well")
async def test_who_leaves_does_not_wait_long_for_the_end_of_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(browser, "FAREWELL", 0.05)
    async with stage(StoppedClock()) as play, play.browser(wants_api_key=True) as login:
        play.server.answer(answer(body=TOKENS))
        play.server.answer(Hold())
        waiting = asyncio.create_task(login.wait())
        login.paste(f"code=ac_x&state={state_of(login)}")
        await play.called(2)
        await cancelled(waiting)
        assert play.paths[2:] == ["/oauth/revoke"]


@row("E4 one exchange for two callbacks")
async def test_a_second_callback_is_not_exchanged() -> None:
    opened = Gate()
    async with stage(StoppedClock()) as play, play.browser() as login:
        play.server.answer(opened, answer(body=TOKENS))
        waiting = asyncio.create_task(login.wait())
        first = asyncio.create_task(call_back(login, "code=ac_first"))
        await play.called()
        for late in ("code=ac_first", "code=ac_second", "error=access_denied"):
            assert (await call_back(login, late)).status == 409
        opened.opened.set()
        assert (await waiting).access_token.reveal() == TOKENS["access_token"]
        assert "is confirmed" in (await first).body
        assert (await call_back(login, "code=ac_first")).status == 409
        assert [sent_form(play.server)["code"], len(play.server.requests)] == ["ac_first", 1]
