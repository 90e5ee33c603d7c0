"""Each state of the screen of sign-in, and the page of the account."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from app.foredeck import Foredeck
from app.screens.account import AccountScreen
from app.screens.sign_in.screen import SignInScreen
from app.sign_in_ways import Way
from services.errors import LoginError, NotFoundError, ServiceError, UsageError
from services.models.account import Account, AccountMode
from services.models.failure import Failure
from tests.snapshots import content
from tests.snapshots.conftest import fill, settle
from tests.snapshots.sign_in import ADA, ENDED, NOW, opener
from widgets.fact_rows import FactRows
from widgets.glyphs import ASCII, UNICODE
from widgets.qr_code import QrCode

Compare = Callable[..., bool]
Make = Callable[..., Foredeck]
Prepare = Callable[[Pilot[Any]], Awaitable[None]]
Size = tuple[int, int]
LOOKS = pytest.mark.parametrize(
    ("size", "theme"),
    [((80, 24), "dark"), ((80, 24), "light"), ((120, 40), "dark"), ((200, 60), "dark")],
    ids=["80x24-dark", "80x24-light", "120x40-dark", "200x60-dark"],
)
REQUEST = "req_8f2c61d0a7"
PORTS_TAKEN = UsageError(
    "Ports 1455 and 1457 are taken: codex (process 4711) holds the first",
    next_step="Sign in with a device code, or close what holds the port",
)
DECLINED = LoginError(
    "The sign-in was declined",
    next_step="Ask for a new code, or sign in with the browser",
    request_id=REQUEST,
)
NOT_ENABLED = NotFoundError(
    "Device codes are not enabled at auth.openai.com (404)",
    next_step="Enable them in the security settings of ChatGPT, or sign in with the browser",
    request_id=REQUEST,
)
REFUSED = LoginError(
    "The server refused the key (401)", next_step="Check the key you typed", request_id=REQUEST
)
KEY = AccountMode.API_KEY


def sign_in(
    app: Foredeck,
    way: Way,
    *,
    account: Account | None = None,
    error: ServiceError | None = None,
    reason: Failure | None = None,
    problem: str = "",
    then: Prepare = settle,
) -> Prepare:
    """Opens the screen, and lets `then` do something on it."""
    is_plain = app._settings.ascii

    async def prepare(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        screen = SignInScreen(
            opener(account, error, problem),
            app._settings,
            ASCII if is_plain else UNICODE,
            environ={},
            reason=reason,
            way=way,
            now=lambda: NOW,
        )
        app.push_screen(screen)
        await until(pilot, lambda: screen._stage in {"waits", "failed"})
        await until(
            pilot, lambda: is_plain or all(code.modules for code in app.screen.query(QrCode))
        )
        await settle(pilot)
        await then(pilot)
        await settle(pilot)

    return prepare


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("did not happen")


async def type_in(pilot: Pilot[Any], text: str) -> None:
    """Put text into the field, and press enter."""
    await until(pilot, lambda: isinstance(pilot.app.focused, Input))
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await settle(pilot)


@LOOKS
def test_a_code_waits_to_be_typed(
    snap_compare: Compare, make_app: Make, size: Size, theme: str
) -> None:
    app = make_app(theme, welcome=True)
    assert snap_compare(app, terminal_size=size, run_before=sign_in(app, Way.DEVICE))


@LOOKS
def test_an_address_waits_for_a_browser(
    snap_compare: Compare, make_app: Make, size: Size, theme: str
) -> None:
    app = make_app(theme, welcome=True)
    assert snap_compare(app, terminal_size=size, run_before=sign_in(app, Way.BROWSER))


@LOOKS
def test_what_was_pasted_is_of_no_use(
    snap_compare: Compare, make_app: Make, size: Size, theme: str
) -> None:
    app = make_app(theme, welcome=True)

    async def paste(pilot: Pilot[Any]) -> None:
        await pilot.press("p")
        await type_in(pilot, "https://example.test/")

    prepare = sign_in(app, Way.BROWSER, then=paste)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@LOOKS
def test_a_key_was_refused(snap_compare: Compare, make_app: Make, size: Size, theme: str) -> None:
    app = make_app(theme, welcome=True)

    async def try_key(pilot: Pilot[Any]) -> None:
        await type_in(pilot, "sk-example")
        await pilot.press(*"sk-exa")

    prepare = sign_in(app, Way.KEY, account=ADA, error=REFUSED, then=try_key)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@LOOKS
def test_both_ports_are_taken(
    snap_compare: Compare, make_app: Make, size: Size, theme: str
) -> None:
    app = make_app(theme, welcome=True)
    prepare = sign_in(app, Way.BROWSER, error=PORTS_TAKEN)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@LOOKS
@pytest.mark.parametrize("error", [DECLINED, NOT_ENABLED], ids=["declined", "not enabled"])
def test_a_code_came_to_nothing(
    snap_compare: Compare, make_app: Make, size: Size, theme: str, error: ServiceError
) -> None:
    app = make_app(theme, welcome=True)
    prepare = sign_in(app, Way.DEVICE, error=error)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@LOOKS
def test_a_login_has_ended_in_the_middle_of_a_chat(
    snap_compare: Compare, make_app: Make, size: Size, theme: str
) -> None:
    app = make_app(theme)
    opened = sign_in(app, Way.DEVICE, account=ADA, reason=ENDED)

    async def prepare(pilot: Pilot[Any]) -> None:
        await fill(pilot, content.CHAT)
        app.screen_stack[0]._show_account(ADA)  # type: ignore[attr-defined]
        await opened(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


@LOOKS
def test_what_is_stored_cannot_be_used(
    snap_compare: Compare, make_app: Make, size: Size, theme: str
) -> None:
    app = make_app(theme, welcome=True)
    prepare = sign_in(app, Way.DEVICE, problem="auth.json is no JSON that can be read")
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("way", [Way.DEVICE, Way.BROWSER, Way.KEY], ids=lambda way: way.value)
@pytest.mark.parametrize("size", [(80, 24), (40, 12), (20, 5)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_ascii_without_colour_at_each_size(
    snap_compare: Compare,
    make_app: Make,
    monkeypatch: pytest.MonkeyPatch,
    size: Size,
    way: Way,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app("ansi-dark", welcome=True, ascii=True, no_color=True)
    assert snap_compare(app, terminal_size=size, run_before=sign_in(app, way))


@LOOKS
@pytest.mark.parametrize(
    "account",
    [
        ADA,
        Account(
            mode=KEY,
            key_hint="sk-proj-***abcde",
            storage=ADA.storage,
            place=ADA.place,
            notices=("Others could read the file; it is yours alone now.",),
        ),
        replace(ADA, plan=None, email=None, issuer="login.example.test", is_read_only=True),
    ],
    ids=["ChatGPT", "key", "read only"],
)
def test_the_page_of_the_account(
    snap_compare: Compare, make_app: Make, size: Size, theme: str, account: Account
) -> None:
    app = make_app(theme)

    async def prepare(pilot: Pilot[Any]) -> None:
        await fill(pilot, content.CHAT)
        app.push_screen(AccountScreen(opener(account), UNICODE, environ={}, now=lambda: NOW))
        await until(pilot, lambda: any(facts.rows for facts in app.screen.query(FactRows)))
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)
