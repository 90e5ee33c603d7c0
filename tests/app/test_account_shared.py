"""Whether Codex uses the login, as the app tells it: by the place where it lies."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Static

from app.foredeck import Foredeck
from app.screens.confirm import ConfirmScreen
from app.wiring import open_services
from tests.app.conftest import Deck
from tests.app.signing_in import World, said, signing_in
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from widgets.fact_rows import FactRows

SENTENCE = (
    "auth.store is file, and Codex keeps its login in the keyring: this login is our own, and "
    "Codex's is left alone"
)


async def page(deck: Deck) -> dict[str, str]:
    """The page of the account, row by row."""
    await deck.pilot.press("ctrl+x", "a")
    await deck.until(lambda: deck.shows("Kept in"), "no page")
    return dict(deck.app.screen.query_one(FactRows).rows)


async def test_a_login_in_memory_is_told_once_and_is_not_shared(world: World) -> None:
    world.sim.auth.policy.interval = "0"
    world.settings = replace(world.settings, auth_store="ephemeral")
    async with world.welcome() as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.app.return_value is not None, "not signed in")
    async with world.chatting((100, 40)) as deck:
        rows = await page(deck)
    assert rows["Kept in"] == "memory, for this run only"
    assert rows["Codex"] == "no, Codex has its own login"


async def test_a_login_of_the_environment_is_not_shared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = world.sim.auth.ledger.add_personal_token(world.sim.account)
    monkeypatch.setenv("CODEX_ACCESS_TOKEN", token)
    async with world.chatting((100, 40)) as deck:
        rows = await page(deck)
    assert rows["Kept in"] == "the environment: CODEX_ACCESS_TOKEN"
    assert rows["Codex"] == "no, the login is that of this environment"


@pytest.fixture
def own(world: World) -> Path:
    """Our own login, in a file, beside a Codex that uses the keyring; gives that file."""
    world.file.with_name("config.toml").write_text('cli_auth_credentials_store = "keyring"\n')
    world.put(world.sim.issue())
    world.settings = replace(world.settings, auth_store="file")
    folder = world.settings.folders.data / "login"
    folder.mkdir(parents=True, mode=0o700)
    file = folder / "auth.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(world.sim.issue()))
    return file


async def test_a_login_of_our_own_is_told_with_its_reason_and_ends_alone(
    world: World, own: Path
) -> None:
    before = world.file.read_bytes()
    async with world.chatting((100, 40)) as deck:
        rows = await page(deck)
        assert rows["Kept in"] == f"a file: {own}"
        assert rows["Codex"] == "no, Codex has its own login"
        assert str(deck.app.screen.query_one(".notices", Static).content) == SENTENCE
        await deck.pilot.press("o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "not asked")
        words = str(deck.app.screen.query_one(".detail", Static).content)
        assert "Codex" not in words
        await deck.pilot.press("y")
        await deck.until(lambda: "signed out" in deck.notices(), "not done")
        assert not own.exists()  # noqa: ASYNC240
    assert world.file.read_bytes() == before
    families = world.sim.auth.as_json()["families"]
    assert (families["alive"], families["revoked"]) == (1, 1)


@pytest.mark.parametrize(
    ("begun_with", "told"),
    [
        ("", [SENTENCE]),
        (f"signed in as a…@e….test. {SENTENCE}", [f"signed in as a…@e….test. {SENTENCE}"]),
    ],
    ids=["signed in before", "just signed in"],
)
async def test_the_reason_is_told_once_in_a_run(
    world: World, own: Path, begun_with: str, told: list[str]
) -> None:
    del own
    app = Foredeck(
        world.settings,
        lambda: open_services(world.settings),
        notice=begun_with,
        driver_class=None,
    )
    async with app.run_test(size=(100, 30)) as pilot:
        deck = Deck(app, pilot)
        await deck.until(lambda: deck.shell.state == "online", "not online")
        await deck.until(lambda: deck.view.models, "no models")
        assert deck.notices() == told
        app.exit()


@pytest.mark.parametrize("is_shared", [True, False])
async def test_a_key_is_promised_to_codex_only_where_codex_looks(
    world: World, own: Path, *, is_shared: bool
) -> None:
    if is_shared:
        world.file.with_name("config.toml").unlink()
    folder = world.file.parent if is_shared else own.parent
    async with signing_in(world, "k") as deck:
        await deck.until(lambda: "It is tried once, then kept in" in said(deck), "no pane")
        assert ("Codex looks there too" in said(deck)) is is_shared
        assert folder.name in said(deck)
