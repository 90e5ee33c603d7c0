"""Signing in on the screen, against an issuer over real sockets."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from textual import events
from textual.widgets import Input

from app.screens.sign_in import stage
from app.screens.sign_in.panes import BrowserPane
from services.models.account import AccountMode
from simulator.script import Status
from tests.app.conftest import Deck
from tests.app.signing_in import World, said, screen_of, signing_in, started, until_screen
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture


@asynccontextmanager
async def by_browser(world: World) -> AsyncGenerator[tuple[Deck, str]]:
    """The same with the browser's way chosen, and the address that is shown."""
    async with signing_in(world, "b") as deck:
        await deck.until(lambda: deck.shows("on port"))
        yield deck, screen_of(deck)._copied[0]


async def ended_at(world: World, url: str, answer: str = "allow") -> str:
    """The address that a browser ends on which follows `url` and presses a button there."""
    async with httpx.AsyncClient() as client:
        page = await client.post(url, data={"answer": answer})
    assert page.status_code == 302
    return page.headers["location"]


async def test_a_code_that_is_allowed_signs_in_and_starts_the_app(world: World) -> None:
    async with signing_in(world) as deck:
        (code,) = world.sim.auth.device.waiting()
        assert deck.shows(" ".join(f" {c} " if c != "-" else c for c in code).strip())
        assert deck.shows(f"{world.sim.issuer}/codex/device")
        assert world.sim.auth.device.decide(code, "allow")
        await started(deck)
    stored = world.stored()
    assert stored["auth_mode"] == "chatgpt"
    assert stored["tokens"]["account_id"] == world.sim.account.account_id


async def test_y_copies_the_code_and_u_its_page(world: World) -> None:
    async with signing_in(world, "y") as deck:
        (code,) = world.sim.auth.device.waiting()
        await deck.until(lambda: deck.app.clipboard == code)
        await deck.pilot.press("u")
        await deck.until(lambda: deck.app.clipboard == f"{world.sim.issuer}/codex/device")


@pytest.mark.parametrize(
    ("error", "words"),
    [("device_denied", "was declined"), ("device_expired", "expired")],
)
async def test_a_code_that_came_to_nothing_is_told_and_r_asks_for_another(
    world: World, error: str, words: str
) -> None:
    async with signing_in(world) as deck:
        (code,) = world.sim.auth.device.waiting()
        world.sim.fail(f"deviceauth/token:error={error}:times=1")
        await deck.until(lambda: deck.shows("ask for a new code"))
        assert words in said(deck)
        await deck.pilot.press("r")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        assert world.sim.auth.device.waiting()[-1] != code


async def test_a_code_that_has_come_to_its_end_is_told_apart(world: World) -> None:
    async with signing_in(world) as deck:
        world.sim.auth.clock.advance(16 * 60)
        await deck.until(lambda: deck.shows("r    ask for a new code"))


async def test_a_server_without_codes_says_where_to_enable_them(world: World) -> None:
    world.sim.script("deviceauth/usercode", [Status(404, {}, "")])
    async with world.welcome() as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("Device codes are not enabled"))
        assert "security settings of ChatGPT" in said(deck)
        await deck.pilot.press("b")
        await deck.until(lambda: deck.shows("Waiting for the page on port"))


async def test_an_issuer_that_falls_silent_is_asked_again(world: World) -> None:
    async with signing_in(world) as deck:
        world.sim.fail("deviceauth/token:status=503:times=1")
        await deck.until(lambda: deck.shows("asked again in"))
        await deck.until(lambda: not deck.shows("asked again in"))
        assert deck.shows("Waiting for the page")


