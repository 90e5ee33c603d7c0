"""Who is signed in, in the running app: header, page of the account, signing in and out."""

from dataclasses import replace

import pytest
from textual import events

from app.screens.account import AccountScreen
from app.screens.confirm import ConfirmScreen
from app.screens.sign_in.screen import SignInScreen
from services.errors import CredentialsError
from services.events import SignInNeeded
from simulator import events as ev
from tests.app.conftest import Deck
from tests.app.signing_in import World, screen_of, until_screen
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture

ENDED = CredentialsError("The login has ended", next_step="Sign in again", code="signed_out")


@pytest.fixture
def signed_in(world: World) -> World:
    """Ada is signed in."""
    world.put(world.sim.issue())
    world.sim.auth.policy.approve_at = None
    return world


def allow(world: World) -> None:
    """Somebody types the code that is shown."""
    assert world.sim.auth.device.decide(world.sim.auth.device.waiting()[-1], "allow")


def tell_that_it_ended(deck: Deck) -> None:
    """What the layer that signs calls tells when a login is over for good."""
    services = deck.shell._services
    assert services is not None
    services.bus.publish(SignInNeeded(failure=ENDED.failure))


@pytest.mark.parametrize(
    ("size", "words"),
    [((120, 30), "ada@example.test · Plus"), ((98, 24), "a…@e….test · Plus")],
    ids=["wide", "narrow"],
)
async def test_the_header_says_who_is_signed_in_and_masks_it_where_it_is_narrow(
    signed_in: World, size: tuple[int, int], words: str
) -> None:
    async with signed_in.chatting(size) as deck:
        await deck.until(lambda: "% left" in deck.rows()[0])
        assert f"   {words}" in deck.rows()[0]


async def test_the_header_follows_the_width(signed_in: World) -> None:
    async with signed_in.chatting((120, 30)) as deck:
        await deck.pilot.resize_terminal(98, 24)
        await deck.until(lambda: "   a…@e….test · Plus" in deck.rows()[0])
        await deck.pilot.resize_terminal(88, 24)
        await deck.until(lambda: "   Plus" in deck.rows()[0])
        await deck.pilot.resize_terminal(60, 24)
        await deck.until(lambda: deck.rows()[0].endswith("% left"))


async def test_an_api_key_is_named_without_a_letter_of_it(world: World) -> None:
    world.put({"auth_mode": "apikey", "OPENAI_API_KEY": world.sim.api_key})
    async with world.chatting() as deck:
        assert "API key" in deck.rows()[0]
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("API key, paid by the token"))
        assert not deck.shows(world.sim.api_key or "")


@pytest.mark.parametrize(
    ("letters", "words"),
    [("login", "Waiting for the page"), ("logout", "Sign out "), ("account", "Token ends")],
)
async def test_the_palette_finds_each_action_by_its_name(
    signed_in: World, letters: str, words: str
) -> None:
    async with signed_in.chatting() as deck:
        await deck.pilot.press("escape", "colon", *letters, "enter")
        await deck.until(lambda: deck.shows(words))


async def test_the_page_of_the_account_tells_all_but_secrets(signed_in: World) -> None:
    async with signed_in.chatting((100, 40)) as deck:
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("ada@example.test"))
        for words in (
            "Plan        Plus",
            "ChatGPT, on the limits of the plan",
            signed_in.sim.account.account_id or "",
            str(signed_in.file.parent.name),
            "yes, Codex uses the same login",
            "just now, ",
            "in ",
        ):
            assert deck.shows(words), f"{words}\n{deck.text()}"
        tokens = signed_in.stored()["tokens"]
        assert not any(deck.shows(tokens[name][:30]) for name in ("access_token", "refresh_token"))
        await deck.pilot.press("y")
        await deck.until(lambda: deck.app.clipboard == signed_in.sim.account.account_id)
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell)


async def test_r_renews_the_tokens_at_once(signed_in: World) -> None:
    async with signed_in.chatting((100, 40)) as deck:
        before = signed_in.stored()["tokens"]
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("ada@example.test"))
        await deck.pilot.press("r")
        await deck.until(lambda: deck.shows("Renewed  ") and deck.shows("just now"))
        await deck.until(lambda: signed_in.stored()["tokens"] != before)
        assert [refresh.outcome for refresh in signed_in.sim.refreshes] == ["rotated"]


async def test_a_renewal_that_fails_says_why_and_the_account_stays(signed_in: World) -> None:
    async with signed_in.chatting((100, 40)) as deck:
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("ada@example.test"))
        signed_in.sim.fail("oauth/token:status=503")
        await deck.pilot.press("r")
        await deck.until(lambda: deck.shows("▌ "))
        assert deck.shows("ada@example.test")


async def test_nobody_is_an_account_too(world: World) -> None:
    async with world.welcome() as deck:
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("Signed in  nobody"))
        assert not deck.shows("o sign out")
        await deck.pilot.press("l")
        await deck.until(lambda: isinstance(deck.app.screen, SignInScreen))


async def test_signing_out_asks_first_and_takes_enter_for_a_no(signed_in: World) -> None:
    async with signed_in.chatting() as deck:
        before = signed_in.stored()
        await deck.pilot.press("ctrl+x", "o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen))
        await deck.until(lambda: deck.shows("Sign out a…@e….test · Plus?"))
        assert deck.shows("Codex uses it too")
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.app.screen is deck.shell)
        assert signed_in.stored() == before


