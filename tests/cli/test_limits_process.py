"""Limits as real processes on one store, against the simulator."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simulator.script import Gate, Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine, Ended
from tests.cli.sign_in import put_login, use_simulator

POLL = "/wham/usage"


@pytest.fixture
def deck(foredeck: CommandLine, sim: Simulator, tmp_path: Path) -> CommandLine:
    """Signed in with ChatGPT."""
    use_simulator(foredeck, sim, tmp_path / "codex")
    put_login(foredeck, sim.issue())
    return foredeck


def usage(five_hours: float, *, allowed: bool = True) -> Status:
    window = {
        "used_percent": five_hours,
        "limit_window_seconds": 17_940,
        "reset_after_seconds": 900,
    }
    limit = {"allowed": allowed, "limit_reached": not allowed, "primary_window": window}
    return Status(200, {}, {"plan_type": "pro", "rate_limit": limit})


def shown(ended: Ended) -> list[tuple[str, float]]:
    values: dict[str, Any] = json.loads(ended.out)
    return [(each["id"], each["used_percent"]) for each in values["windows"]]


def test_what_the_server_says_is_told_and_kept_for_all_formats(
    sim: Simulator, deck: CommandLine
) -> None:
    sim.script("wham/usage", [usage(38.5)])
    first = deck("limits", "--json")
    assert (first.code, first.err) == (0, "")
    assert shown(first) == [("codex/18000", 38.5)]
    values = json.loads(first.out)
    assert (values["source"], values["stale"], values["plan"]) == ("poll", False, "pro")
    assert 880 < values["windows"][0]["reset_in_seconds"] <= 900
    assert shown(deck("limits", "--json")) == shown(first)
    assert deck("limits", "--format", "plain").out.startswith("5h 62% left 1")
    assert json.loads(deck("limits", "--format", "waybar").out)["percentage"] == 62
    assert 'foredeck_limit_used_ratio{limit="codex",window="5h"} 0.385' in deck("metrics").out
    assert deck("guard", "--max", "30").code == 5
    assert deck("guard").code == 0
    assert len(sim.sent(POLL)) == 1


def test_a_refresh_within_ten_seconds_reads_what_is_stored(
    sim: Simulator, deck: CommandLine
) -> None:
    sim.script("wham/usage", [usage(10)])
    deck("limits")
    assert shown(deck("limits", "--refresh", "--json")) == [("codex/18000", 10.0)]
    assert len(sim.sent(POLL)) == 1


def test_whoever_comes_while_another_asks_for_the_first_time_is_told_the_same(
    sim: Simulator, deck: CommandLine
) -> None:
    gate = Gate()
    sim.script("wham/usage", [gate, usage(10)])
    with deck.start("limits", "--json") as first, deck.start("limits", "--json") as second:
        assert gate.wait_reached()
        gate.open()
        outs = [process.communicate(timeout=30)[0] for process in (first, second)]
    assert [shown(Ended(0, out, "")) for out in outs] == [[("codex/18000", 10.0)]] * 2
    assert len(sim.sent(POLL)) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Status(500, {}, ""), 1),
        (Status(404, {}, {}), 4),
        (Status(429, {}, {}), 5),
        (Status(200, {}, "<html>"), 1),
    ],
)
def test_without_any_number_a_failure_is_all_there_is(
    sim: Simulator, deck: CommandLine, answer: Status, code: int
) -> None:
    for _ in range(3):
        sim.script("wham/usage", [answer])
    ended = deck("limits", "--json")
    assert (ended.code, ended.out) == (code, "")
    assert json.loads(ended.err.splitlines()[-1])["error"]["message"]
    assert deck("limits", "--format", "tmux").out == "limits unknown\n"


def test_nobody_is_signed_in(deck: CommandLine, sim: Simulator) -> None:
    (Path(deck.environment["CODEX_HOME"]) / "auth.json").unlink()
    del deck.environment["FOREDECK_OPENAI_BASE_URL"]
    for command in (("limits",), ("limits", "ledger"), ("guard",)):
        ended = deck(*command)
        assert (ended.code, ended.out) == (3, "")
    assert sim.sent(POLL) == []


def test_an_api_key_has_no_windows(foredeck: CommandLine, sim: Simulator) -> None:
    ended = foredeck("limits", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["windows"] == []
    assert ended.err == "note: There are no limit windows: only a ChatGPT login has them.\n"
    assert sim.sent(POLL) == []


def test_history_and_ledger_are_read_from_the_store(sim: Simulator, deck: CommandLine) -> None:
    sim.script("wham/usage", [usage(10)])
    deck("limits")
    values = json.loads(deck("limits", "history", "--since", "30m", "--json").out)
    (window,) = values["windows"]
    assert (window["id"], window["label"]) == ("codex/18000", "5h")
    assert [point["last_percent"] for point in window["points"]] == [10.0]
    rows = deck("limits", "history", "--csv").out.splitlines()
    assert rows[0].startswith("window_id,label,at,")
    assert rows[1].startswith("codex/18000,5h,")
    assert json.loads(deck("limits", "ledger", "--json").out) == {"entries": []}


def test_watch_sees_what_another_process_reads(sim: Simulator, deck: CommandLine) -> None:
    sim.script("wham/usage", [usage(10)])
    sim.script("wham/usage", [usage(20)])
    with deck.start("limits", "watch", "--json") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        # Ten seconds after the first poll any process may ask again because it was told to.
        database = Path(deck.environment["FOREDECK_HOME"]) / "data" / "foredeck.db"
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("UPDATE limit_polls SET asked_at = asked_at - 11")
        assert shown(deck("limits", "--refresh", "--json")) == [("codex/18000", 20.0)]
        second = process.stdout.readline()
        process.send_signal(2)
        assert process.wait(timeout=30) == 130
    assert [shown(Ended(0, line, ""))[0][1] for line in (first, second)] == [10.0, 20.0]
    assert len(sim.sent(POLL)) == 2


def test_guard_that_waits_ends_by_a_signal(sim: Simulator, deck: CommandLine) -> None:
    sim.script("wham/usage", [usage(100, allowed=False)])
    with deck.start("guard", "--until-reset") as process:
        assert process.stderr is not None
        assert "Waiting." in process.stderr.readline()
        process.send_signal(2)
        assert process.wait(timeout=30) == 130


def test_a_closed_pipe_ends_quietly(sim: Simulator, deck: CommandLine) -> None:
    sim.script("wham/usage", [usage(10)])
    deck("limits")
    with deck.start("limits", "--format", "plain", stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_what_is_stored_is_deleted_after_a_yes_alone(sim: Simulator, deck: CommandLine) -> None:
    sim.script("wham/usage", [usage(10)])
    deck("limits")
    asked = deck("limits", "purge")
    assert asked.code == 2
    assert "Add --yes" in asked.err
    kept = deck("limits", "purge", "--before", "1h", "--yes")
    assert (kept.code, kept.out) == (0, "")
    assert len(json.loads(deck("limits", "history", "--json").out)["windows"]) == 1
    assert deck("limits", "purge", "--yes").code == 0
    assert json.loads(deck("limits", "history", "--json").out)["windows"] == []
    assert deck("limits", "--format", "tmux").out == "limits unknown\n"


def test_after_signing_out_a_status_line_shows_nobodys_limits(
    sim: Simulator, deck: CommandLine
) -> None:
    sim.script("wham/usage", [usage(10)])
    deck("limits")
    assert "90% left" in deck("limits", "--format", "starship").out
    assert deck("logout").code == 0
    assert "%" not in deck("limits", "--format", "starship").out
