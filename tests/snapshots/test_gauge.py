"""The gauge in the header: its states, at several widths, without colour, in ASCII."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck
from app.screens.shell import ShellScreen
from services.models.limits import LimitsState
from tests.snapshots import content
from tests.snapshots.conftest import fill, settle
from tests.widgets.gauges import DAY, MINUTE, NOW, RUNS_OUT, known, week, window
from widgets.rate_gauge import LimitsShown

Compare = Callable[..., bool]
Make = Callable[..., Foredeck]
SIZES = [(80, 24), (120, 40), (200, 60)]
ACCOUNT = ("ada@example.test · Pro", "a…@e….test · Pro", "Pro")
EARLY = known(window(38), week(59, forecast=RUNS_OUT))
OLD = NOW - 25 * MINUTE
STATES = {
    "calm": known(window(38), week(30)),
    "low": known(window(76), week(91)),
    "nearly-out": known(window(96), week(30)),
    "out": known(window(100), week(30)),
    "refused": known(window(100, is_refused=True), week(30), allowed=False),
    "denied": known(window(38), allowed=False),
    "stale": known(window(38, as_of=OLD), week(30, as_of=OLD)),
    "due": known(window(38, reset=-5.0), week(30)),
    "unknown": LimitsState(),
    "many": known(
        window(38),
        week(97, 9 * DAY, limit_id="x", limit_name="Spark"),
        week(80),
        window(20, 86_400),
    ),
}


async def show(pilot: Pilot[Any], state: LimitsState, *, used: bool = False) -> None:
    """A conversation below these limits."""
    await fill(pilot, content.CHAT)
    shell = pilot.app.screen_stack[0]
    assert isinstance(shell, ShellScreen)
    shell._header.account = ACCOUNT
    shown = LimitsShown(state=state, now=NOW)
    shell._header.gauge = replace(shown, show="used") if used else shown
    await settle(pilot)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_window_runs_out_early(
    snap_compare: Compare, make_app: Make, size: tuple[int, int], theme: str
) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await show(pilot, EARLY)

    assert snap_compare(make_app(theme), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", STATES)
def test_a_state_of_the_gauge(snap_compare: Compare, make_app: Make, name: str, width: int) -> None:
    async def prepare(pilot: Pilot[Any]) -> None:
        await show(pilot, STATES[name])

    assert snap_compare(make_app(), terminal_size=(width, 12), run_before=prepare)


@pytest.mark.parametrize("width", [80, 120])
def test_used_in_ascii_without_colour(
    snap_compare: Compare, make_app: Make, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def prepare(pilot: Pilot[Any]) -> None:
        await show(pilot, EARLY, used=True)

    app = make_app(ascii=True, no_color=True)
    assert snap_compare(app, terminal_size=(width, 12), run_before=prepare)
