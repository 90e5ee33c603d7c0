"""The view of all limits inside the shell, in each of its states."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck
from app.screens.base import LIMITS
from app.screens.redeem import RedeemScreen
from app.screens.shell import ShellScreen
from app.views.limits import LimitsView
from services.models.failure import Failure, FailureKind
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitSource,
    LimitsState,
    LimitVerdict,
    SpendControl,
    Standing,
)
from tests.snapshots import content
from tests.snapshots.conftest import fill, settle
from tests.snapshots.limits import (
    A_REVIEW,
    A_WEEK,
    DAY,
    FIVE_HOURS,
    MINUTE,
    NOW,
    STATE,
    FixedLimits,
)
from widgets.glyphs import ASCII, UNICODE
from widgets.rate_gauge import LimitsShown

Compare = Callable[..., bool]
Make = Callable[..., Foredeck]
Size = tuple[int, int]
LOOKS = pytest.mark.parametrize(
    ("size", "theme"),
    [
        pytest.param(size, theme, id=f"{size[0]}x{size[1]}-{theme}")
        for size in ((80, 24), (120, 40), (200, 60))
        for theme in ("dark", "light", "ansi-dark")
    ],
)
SMALL = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
DOWN = Failure(
    kind=FailureKind.UNREACHABLE,
    message="The server was not reached: the name does not resolve",
    next_step="Check the network",
    retry_at=NOW + 2 * MINUTE,
)
OUT = replace(
    FIVE_HOURS, used_percent=100.0, forecast=Forecast(state=ForecastState.EXHAUSTED)
)  # fmt: skip
BLOCKED = LimitVerdict(
    limit_id="codex_blocked",
    limit_name="Blocked",
    allowed=False,
    as_of=NOW - 10.0,
    source=LimitSource.POLL,
)
BUCKETS = tuple(
    replace(
        A_WEEK,
        id=f"bucket_{number}/604800",
        limit_id=f"bucket_{number}",
        limit_name=f"Bucket {number}",
        used_percent=8.0 * number,
        forecast=Forecast(reason="too little history"),
        last_turn=None,
    )
    for number in range(10)
)
STATES = {
    "not read yet": LimitsState(),
    "nothing read": LimitsState(failure=DOWN),
    "signed out": LimitsState(standing=Standing.SIGNED_OUT),
    "API key": LimitsState(standing=Standing.API_KEY),
    "empty": replace(STATE, windows=(), plan="free", credits=None, reset_credits=None),
    "failed": replace(STATE, failure=DOWN, as_of=NOW - 12 * MINUTE),
    "refused": replace(
        STATE,
        windows=(replace(FIVE_HOURS, used_percent=100.0, is_refused=True), A_WEEK),
        allowed=False,
    ),
    "not allowed": replace(
        STATE,
        windows=(FIVE_HOURS, A_WEEK),
        allowed=False,
        reached_type="workspace_owner_credits_depleted",
    ),
    "limit refused": replace(STATE, windows=(FIVE_HOURS, A_WEEK, A_REVIEW), verdicts=(BLOCKED,)),
    "used up": replace(STATE, windows=(OUT, A_WEEK)),
    "reset due": replace(
        STATE,
        windows=(replace(FIVE_HOURS, resets_at=NOW - MINUTE), A_WEEK),
        as_of=NOW - 2 * MINUTE,
    ),
    "near": replace(
        STATE,
        windows=(
            replace(FIVE_HOURS, used_percent=96.2, forecast=Forecast(reason="too little history")),
            replace(A_WEEK, forecast=Forecast(state=ForecastState.RUNS_OUT, p10_at=NOW + 2 * DAY)),
        ),
    ),
    "spending": replace(
        STATE,
        plan="self_serve_business_usage_based",
        spend_control=SpendControl(
            reached=False,
            limit="$100",
            used="$81.20",
            used_percent=81.2,
            resets_at=NOW + 3 * DAY,
        ),
    ),
    "month": replace(
        STATE,
        plan="a_new_plan",
        windows=(
            replace(
                FIVE_HOURS,
                id="codex/2592000",
                window_seconds=2_592_000,
                resets_at=NOW + 12 * DAY,
            ),
        ),
    ),
    "unknown length": replace(
        STATE,
        windows=(
            replace(
                FIVE_HOURS,
                id="codex/primary",
                window_seconds=None,
                resets_at=None,
                as_of=NOW - 66 * MINUTE,
            ),
            A_WEEK,
        ),
    ),
    "many": replace(STATE, windows=(FIVE_HOURS, A_WEEK, *BUCKETS)),
}


def opened(
    app: Foredeck, state: LimitsState = STATE, *keys: str, has_colour: bool = True
) -> Callable[[Pilot[Any]], Any]:
    """Shows the view with these limits, and presses keys."""

    async def prepare(pilot: Pilot[Any]) -> None:
        await fill(pilot, content.CHAT)
        shell = pilot.app.screen_stack[0]
        assert isinstance(shell, ShellScreen)
        limits = FixedLimits(state=state)
        glyphs = ASCII if app._settings.ascii else UNICODE
        view = LimitsView(
            limits, clock=limits.clock, shows="left", glyphs=glyphs, has_colour=has_colour
        )
        view.account = "dev@work"
        shell._views[LIMITS] = shell._limits_view = view
        view.display = False
        view.fit(shell.size)
        await shell.mount(view, before=shell._footer)
        shell.show_view(LIMITS)
        shell._header.gauge = LimitsShown(state=state, now=NOW, show="left")
        await until(pilot, lambda: view._board.chart.is_ready)
        await until(
            pilot, lambda: state.standing is not Standing.KNOWN or view._record.until is not None
        )
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        view.hidden()
        await settle(pilot)

    return prepare


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            await settle(pilot)
            return
        await pilot.pause(0.01)
    raise AssertionError("did not happen")


@LOOKS
def test_all_limits(snap_compare: Compare, make_app: Make, size: Size, theme: str) -> None:
    app = make_app(theme)
    assert snap_compare(app, terminal_size=size, run_before=opened(app))


@SMALL
@pytest.mark.parametrize("name", STATES, ids=lambda name: name.replace(" ", "-"))
def test_each_state(snap_compare: Compare, make_app: Make, size: Size, name: str) -> None:
    app = make_app("dark")
    assert snap_compare(app, terminal_size=size, run_before=opened(app, STATES[name]))


@SMALL
def test_one_window(snap_compare: Compare, make_app: Make, size: Size) -> None:
    app = make_app("dark")
    assert snap_compare(app, terminal_size=size, run_before=opened(app, STATE, "j", "enter"))


@SMALL
@pytest.mark.parametrize(
    "keys", [("plus",), ("minus",), ("minus", "minus")], ids=["5h", "7d", "30d"]
)
def test_other_ranges(
    snap_compare: Compare, make_app: Make, size: Size, keys: tuple[str, ...]
) -> None:
    app = make_app("dark")
    prepare = opened(app, STATE, *keys)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@SMALL
def test_a_reset_is_asked_about(snap_compare: Compare, make_app: Make, size: Size) -> None:
    app = make_app("dark")
    show = opened(app, STATE, "u")

    async def asked(pilot: Pilot[Any]) -> None:
        await show(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, RedeemScreen))

    assert snap_compare(app, terminal_size=size, run_before=asked)


@SMALL
@pytest.mark.parametrize("name", ["used up", "many", "failed"])
def test_plain_marks_without_colour(
    snap_compare: Compare, make_app: Make, monkeypatch: pytest.MonkeyPatch, size: Size, name: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app("ansi-dark", ascii=True, no_color=True)
    prepare = opened(app, STATES[name], has_colour=False)
    assert snap_compare(app, terminal_size=size, run_before=prepare)
