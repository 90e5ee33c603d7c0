"""What status lines are shown, and that it is what is shown everywhere."""

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import status_line, status_store
from app.folders import find_folders
from app.status_line import Status, render
from services.clock import SystemClock
from services.models import limit_terms, times
from services.models.limit_terms import Level, level_of, window_name
from services.models.limits import Forecast, ForecastState, LimitSource, LimitsState, WindowState
from services.store.database import Database
from services.store.limits import LimitStore
from tests.cli.limits_stand import FIVE_HOURS, KNOWN, NOW, WEEK
from tests.cli.status_store import row, store


@pytest.fixture
def status(tmp_path: Path) -> Iterator[Callable[..., Status]]:
    opened: list[sqlite3.Connection] = []

    def make(*rows: dict[str, Any], **facts: Any) -> Status:
        path = tmp_path / str(len(opened)) / "foredeck.db"
        opened.append(store(path, list(rows), **facts))
        found = status_line.read(str(path))
        assert found is not None
        return found

    yield make
    for connection in opened:
        connection.close()


Make = Callable[..., Status]


# --- Lines ---------------------------------------------------------------------------------------


def test_the_two_windows_nearest_to_their_end_stand_in_a_line(status: Make) -> None:
    shown = status(
        row("5h", 38.0),
        row("week", 80.0, resets_in=300_000.0),
        row("Fast week", 40.0, resets_in=None),
    )
    assert render("plain", shown, NOW) == "week 20% left low 3d11h · Fast week 60% left"
    assert render("starship", shown, NOW) == render("plain", shown, NOW)


def test_used_is_shown_where_that_is_configured(status: Make) -> None:
    shown = status(row("5h", 0.2), shows="used")
    assert render("plain", shown, NOW) == "5h <1% used 1h12"


def test_tmux_is_told_colours_and_gets_back_the_style_of_before(status: Make) -> None:
    shown = status(row("5h", 96.0), row("week", 90.0))
    assert render("tmux", shown, NOW) == (
        "#[push-default]#[fg=red]5h 4% left nearly out 1h12#[default]#[pop-default] · "
        "#[push-default]#[fg=yellow]week 10% left very low 1h12#[default]#[pop-default]"
    )
    assert render("tmux", status(row("5h", 1.0)), NOW) == "5h 99% left 1h12"


def test_names_cannot_style_or_run_anything_in_tmux(status: Make) -> None:
    line = render("tmux", status(row("#[bg=red]#(reboot)#{pid}", 99.0)), NOW)
    assert "##[bg=red]##(reboot)##{pid}" in line


def test_a_countdown_is_that_of_the_moment_it_is_printed(status: Make) -> None:
    shown = status(row("5h", 38.0, resets_in=60.0))
    assert render("plain", shown, NOW) == "5h 62% left 1m"
    assert render("plain", shown, NOW + 1) == "5h 62% left <1m"
    assert render("plain", shown, NOW + 60) == "5h 62% left due"


@pytest.mark.parametrize(
    ("facts", "mark"),
    [
        ({}, ""),
        ({"as_of": NOW - 901}, " (15m old)"),
        ({"as_of": NOW - 120, "failure": "{}"}, " (2m old)"),
        ({"allowed": 0}, " · calls are refused"),
    ],
)
def test_what_is_old_or_refused_is_marked(status: Make, facts: dict[str, Any], mark: str) -> None:
    assert render("plain", status(row(), **facts), NOW) == f"5h 62% left 1h12{mark}"


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"standing": "unknown", "as_of": None}, "limits unknown"),
        ({"standing": "signed_out"}, "limits: signed out"),
        ({"standing": "api_key"}, "limits: API key"),
        ({"standing": "known"}, "no limits"),
        ({"standing": "of a later version"}, "limits unknown"),
    ],
)
@pytest.mark.parametrize("form", ["plain", "tmux", "starship"])
def test_without_windows_it_is_said_why(
    status: Make, form: str, facts: dict[str, Any], line: str
) -> None:
    assert render(form, status(**facts), NOW) == line


