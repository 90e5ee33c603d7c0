"""Whose limits a status line shows when somebody else signs in, or nobody does."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from simulator.auth.account import Account
from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import home_of, put_login, use_simulator

OTHER = Account(
    email="bob@example.test",
    account_id="22222222-2222-4333-8444-555555555555",
    user_id="user-sim0000000000000000bob",
)


@pytest.fixture
def deck(foredeck: CommandLine, sim: Simulator, tmp_path: Path) -> CommandLine:
    """Signed in with ChatGPT, and its numbers read: 90 % are left."""
    use_simulator(foredeck, sim, tmp_path / "codex")
    put_login(foredeck, sim.issue())
    sim.script("wham/usage", [usage(10)])
    assert foredeck("limits").code == 0
    assert line(foredeck).startswith("5h 90% left")
    return foredeck


def usage(percent: float) -> Status:
    window = {
        "used_percent": percent,
        "limit_window_seconds": 18_000,
        "reset_after_seconds": 900,
    }
    limit = {"allowed": True, "limit_reached": False, "primary_window": window}
    return Status(200, {}, {"plan_type": "pro", "rate_limit": limit})


def line(foredeck: CommandLine, form: str = "plain") -> str:
    """What the status line prints; it always ends well."""
    ended = foredeck("limits", "--format", form)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.rstrip("\n")


@pytest.mark.parametrize("command", [("ask", "hello"), ("limits",)])
def test_where_no_login_is_left_a_run_with_a_key_shows_that_there_are_no_windows(
    sim: Simulator, deck: CommandLine, command: tuple[str, ...]
) -> None:
    (home_of(deck) / "auth.json").unlink()
    deck.environment["OPENAI_API_KEY"] = sim.api_key or ""
    assert deck(*command).code == 0
    assert [line(deck, form) for form in ("plain", "tmux", "starship")] == ["limits: API key"] * 3
    assert '"class": ["unknown"]' in line(deck, "waybar")


def test_a_key_that_was_signed_in_with_takes_the_place_of_the_account(
    sim: Simulator, deck: CommandLine
) -> None:
    put_login(deck, {"auth_mode": "apikey", "OPENAI_API_KEY": sim.api_key})
    assert deck("ask", "hello").code == 0
    assert line(deck) == "limits: API key"
    # Whoever signs in with ChatGPT again has numbers at once.
    put_login(deck, sim.issue())
    assert deck("limits").code == 0
    assert line(deck).startswith("5h 90% left")


@pytest.mark.parametrize("way", ["profile", "environment"])
def test_one_run_with_a_key_beside_a_login_leaves_the_numbers_of_the_account(
    sim: Simulator, deck: CommandLine, way: str
) -> None:
    if way == "profile":
        deck.environment["OPENAI_API_KEY"] = sim.api_key or ""
        ended = deck("--profile", "api", "ask", "hello")
    else:
        deck.environment["CODEX_API_KEY"] = sim.api_key or ""
        ended = deck("ask", "hello")
    assert ended.code == 0, ended.err
    assert line(deck).startswith("5h 90% left")


def test_another_account_never_stands_under_the_numbers_of_the_one_before(
    sim: Simulator, deck: CommandLine
) -> None:
    put_login(deck, sim.issue(OTHER))
    sim.script("wham/usage", [Status(503, {}, "")])
    assert deck("limits").code != 0
    assert line(deck) == "limits unknown"
    put_login(deck, sim.issue())
    assert deck("limits", "ledger").code == 0
    assert line(deck).startswith("5h 90% left")


def test_whoever_has_signed_in_anew_waits_for_no_pause_of_the_login_before(
    sim: Simulator, foredeck: CommandLine, tmp_path: Path
) -> None:
    use_simulator(foredeck, sim, tmp_path / "codex")
    put_login(foredeck, sim.issue())
    sim.fail("wham/usage:status=401:times=3")
    assert foredeck("limits").code == 3
    database = Path(foredeck.environment["FOREDECK_HOME"]) / "data" / "foredeck.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        # That was two minutes ago, and the pause is one of half an hour.
        connection.execute(
            "UPDATE limit_polls SET asked_at = asked_at - 120, not_before = ?",
            (time.time() + 1680,),
        )
    put_login(foredeck, sim.issue())
    assert foredeck("limits").code == 0
    assert "%" in line(foredeck)