async def test_signing_out_deletes_then_revokes_and_the_chat_stays(signed_in: World) -> None:
    async with signed_in.chatting() as deck:
        signed_in.sim.script("responses", ev.text_turn("an answer"))
        await deck.say("hi")
        await deck.until(lambda: deck.replies() == ["an answer"])
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("o sign out"))
        await deck.pilot.press("o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen))
        await deck.pilot.press("y")
        await deck.until(lambda: "signed out" in deck.notices())
        await deck.until(lambda: "no account" in deck.rows()[0])
        assert signed_in.stored() == {}
        assert signed_in.sim.auth.as_json()["families"]["revoked"] == 1
        assert deck.replies() == ["an answer"]


async def test_what_could_not_be_revoked_is_said(signed_in: World) -> None:
    signed_in.sim.fail("oauth/revoke:status=500")
    async with signed_in.chatting() as deck:
        await deck.pilot.press("ctrl+x", "o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen))
        await deck.pilot.press("y")
        await deck.until(lambda: any("could not be revoked" in w for w in deck.notices()))
        assert signed_in.stored() == {}


async def test_a_login_of_the_environment_is_not_signed_out_here(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_in.sim.auth.ledger.add_personal_token(signed_in.sim.account)
    monkeypatch.setenv("CODEX_ACCESS_TOKEN", token)
    async with signed_in.welcome() as deck:
        await deck.pilot.press("ctrl+x", "o")
        await deck.until(lambda: any("unset it there" in words for words in deck.notices()))
        assert signed_in.stored()


async def test_a_login_that_is_over_opens_the_screen_and_the_draft_stays(
    signed_in: World,
) -> None:
    async with signed_in.chatting() as deck:
        await deck.pilot.press(*"half a thought")
        tell_that_it_ended(deck)
        await until_screen(deck)
        assert deck.shows("The login has ended.")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        allow(signed_in)
        await deck.until(lambda: deck.app.screen is deck.shell)
        assert deck.app.return_value is None
        await deck.until(lambda: deck.notices() == ["signed in as a…@e….test · Plus"])
        assert deck.view.composer.text == "half a thought"
        signed_in.sim.script("responses", ev.text_turn("goes on"))
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.replies() == ["goes on"])


@pytest.mark.parametrize("named", ["account_id", "user_id"])
async def test_another_account_or_user_starts_the_app_anew(signed_in: World, named: str) -> None:
    async with signed_in.chatting() as deck:
        await deck.pilot.press("ctrl+x", "l")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        signed_in.sim.account = replace(
            signed_in.sim.account, email="bob@example.test", **{named: "another-one"}
        )
        allow(signed_in)
        await deck.until(lambda: deck.app.return_value is not None)
        assert deck.app.return_value
        assert (deck.app.return_value.demo, deck.app.return_value.provider) == (False, None)


async def test_two_signs_that_it_is_over_open_one_screen(signed_in: World) -> None:
    async with signed_in.chatting() as deck:
        tell_that_it_ended(deck)
        await until_screen(deck)
        tell_that_it_ended(deck)
        await deck.pilot.press("question_mark")
        await deck.until(lambda: deck.shows("Keys while signing in"))
        tell_that_it_ended(deck)
        await deck.pilot.press("escape")
        await deck.until(lambda: isinstance(deck.app.screen, SignInScreen))
        assert len(deck.app.screen_stack) == 2


async def test_letters_meant_for_a_text_do_nothing_on_a_screen_that_nobody_asked_for(
    signed_in: World,
) -> None:
    async with signed_in.chatting() as deck:
        tell_that_it_ended(deck)
        await deck.until(lambda: isinstance(deck.app.screen, SignInScreen))
        screen = screen_of(deck)
        screen._is_deaf = True
        for letter in "qbk":
            deck.app.post_message(events.Key(letter, letter))
        await deck.pilot.pause()
        assert deck.app.screen is screen
        assert screen._way == "device"
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell)


async def test_it_opens_over_what_is_open_and_gives_it_back(signed_in: World) -> None:
    async with signed_in.chatting() as deck:
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: isinstance(deck.app.screen, AccountScreen))
        tell_that_it_ended(deck)
        await until_screen(deck)
        await deck.pilot.press("q")
        await deck.until(lambda: isinstance(deck.app.screen, AccountScreen))


async def test_a_leader_that_waits_gives_way(signed_in: World) -> None:
    async with signed_in.chatting() as deck:
        await deck.pilot.press("ctrl+x")
        tell_that_it_ended(deck)
        await until_screen(deck)
        assert len(deck.app.screen_stack) == 2


async def test_a_stored_login_that_cannot_be_used_is_told_on_the_screen_of_sign_in(
    world: World,
) -> None:
    world.sim.auth.policy.approve_at = None
    world.file.write_text("{not json")
    world.file.chmod(0o600)
    async with world.running() as deck:
        await until_screen(deck)
        await deck.until(lambda: deck.shows("Waiting for the page"))
        allow(world)
        await deck.until(lambda: deck.app.return_value is not None)
    assert world.stored()["auth_mode"] == "chatgpt"