def test_a_refusal_without_windows_is_said_and_red_in_tmux(status: Make) -> None:
    shown = status(allowed=0)
    assert render("plain", shown, NOW) == render("starship", shown, NOW) == "calls are refused"
    assert render("tmux", shown, NOW) == (
        "#[push-default]#[fg=red]calls are refused#[default]#[pop-default]"
    )


def test_waybar_gets_one_json_line(status: Make) -> None:
    shown = status(
        row("5h", 38.0),
        row('<b>"R&D\\</b>', 76.6, resets_in=300_000.0),
        as_of=NOW - 1000,
    )
    line = render("waybar", shown, NOW)
    assert "\n" not in line
    assert json.loads(line) == {
        "text": '&lt;b&gt;"R&amp;D\\&lt;/b&gt; 23% left low 3d11h · 5h 62% left 1h12 (16m old)',
        "tooltip": "5h 62% left 1h12, resets Sat 21 Nov 14:38 UTC\n"
        '&lt;b&gt;"R&amp;D\\&lt;/b&gt; 23% left low 3d11h, resets Wed 25 Nov 00:46 UTC\n'
        "read 16m ago",
        "class": ["warning", "stale"],
        "percentage": 23,
    }


@pytest.mark.parametrize("form", ["plain", "starship"])
def test_no_prompt_or_bar_takes_a_name_for_a_command(status: Make, form: str) -> None:
    # Of bash, which runs what stands in a prompt, and of polybar, in which a click would run it.
    shown = status(row("$(a)`b`\\c%{A1:d:}e 100%", 80.0))
    assert render(form, shown, NOW) == "�(a)�b��c%�A1:d:}e 100% 20% left low 1h12"


def test_waybar_is_told_that_nothing_is_known() -> None:
    assert json.loads(render("waybar", None, NOW)) == {
        "text": "limits unknown",
        "tooltip": "limits unknown",
        "class": ["unknown"],
        "percentage": 0,
    }


@given(
    name=st.text(max_size=60),
    used=st.one_of(st.floats(), st.text(max_size=3), st.none()),
    at=st.one_of(st.floats(), st.none()),
    form=st.sampled_from(status_line.FORMATS),
)
def test_whatever_stands_in_the_store_is_one_line_that_drives_nothing(
    name: str, used: object, at: object, form: str
) -> None:
    values = tuple((row() | {"label": name, "used": used, "resets_at": at}).values())
    facts = ("known", "", 1, at, None, None, None, None, None, "left")
    line = render(form, Status(facts, [values]), NOW)
    assert line.isprintable()
    if form == "waybar":
        assert 0 <= json.loads(line)["percentage"] <= 100


# --- The same as elsewhere -----------------------------------------------------------------------


@given(seconds=st.floats(-1e9, 1e12))
def test_times_are_said_as_everywhere(seconds: float) -> None:
    assert status_line.countdown(seconds) == times.countdown(seconds)
    assert status_line.age(seconds) == times.age(seconds)


@given(
    used=st.floats(0, 100) | st.sampled_from([75.0, 90.0, 95.0, 100.0, 99.5, 0.5]),
    is_refused=st.booleans(),
    forecast=st.sampled_from(ForecastState),
    median=st.sampled_from([None, NOW + 60.0]),
)
def test_levels_are_those_of_the_gauge(
    used: float, is_refused: bool, forecast: ForecastState, median: float | None
) -> None:
    window = WindowState(
        id="codex/18000",
        limit_id="codex",
        window_seconds=18_000,
        used_percent=used,
        as_of=NOW,
        source=LimitSource.POLL,
        is_refused=is_refused,
        forecast=Forecast(state=forecast, p50_at=median),
    )
    values = row(used=used, is_refused=int(is_refused), forecast=forecast.value, p50_at=median)
    word, tone = status_line.Window(tuple(values.values())).level
    assert Level(word) is level_of(window)
    assert status_line.TONES[tone] == level_of(window).tone
    assert status_line.percent(used) == limit_terms.percent(used)


