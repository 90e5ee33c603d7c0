"""A login that Codex does not use: one place for both programs, or each its own."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.auth.grant import Grant
from services.provider import Secret
from tests.contract.account.conftest import Home

LATER: dict[str, Any] = {"life": 3600, "spent": 3600 - 480}
"""Eight minutes are left: Codex's five are not reached, ours of a shared login are."""


def plant_own(home: Home) -> Path:
    """A login in the place of our own."""
    folder = Path(home.environ["FOREDECK_HOME"], "data", "login")
    folder.mkdir(parents=True, mode=0o700)
    file = folder / "auth.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(home.sim.issue(**LATER)))
    return file


@pytest.mark.parametrize(
    ("codex", "flags", "outcomes"),
    [
        ("", {}, ["rotated"]),
        ("", {"auth_mode": "own"}, []),
        ('cli_auth_credentials_store = "keyring"\n', {"auth_store": "file"}, []),
    ],
    ids=["shared", "own", "another store"],
)
async def test_a_login_is_renewed_ahead_of_codex_only_where_codex_uses_it(
    home: Home, codex: str, flags: dict[str, Any], outcomes: list[str]
) -> None:
    (home.path / "config.toml").write_text(codex)
    theirs, own = home.plant(**LATER), plant_own(home)
    before = own.read_bytes()
    async with home.open(flags) as desk:
        assert await desk.ask()
        assert desk.auth.account.shared_with_codex is bool(outcomes)
    assert [refresh.outcome for refresh in home.sim.refreshes] == outcomes
    assert (home.stored() != theirs) is bool(outcomes)
    assert own.read_bytes() == before


async def test_a_login_in_memory_is_not_renewed_ahead_of_a_codex_that_does_not_know_it(
    home: Home,
) -> None:
    tokens = home.sim.issue(**LATER)["tokens"]
    names = ("id_token", "access_token", "refresh_token")
    async with home.open({"auth_store": "ephemeral"}) as desk:
        account = await desk.auth.accept(Grant(**{name: Secret(tokens[name]) for name in names}))
        assert (account.shared_with_codex, account.place, account.notices) == (False, "", ())
        assert await desk.ask()
    assert home.sim.refreshes == []