async def test_the_address_of_the_browser_s_way_is_shown_copied_and_comes_back(
    world: World,
) -> None:
    async with by_browser(world) as (deck, url):
        port = urlsplit(dict(httpx.QueryParams(urlsplit(url).query))["redirect_uri"]).port
        assert deck.shows(f"Waiting for the page on port {port}")
        assert deck.shows(url[:60])
        await deck.pilot.press("y")
        await deck.until(lambda: deck.app.clipboard == url)
        callback = await ended_at(world, url)
        async with httpx.AsyncClient() as client:
            assert (await client.get(callback)).status_code == 200
        await started(deck)
    assert world.stored()["tokens"]["account_id"] == world.sim.account.account_id


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a desktop, whose browser writes down what it was opened with."""
    program, opened = tmp_path / "browser", tmp_path / "opened"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {opened}\n')
    program.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", str(program))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(stage, "is_in_container", lambda: False)
    return opened


async def test_on_a_desktop_the_browser_comes_first_and_opens_by_itself(
    world: World, desktop: Path
) -> None:
    async with world.welcome() as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("Sign in on the page that your browser shows"))
        url = screen_of(deck)._copied[0]
        await deck.until(lambda: desktop.exists() and desktop.read_text() == f"{url}\n")
        await deck.pilot.press("o")
        await deck.until(lambda: desktop.read_text() == f"{url}\n" * 2)


async def test_over_ssh_nothing_is_opened(
    world: World, desktop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 5000 10.0.0.2 22")
    async with by_browser(world) as (deck, _):
        assert deck.shows("Open this address in your browser")
        await deck.pilot.press("o")
        await deck.pilot.pause()
        assert not deck.shows("o open")
        assert list(desktop.parent.glob(desktop.name)) == []


async def test_a_browser_that_does_not_start_is_said_and_the_address_is_there(
    world: World, desktop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del desktop
    monkeypatch.setenv("BROWSER", "/nowhere/browser")
    monkeypatch.setenv("PATH", "/nowhere")
    async with by_browser(world) as (deck, url):
        assert deck.shows("No browser was found")
        assert deck.shows("Open this address in your browser")
        assert deck.shows(url[:60])


@pytest.mark.parametrize(
    ("named", "program"),
    [("/bin/false", "false"), ("missing", "xdg-open")],
    ids=["false", "missing"],
)
async def test_a_browser_that_fails_at_once_has_opened_nothing(
    world: World, desktop: Path, monkeypatch: pytest.MonkeyPatch, named: str, program: str
) -> None:
    opener = desktop.parent / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text("#!/bin/sh\nexit 3\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:/usr/bin:/bin")
    monkeypatch.setenv("BROWSER", named)
    async with by_browser(world) as (deck, url):
        assert f"No browser was opened: {program} ended with" in said(deck)
        assert deck.shows("Open this address in your browser")
        assert deck.shows(url[:60])
        screen_of(deck).query_one(BrowserPane).show_news("")
        await deck.until(lambda: "No browser was opened" not in said(deck))
        await deck.pilot.press("o")
        await deck.until(lambda: "No browser was opened" in said(deck))
        assert deck.notices() == []


async def test_a_denial_in_the_browser_is_told(world: World) -> None:
    async with by_browser(world) as (deck, url):
        callback = await ended_at(world, url, "deny")
        async with httpx.AsyncClient() as client:
            await client.get(callback)
        await deck.until(lambda: deck.shows("The user denied the request"))
        assert not deck.shows("p paste")
    assert world.stored() == {}


async def test_the_address_that_the_page_ended_on_can_be_pasted(world: World) -> None:
    async with by_browser(world) as (deck, url):
        await deck.pilot.press("p")
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        deck.app.post_message(events.Paste("https://example.test/nothing"))
        await deck.pilot.press("enter")
        pane = screen_of(deck).query_one(BrowserPane)
        await deck.until(lambda: pane.query_one("Trouble").display)
        pane.field.value = ""
        deck.app.post_message(events.Paste(await ended_at(world, url)))
        await deck.until(lambda: "code=" in pane.field.value)
        await deck.pilot.press("enter")
        await started(deck)
    assert world.stored()["auth_mode"] == "chatgpt"


async def test_an_address_pasted_anywhere_on_the_browser_s_way_goes_into_the_field(
    world: World,
) -> None:
    async with by_browser(world) as (deck, url):
        deck.app.post_message(events.Paste(f"  {await ended_at(world, url)}\n"))
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        await deck.pilot.press("enter")
        await started(deck)


async def test_only_esc_leaves_the_field_and_letters_are_typed_in_it(world: World) -> None:
    async with by_browser(world) as (deck, _):
        await deck.pilot.press("p")
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        await deck.pilot.press(*"qbk?")
        field = screen_of(deck).query_one(Input)
        await deck.until(lambda: field.value == "qbk?")
        await deck.until(lambda: deck.shows("esc leave the text"))
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.focused is None)
        await deck.until(lambda: deck.shows("esc back"))
        assert (field.value, screen_of(deck)._stage) == ("", "waits")


async def test_p_on_another_way_goes_to_the_browser_s_with_the_field_open(world: World) -> None:
    async with signing_in(world, "p") as deck:
        await deck.until(lambda: deck.shows("on port"))
        await deck.until(lambda: isinstance(deck.app.focused, Input))


async def test_ports_that_are_taken_are_named_and_the_code_is_a_key_away(world: World) -> None:
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
            each.listen()
        ports = (one.getsockname()[1], other.getsockname()[1])
        world.use_ports(*ports)
        async with signing_in(world, "b") as deck:
            await deck.until(lambda: deck.shows("r    try again"))
            assert all(str(port) in said(deck) for port in ports), deck.text()
            assert "d sign in with a code" in said(deck)
            assert "k use an API key" in said(deck)
            await deck.pilot.press("d")
            await deck.until(lambda: deck.shows("Type this code there"))


async def test_r_takes_a_port_that_has_become_free(world: World) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        world.use_ports(port)
        async with signing_in(world, "b") as deck:
            await deck.until(lambda: deck.shows("r    try again"))
            holder.close()
            await deck.pilot.press("r")
            await deck.until(lambda: deck.shows(f"on port {port}"))


async def test_going_back_and_forth_takes_the_same_port_again(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.use_ports(port)
    async with signing_in(world, "b", "d", "b", "d", "b") as deck:
        await deck.until(lambda: deck.shows(f"on port {port}"))


async def test_a_login_that_comes_while_help_is_open_is_not_lost(world: World) -> None:
    async with signing_in(world, "question_mark") as deck:
        await deck.until(lambda: deck.shows("Keys while signing in"))
        (code,) = world.sim.auth.device.waiting()
        world.sim.auth.device.decide(code, "allow")
        await deck.until(world.stored)
        assert deck.shows("Keys while signing in")
        assert deck.app.return_value is None
        await deck.pilot.press("escape")
        await started(deck)


async def test_a_screen_that_opens_while_the_terminal_is_away_owns_the_keys_later(
    world: World,
) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome() as deck:
        deck.app.post_message(events.AppBlur())
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        deck.app.post_message(events.AppFocus())
        await deck.pilot.press("b")
        await deck.until(lambda: deck.shows("on port"))


async def test_the_old_login_stays_until_the_new_one_is_stored_and_is_then_revoked(
    world: World,
) -> None:
    old = world.sim.issue()
    world.put(old)
    async with signing_in(world) as deck:
        await deck.until(lambda: deck.shows("You stay signed in as a…@e….test · Plus"))
        assert world.stored() == old
        (code,) = world.sim.auth.device.waiting()
        world.sim.auth.device.decide(code, "allow")
        await started(deck)
    assert world.stored()["tokens"]["refresh_token"] != old["tokens"]["refresh_token"]
    assert len(world.sim.sent("/oauth/revoke")) == 1
    assert world.sim.auth.as_json()["families"]["revoked"] == 1


async def test_a_home_that_cannot_be_used_is_said_and_can_be_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", "/nowhere/at/all")
    async with world.welcome() as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("CODEX_HOME"))
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell)
        monkeypatch.setenv("CODEX_HOME", str(world.file.parent))
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("Waiting for the page"))


async def test_a_login_that_could_not_be_kept_is_not_begun(world: World) -> None:
    world.settings = replace(world.settings, auth_mode="read_only")
    async with world.welcome() as deck:
        for way in "dbk":
            await deck.pilot.press("enter" if way == "d" else way)
            await deck.until(lambda: "auth.mode is read_only" in said(deck))
            assert deck.shows("r    ")
    assert world.sim.requests == []


async def test_the_account_that_signed_in_is_told(world: World) -> None:
    async with signing_in(world) as deck:
        screen = await until_screen(deck)
        (code,) = world.sim.auth.device.waiting()
        world.sim.auth.device.decide(code, "allow")
        await started(deck)
        assert screen._account is not None
        assert screen._account.mode is AccountMode.CHATGPT
        assert screen._account.email == "ada@example.test"
