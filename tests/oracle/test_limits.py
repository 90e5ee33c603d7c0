"""`foredeck limits --json` and the real Codex CLI say the same of the same account."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import put_login, use_simulator
from tests.oracle.codex import Codex
from tests.oracle.test_usage_payloads import Server, ask, server
from tests.oracle.usage_payloads import UsagePayload, usage_payloads

__all__ = ["server"]

pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.timeout(300)]

NAMES = sorted(usage_payloads(0))
TAKEN = [name for name in NAMES if usage_payloads(0)[name].rejected is None]
REFUSED = [name for name in NAMES if usage_payloads(0)[name].rejected is not None]
USUAL = {300: 18_000, 10_080: 604_800, 43_200: 2_592_000, 525_600: 31_536_000}


def limits(sim: Simulator, home: Path, payload: UsagePayload) -> Mapping[str, Any]:
    """What our command makes of a payload."""
    home.mkdir()
    foredeck = CommandLine(sim, home / "foredeck")
    use_simulator(foredeck, sim, home / "codex")
    put_login(foredeck, sim.issue())
    sim.script("wham/usage", [Status(200, {"content-type": "application/json"}, payload.raw)])
    ended = foredeck("limits", "--refresh", "--json")
    assert ended.code == 0, ended.err
    [document] = ended.lines
    return document


def of_codex(result: Mapping[str, Any]) -> set[tuple[str, int | None, float, int | None]]:
    """Bucket, length in seconds, percent and reset of each window, as Codex has them.

    A reset at the beginning of time says nothing.
    """
    found: set[tuple[str, int | None, float, int | None]] = set()
    for bucket, said in result["rateLimitsByLimitId"].items():
        for window in (said["primary"], said["secondary"]):
            if window is not None:
                minutes = window["windowDurationMins"]
                # Codex shows what the server wrote; ours is within what a bar can show.
                used = min(100.0, max(0.0, float(window["usedPercent"])))
                found.add((bucket, usual(minutes), used, window["resetsAt"] or None))
    return found


def usual(minutes: int | None) -> int | None:
    """The length that both mean: 299 minutes are five hours."""
    if minutes is None:
        return None
    for length, seconds in USUAL.items():
        if abs(minutes - length) <= 0.02 * length:
            return seconds
    return minutes * 60


def of_foredeck(
    document: Mapping[str, Any],
) -> set[tuple[str, int | None, float, int | None]]:
    """The same, as our command has them; code reviews are ours alone."""
    return {
        (
            window["limit_id"],
            window["window_seconds"],
            window["used_percent"],
            None if window["resets_at"] is None else int(window["resets_at"]),
        )
        for window in document["windows"]
        if window["limit_id"] != "code_review"
    }


@pytest.mark.parametrize("name", TAKEN)
def test_both_say_the_same(server: Server, sim: Simulator, tmp_path: Path, name: str) -> None:
    payload = usage_payloads(int(time.time()))[name]
    theirs = ask(server, sim, payload)["result"]
    ours = limits(sim, tmp_path / "ours", payload)
    said = of_codex(theirs)
    # Where the reset is not told, ours goes by the seconds until then.
    untold = {window[:3] for window in said if window[3] is None}
    found = {(*each[:3], None) if each[:3] in untold else each for each in of_foredeck(ours)}
    assert found == said
    body: Mapping[str, Any] = payload.body or {"plan_type": "plus"}
    assert ours["plan_raw"] == body["plan_type"]


@pytest.mark.parametrize("name", REFUSED)
def test_ours_is_read_where_codex_takes_nothing(
    codex: Codex, sim: Simulator, tmp_path: Path, name: str
) -> None:
    """One wrong part costs Codex the whole answer, and its user every number."""
    del codex
    payload = usage_payloads(int(time.time()))[name]
    if payload.text is not None and payload.body is None:
        pytest.skip("no JSON at all")
    document = limits(sim, tmp_path / "ours", payload)
    assert document["windows"], payload.about