async def test_what_the_limits_service_keeps_is_what_is_shown(tmp_path: Path) -> None:
    spark = replace(WEEK, limit_id="codex_fast", limit_name="Fast", id="codex_fast/604800")
    review = replace(WEEK, limit_id="code_review", id="code_review/604800")
    unsized = replace(WEEK, id="codex/primary", window_seconds=None)
    windows = (FIVE_HOURS, WEEK, review, spark, unsized)
    path = tmp_path / "foredeck.db"
    database = await Database.open(path, SystemClock())
    try:
        keeper = LimitStore(database, SystemClock())
        await keeper.set_status(replace(KNOWN, windows=windows, allowed=None))
        await keeper.set_shows("used")
        shown = status_line.read(str(path))
    finally:
        await database.close()
    assert shown is not None
    assert [each.name for each in shown.windows] == [window_name(each) for each in windows]
    assert [each.used for each in shown.windows] == [each.used_percent for each in windows]
    assert [each.forecast for each in shown.windows][:2] == ["runs_out", "lasts"]
    assert (shown.allowed, shown.plan, shown.account) == (None, "pro", "acc/user")
    assert render("plain", shown, NOW).startswith("5h 38% used runs out 1h12 · ")


@given(
    st.lists(
        st.tuples(
            st.floats(0, 100),
            st.booleans(),
            st.sampled_from(ForecastState),
            st.sampled_from([18_000, 604_800, None]),
        ),
        max_size=6,
    )
)
def test_the_order_is_that_of_the_header(
    drawn: list[tuple[float, bool, ForecastState, int | None]],
) -> None:
    windows = tuple(
        WindowState(
            id=str(number),
            limit_id="codex",
            window_seconds=length,
            used_percent=used,
            as_of=NOW,
            source=LimitSource.POLL,
            is_refused=is_refused,
            forecast=Forecast(state=state),
        )
        for number, (used, is_refused, state, length) in enumerate(drawn)
    )
    rows = [
        tuple(
            row(
                used=each.used_percent,
                window_id=each.id,
                is_refused=int(each.is_refused),
                forecast=each.forecast.state.value,
                window_seconds=each.window_seconds,
            ).values()
        )
        for each in windows
    ]
    shown = Status(("known", "", 1, NOW, None, None, None, None, None, "left"), rows)
    expected = [each.id for each in LimitsState(windows=windows).pressing()]
    assert [each.id for each in shown.pressing()] == expected


@pytest.mark.parametrize(
    "environ",
    [
        {"FOREDECK_HOME": "/srv/foredeck"},
        {"FOREDECK_HOME": "/srv/../x/./foredeck/"},
        {"FOREDECK_HOME": "rel/ative"},
        {"FOREDECK_HOME": "~/kept"},
        {"FOREDECK_HOME": "~"},
        {"FOREDECK_HOME": "~root/kept"},
        {"FOREDECK_HOME": "~/kept", "HOME": "/h/"},
        {"FOREDECK_HOME": ""},
        {"FOREDECK_HOME": "", "XDG_DATA_HOME": "/xdg"},
        {"FOREDECK_HOME": "", "XDG_DATA_HOME": "/xdg//data/"},
        {"FOREDECK_HOME": "", "XDG_DATA_HOME": "relative"},
        {"FOREDECK_HOME": "", "XDG_DATA_HOME": " "},
        {"FOREDECK_HOME": "", "XDG_DATA_HOME": "~/data"},
        {"FOREDECK_HOME": "", "HOME": "/home/somebody/"},
        {"FOREDECK_HOME": "", "HOME": ""},
        {"FOREDECK_HOME": "", "HOME": "relative"},
        {"FOREDECK_HOME": "", "HOME": "/"},
        {"FOREDECK_HOME": "", "ANDROID_DATA": "/data", "ANDROID_ROOT": "/system", "SHELL": "sh"},
    ],
    ids=str,
)
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_store_is_looked_for_where_it_lies(
    environ: dict[str, str], platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if platform == "darwin":
        import platformdirs
        from platformdirs.macos import MacOS

        monkeypatch.setattr(sys, "platform", "darwin")
        monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    found = status_store.database_path()
    assert found is not None
    assert os.path.normpath(found) == os.path.normpath(
        find_folders(os.environ).data / status_store.FILE
    )


def test_without_any_home_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREDECK_HOME", "~nobody-of-that-name/x")
    assert status_store.database_path() is None
    assert status_line.read(None) is None
