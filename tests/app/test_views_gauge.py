"""The gauge in the running app: numbers from the bus, the time that passes, alerts."""

import time
from dataclasses import replace

import pytest

from app.settings import Settings
from app.views.limits import LimitsView
from services.events import AnyEvent, Lagged, LimitsAlerted, LimitsChanged
from services.models.limit_history import Alert
from services.models.limits import LimitSource, LimitsState, Standing, WindowState
from tests.app.conftest import Deck, Open

ALERT = Alert(
    window_id="codex/18000", label="5h", kind="90", text="The 5h limit is at 90 % [/x], 10 % left"
)


def known(used: float = 38.0, *, resets_in: float = 4330.0) -> LimitsState:
    """One window of five hours, read now."""
    now = time.time()
    window = WindowState(
        id="codex/18000",
        limit_id="codex",
        window_seconds=18_000,
        used_percent=used,
        resets_at=now + resets_in,
        as_of=now,
        source=LimitSource.POLL,
    )
    return LimitsState(standing=Standing.KNOWN, account="a", windows=(window,), as_of=now)


def publish(deck: Deck, *events: AnyEvent) -> None:
    services = deck.shell._services
    assert services is not None
    for event in events:
        services.bus.publish(event)


def gauge(deck: Deck) -> str:
    """The first row without the names of the views."""
    return deck.rows()[0].removeprefix(" 2Chat  5Limits").strip()


async def test_the_header_shows_what_the_bus_tells(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        assert gauge(deck) == "simulator"
        publish(deck, LimitsChanged(state=known()))
        await deck.until(lambda: gauge(deck).startswith("5h ━•━━── 62% left 1h12 pace +38%"))
        assert "simulator" in gauge(deck)
        publish(deck, LimitsChanged(state=known(96.0)))
        await deck.until(lambda: "nearly out 4% left" in gauge(deck))
        publish(deck, LimitsChanged(state=LimitsState(standing=Standing.SIGNED_OUT)))
        await deck.until(lambda: gauge(deck) == "simulator")


async def test_it_may_show_what_is_used_in_ascii(open_deck: Open, settings: Settings) -> None:
    other = replace(settings, limits_show="used", ascii=True)
    async with open_deck(size=(80, 24), settings=other) as deck:
        publish(deck, LimitsChanged(state=known()))
        await deck.until(lambda: gauge(deck).startswith("5h #*##-- 38% used 1h12 pace"))
        assert deck.rows()[0].isascii()


async def test_the_countdown_goes_on_by_itself(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        publish(deck, LimitsChanged(state=known(resets_in=3600.5)))
        await deck.until(lambda: "left 1h00" in gauge(deck))
        await deck.until(lambda: "left 59m" in gauge(deck))


async def test_a_reset_that_nothing_confirms_is_due(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        publish(deck, LimitsChanged(state=known(resets_in=0.6)))
        await deck.until(lambda: "left <1m" in gauge(deck))
        await deck.until(lambda: "left reset due" in gauge(deck))


async def test_nothing_runs_while_there_is_nothing_to_count(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        assert deck.shell._gauge_timer is None
        publish(deck, LimitsChanged(state=known()))
        await deck.until(lambda: deck.shell._gauge_timer is not None)
        publish(deck, LimitsChanged(state=LimitsState(standing=Standing.SIGNED_OUT)))
        await deck.until(lambda: deck.shell._gauge_timer is None)


async def test_a_click_on_the_gauge_opens_the_limits(open_deck: Open) -> None:
    async with open_deck(size=(80, 24)) as deck:
        publish(deck, LimitsChanged(state=known()))
        await deck.until(lambda: "62% left" in gauge(deck))
        await deck.pilot.click("#header", offset=(deck.rows()[0].index("62%"), 0))
        await deck.until(lambda: deck.shell.query(LimitsView))
        await deck.until(
            lambda: "62% left" in gauge(deck) and deck.shell.query_one(LimitsView).region
        )


async def test_after_lost_events_the_state_is_read_anew(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_deck(size=(80, 24)) as deck:
        services = deck.shell._services
        assert services is not None
        monkeypatch.setattr(services.limits, "state", known(80.0))
        publish(deck, Lagged())
        await deck.until(lambda: "low 20% left" in gauge(deck))


@pytest.mark.parametrize("kind", ["75", "95", "runs_out"])
async def test_an_alert_is_told_once_and_as_it_is(open_deck: Open, kind: str) -> None:
    async with open_deck(size=(80, 24)) as deck:
        publish(deck, LimitsAlerted(alert=replace(ALERT, kind=kind)))
        await deck.until(lambda: deck.notices() == [ALERT.text])
        assert [notice.markup for notice in deck.app._notifications] == [False]


@pytest.mark.parametrize(("is_looking", "wanted"), [(True, False), (False, True)])
async def test_the_desktop_is_told_while_nobody_looks_at_the_terminal(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch, *, is_looking: bool, wanted: bool
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("TERM_PROGRAM", "WezTerm")
    async with open_deck(size=(80, 24)) as deck:
        written: list[str] = []
        assert deck.app._driver is not None
        monkeypatch.setattr(deck.app._driver, "write", written.append)
        deck.app._watch_app_focus(is_looking)
        publish(deck, LimitsAlerted(alert=ALERT))
        await deck.until(lambda: deck.notices() == [ALERT.text])
        await deck.pilot.pause()
        assert any(f"\x1b]9;{ALERT.text}" in each for each in written) is wanted
