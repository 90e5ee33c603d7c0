"""The first run where logins lie in a keyring: who is signed in is known only once it is asked."""

import threading
from dataclasses import replace

import pytest

from app import main
from app.foredeck import StartAgain
from app.screens.sign_in.screen import SignInScreen
from services.auth.settings import StoreMode
from services.auth.stores import opening
from services.auth.stores.keyring_entry import CODEX_SERVICE, Item, KeyringEntry, account_name
from services.clock import Clock
from tests.app.signing_in import World
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.unit.auth.storage.drawers import Keyring

STORES: list[StoreMode] = ["keyring", "auto"]


class SlowKeyring(Keyring):
    """One that answers once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def find(self, service: str, account: str) -> Item:
        assert self.goes_on.wait(10)
        return super().find(service, account)


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> SlowKeyring:
    """The machine's keyring, with nothing in it."""
    made = SlowKeyring()

    def entry(service: str, account: str, timeout: float, clock: Clock) -> KeyringEntry:
        return KeyringEntry(service, account, timeout, clock, made.find)

    monkeypatch.setattr(opening, "KeyringEntry", entry)
    return made


def use(world: World, store: StoreMode) -> None:
    # As Codex is configured, so that the login is the one of both.
    config = world.file.with_name("config.toml")
    config.write_text(f'cli_auth_credentials_store = "{store}"\n')
    world.sim.auth.policy.approve_at = None


@pytest.mark.parametrize("store", STORES)
async def test_a_keyring_that_holds_nothing_leads_to_the_welcome_with_what_was_written(
    world: World, keyring: SlowKeyring, store: StoreMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(world, store)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    world.settings = replace(world.settings, openai_base_url=None)
    opener, _ = main._opener(world.settings, None, {"CODEX_HOME": str(world.file.parent)})
    assert opener is not None, "nobody waits for a keyring before the first frame"
    keyring.goes_on.clear()
    async with world.running() as deck:
        await deck.pilot.press(*"hello")
        keyring.goes_on.set()
        await deck.until(lambda: deck.app.return_value is not None, "still there")
        assert deck.app.screen is deck.shell
        again = deck.app.return_value
    assert again == StartAgain(is_welcome=True, draft="hello")
    assert main._opener(world.settings, again) == (None, "")


async def test_a_login_in_the_keyring_is_used(world: World, keyring: Keyring) -> None:
    use(world, "keyring")
    name = CODEX_SERVICE, account_name(world.file.parent)
    world.put(world.sim.issue())
    keyring.secrets[name] = world.file.read_text()
    world.file.unlink()
    async with world.chatting() as deck:
        assert "Plus" in deck.rows()[0]


async def test_an_entry_that_cannot_be_used_leads_to_the_screen_of_sign_in(
    world: World, keyring: Keyring
) -> None:
    use(world, "keyring")
    keyring.secrets[CODEX_SERVICE, account_name(world.file.parent)] = "{not json"
    async with world.running() as deck:
        await deck.until(lambda: isinstance(deck.app.screen, SignInScreen), "no screen")
        assert deck.app.return_value is None


async def test_who_has_chosen_chatgpt_is_asked_to_sign_in(world: World, keyring: Keyring) -> None:
    use(world, "keyring")
    world.settings = replace(world.settings, provider="chatgpt")
    async with world.running() as deck:
        await deck.until(lambda: isinstance(deck.app.screen, SignInScreen), "no screen")
