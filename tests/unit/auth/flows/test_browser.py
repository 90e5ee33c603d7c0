import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from services.auth.flows.browser import BrowserLogin
from services.auth.flows.pkce import challenge_of, is_same, new_pkce
from services.auth.flows.ports import CallbackPorts, PortTakenError
from services.auth.grant import Grant
from services.errors import LoginError, RefusedError, ServiceError, UsageError
from services.provider import Secret
from tests.unit.auth.flows.stage import (
    ID_TOKEN,
    START,
    TOKENS,
    OwnClock,
    Reply,
    Stage,
    StoppedClock,
    answer,
    cancelled,
    get,
    sent_form,
    stage,
    state_of,
)
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Gate, head

GRANT = Grant(
    id_token=Secret(ID_TOKEN), access_token=Secret("at_opaque"), refresh_token=Secret("rt_one")
)


@pytest.fixture
async def play() -> AsyncIterator[Stage]:
    """Time stands still: a deadline passes only where a test wants it."""
    async with stage(StoppedClock()) as running:
        yield running


async def call_back(login: BrowserLogin, query: str = "code=ac_x") -> Reply:
    return await get(login.port, f"/auth/callback?{query}&state={state_of(login)}")


def is_free(port: int) -> bool:
    """Whether another program could listen there now, as servers do it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_secrets_have_the_lengths_that_the_issuer_knows() -> None:
    pkce = new_pkce()
    lengths = [len(pkce.verifier.reveal()), len(pkce.challenge), len(pkce.state.reveal())]
    assert lengths == [86, 43, 43]
    assert pkce.challenge == challenge_of(pkce.verifier.reveal())
    assert new_pkce() != pkce
    assert pkce.verifier.reveal() not in repr(pkce)
    assert pkce.state.reveal() not in repr(pkce)


def test_the_challenge_is_the_one_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_texts_of_any_characters_can_be_compared() -> None:
    assert is_same("ü\ud800", Secret("ü\ud800"))
    assert not is_same("ü", Secret("u"))


async def test_the_authorize_url_has_just_the_parameters_that_codex_sends(play: Stage) -> None:
    async with play.browser() as login:
        url = urlsplit(login.url)
        assert f"{url.scheme}://{url.netloc}{url.path}" == f"{play.server.url}/oauth/authorize"
        parameters = dict(parse_qsl(url.query, strict_parsing=True))
        assert len(parameters.pop("code_challenge")) == 43
        assert len(parameters.pop("state")) == 43
        assert parameters == {
            "response_type": "code",
            "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
            "redirect_uri": f"http://127.0.0.1:{login.port}/auth/callback",
            "scope": "openid profile email offline_access"
            " api.connectors.read api.connectors.invoke",
            "code_challenge_method": "S256",
            "id_token_add_organizations": "true",
            "codex_cli_simplified_flow": "true",
            "originator": "foredeck",
        }
        assert login.ends_at == START + 600
    assert play.server.requests == []


async def test_forced_workspaces_are_one_parameter(play: Stage) -> None:
    async with play.browser(workspaces=("ws-1", "ws-2")) as login:
        assert parse_qs(urlsplit(login.url).query)["allowed_workspace_id"] == ["ws-1,ws-2"]


async def test_nobody_is_sent_to_an_issuer_in_the_clear(play: Stage) -> None:
    with pytest.raises(UsageError, match="an issuer has an https address"):
        async with play.browser(issuer="http://auth.example.com"):
            pass


async def test_a_callback_ends_in_tokens(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    async with play.browser() as login:
        waiting = asyncio.create_task(login.wait())
        reply = await call_back(login)
        assert await waiting == GRANT
        assert "The sign-in is confirmed" in reply.body
        form = sent_form(play.server)
        challenge = parse_qs(urlsplit(login.url).query)["code_challenge"][0]
    assert form["code"] == "ac_x"
    assert challenge_of(form["code_verifier"]) == challenge
    assert form["redirect_uri"] == f"http://127.0.0.1:{login.port}/auth/callback"


async def test_the_host_of_the_redirect_is_the_same_everywhere(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    async with play.browser(redirect_host="localhost") as login:
        waiting = asyncio.create_task(login.wait())
        await call_back(login)
        await waiting
        expected = f"http://localhost:{login.port}/auth/callback"
        assert parse_qs(urlsplit(login.url).query)["redirect_uri"] == [expected]
    assert sent_form(play.server)["redirect_uri"] == expected


async def test_the_browser_is_not_told_of_success_before_the_exchange(play: Stage) -> None:
    opened = Gate()
    play.server.answer(opened, answer(body=TOKENS))
    async with play.browser() as login:
        waiting = asyncio.create_task(login.wait())
        visit = asyncio.create_task(call_back(login))
        await play.called()
        assert not visit.done()
        opened.opened.set()
        await waiting
    assert "The sign-in is confirmed" in (await visit).body


async def test_an_exchange_that_fails_is_told_here_and_not_in_the_browser(play: Stage) -> None:
    play.server.answer(answer("400 No", {"error": "invalid_grant", "error_description": "stale"}))
    async with play.browser() as login:
        visit = asyncio.create_task(call_back(login))
        with pytest.raises(RefusedError, match=r"refused \(400\): stale"):
            await login.wait()
    reply = await visit
    assert "The sign-in did not succeed" in reply.body
    assert "stale" not in reply.body
    assert len(play.server.requests) == 1


async def test_a_refusal_in_the_callback_is_told_and_nothing_is_exchanged(play: Stage) -> None:
    async with play.browser() as login:
        visit = asyncio.create_task(call_back(login, "error=access_denied&error_description=Nope."))
        with pytest.raises(LoginError, match=r"The issuer refused to sign you in: Nope$"):
            await login.wait()
        assert "did not succeed" in (await visit).body
    assert play.server.requests == []


async def test_a_second_wait_does_not_spend_the_code_again(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    async with play.browser() as login:
        login.paste(f"code=ac_x&state={state_of(login)}")
        await login.wait()
        with pytest.raises(UsageError, match="This sign-in is over"):
            await login.wait()
    assert len(play.server.requests) == 1


async def test_an_address_can_be_pasted_instead(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    async with play.browser() as login:
        with pytest.raises(UsageError, match="another attempt"):
            login.paste("http://127.0.0.1:1455/auth/callback?code=ac_x&state=wrong")
        login.paste(f"http://localhost:1455/auth/callback?code=ac_p&state={state_of(login)}")
        assert await login.wait() == GRANT
        with pytest.raises(UsageError, match="has its answer already"):
            login.paste(f"code=ac_p&state={state_of(login)}")
        assert (await call_back(login)).status == 409
    assert sent_form(play.server)["code"] == "ac_p"


async def test_a_pasted_refusal_is_told_by_waiting(play: Stage) -> None:
    async with play.browser() as login:
        login.paste(f"?error=access_denied&state={state_of(login)}")
        with pytest.raises(LoginError, match="refused to sign you in: access_denied"):
            await login.wait()


async def test_a_paste_before_the_beginning_is_refused(play: Stage) -> None:
    with pytest.raises(UsageError, match="has not begun"):
        play.browser().paste("code=x&state=y")


@row("E7 deadline")
async def test_ten_minutes_are_the_end_and_free_the_port(play: Stage) -> None:
    clock = play.clock
    assert isinstance(clock, StoppedClock)
    async with play.browser() as login:
        waiting = asyncio.create_task(login.wait())
        await clock.asleep.wait()
        assert clock.naps == [600.0]
        clock.waking.set()
        with pytest.raises(ServiceError, match="did not come back within 10 minutes") as caught:
            await waiting
        assert caught.value.code == "timeout"
        assert "with a device code" in caught.value.next_step
        with pytest.raises(ConnectionRefusedError):
            await call_back(login)


async def test_cancelling_takes_less_than_200_ms_and_frees_the_port(play: Stage) -> None:
    async def sign_in() -> None:
        async with play.browser() as login:
            port.set_result(login.port)
            await login.wait()

    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(sign_in())
    # A visitor who says nothing, and one who waits for the outcome, do not delay it.
    _, silent = await asyncio.open_connection("127.0.0.1", await port)
    await cancelled(task)
    silent.close()
    assert is_free(await port)


async def test_cancelling_during_the_exchange_takes_less_than_200_ms(play: Stage) -> None:
    play.server.answer(head(), Gate())
    async with play.browser() as login:
        waiting = asyncio.create_task(login.wait())
        visit = asyncio.create_task(call_back(login))
        await play.called()
        await cancelled(waiting)
    assert "did not succeed" in (await visit).body


async def test_an_api_key_is_asked_for_only_where_it_is_wanted(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    play.server.answer(answer(body={"access_token": "sk-made-for-this-test"}))
    async with play.browser(wants_api_key=True) as login:
        login.paste(f"code=ac_x&state={state_of(login)}")
        assert await login.wait() == replace(GRANT, api_key=Secret("sk-made-for-this-test"))
    assert play.paths == ["/oauth/token", "/oauth/token"]


async def test_an_api_key_that_is_refused_leaves_the_tokens(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    play.server.answer(answer("403 No", {}))
    async with play.browser(wants_api_key=True) as login:
        login.paste(f"code=ac_x&state={state_of(login)}")
        assert await login.wait() == GRANT


@row("E6 /cancel of Codex")
async def test_another_programs_cancel_ends_the_attempt_and_frees_the_port(play: Stage) -> None:
    async with play.browser() as login:
        waiting = asyncio.create_task(login.wait())
        assert not is_free(login.port)
        assert (await get(login.port, "/cancel")).status == 200
        assert is_free(login.port)
        with pytest.raises(ServiceError, match="asked for the port") as caught:
            await waiting
        assert caught.value.code == "cancelled"


@row("E6 started twice")
async def test_a_new_attempt_of_ours_takes_over_the_port_of_the_earlier_one(
    play: Stage,
) -> None:
    ports = CallbackPorts()
    provider = replace(play.provider, callback_ports=(free_port(),))
    async with BrowserLogin(play.endpoint, provider, play.clock, ports) as first:
        waiting = asyncio.create_task(first.wait())
        async with BrowserLogin(play.endpoint, provider, play.clock, ports) as second:
            assert second.port == first.port
            with pytest.raises(ServiceError, match="Another sign-in was begun here"):
                await waiting
            await first.__aexit__(None, None, None)
            assert (await get(second.port, "/success")).status == 200
            # The earlier one forgot its port and not that of the later one.
            async with BrowserLogin(play.endpoint, provider, play.clock, ports) as third:
                assert third.port == first.port


async def test_the_second_port_is_taken_where_the_first_is_held(play: Stage) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        ports = (holder.getsockname()[1], free_port())
        async with play.browser(callback_ports=ports) as login:
            assert login.port == ports[1]
            assert f"%3A{ports[1]}%2F" in login.url


async def test_localhost_is_both_addresses_or_none(play: Stage) -> None:
    with socket.socket(socket.AF_INET6) as holder:
        holder.bind(("::1", 0))
        holder.listen()
        ports = (holder.getsockname()[1], free_port())
        async with play.browser(callback_ports=ports, redirect_host="localhost") as login:
            assert login.port == ports[1]
            assert is_free(ports[0])


def held_port() -> tuple[subprocess.Popen[bytes], int]:
    """A port that another program holds."""
    code = (
        "import socket,sys; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen();"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    return holder, int(holder.stdout.readline())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell in /proc")
async def test_a_port_that_another_program_holds_is_named_with_the_program(play: Stage) -> None:
    holder, port = held_port()
    with holder:
        with pytest.raises(PortTakenError) as caught:
            async with play.browser(callback_ports=(port,)):
                pass
        error = caught.value
        assert (error.ports, error.code) == ((port,), "port_taken")
        assert f"(process {holder.pid})" in error.program
        assert error.message == f"Port {port} is taken by {error.program}"
        assert "device code" in error.next_step
        assert holder.stdin is not None
        assert holder.poll() is None
        holder.stdin.close()
        assert holder.stdout is not None


async def test_a_port_that_may_not_be_used_is_passed_over(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = socket.socket.bind

    def refuse(self: socket.socket, address: Any) -> None:
        if address[1] == 7:
            raise PermissionError(13, "Permission denied")
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", refuse)
    async with play.browser(callback_ports=(7, 0)) as login:
        assert login.port != 7
    with pytest.raises(PortTakenError, match=r"^Port 7 cannot be used \(Permission denied\)$"):
        async with play.browser(callback_ports=(7,)):
            pass


async def test_an_attempt_that_only_sleeps_does_not_end_early() -> None:
    """A sleep that comes back too soon is slept again."""

    class Restless(OwnClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(min(seconds, 100.0))

    async with stage(Restless()) as play, play.browser() as login:
        with pytest.raises(ServiceError, match="10 minutes"):
            await login.wait()
        assert play.clock.naps == [100.0] * 6
