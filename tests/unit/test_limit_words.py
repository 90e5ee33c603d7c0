"""Windows, times and forecasts in words."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.limit_words import age_words, forecast_words, reset_words
from app.views.limits_words import outlook_words
from services.models import times
from services.models.limit_terms import Level, level_of, percent, share, window_name
from services.models.limits import Forecast, ForecastState, LimitSource, WindowState

NOW = 1_795_363_200.0
"""Sun 22 Nov 2026 17:00 in Berlin."""
HOUR, DAY = 3600.0, 86_400.0
RUNS_OUT = Forecast(
    state=ForecastState.RUNS_OUT, p10_at=NOW + HOUR, p50_at=NOW + 2 * HOUR, p90_at=NOW + 3 * HOUR
)
POSSIBLE = Forecast(state=ForecastState.RUNS_OUT, p10_at=NOW + HOUR)


def window(used: float = 38.0, **other: object) -> WindowState:
    members: dict[str, object] = {
        "id": "codex/18000",
        "limit_id": "codex",
        "window_seconds": 18_000,
        "used_percent": used,
        "resets_at": NOW + 4320,
        "as_of": NOW - 20,
        "source": LimitSource.POLL,
    }
    return WindowState(**{**members, **other})  # pyright: ignore[reportArgumentType]


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (0, "0m", "less than a minute"),
        (0.5, "<1m", "less than a minute"),
        (59.9, "<1m", "less than a minute"),
        (60, "1m", "1 min"),
        (3599, "59m", "59 min"),
        (3600, "1h00", "1 h"),
        (4320, "1h12", "1 h 12 min"),
        (86_399, "23h59", "23 h 59 min"),
        (86_400, "1d00h", "1 d"),
        (360_000, "4d04h", "4 d 4 h"),
    ],
)
def test_a_countdown_is_in_whole_minutes_that_are_left(
    seconds: float, short: str, long: str
) -> None:
    assert (times.countdown(seconds), times.span(seconds)) == (short, long)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "<1m"), (59, "<1m"), (60, "1m"), (3600, "1h"), (90_000, "1d"), (9e6, "14w")],
)
def test_an_age_has_three_characters_at_most(seconds: float, words: str) -> None:
    assert times.age(seconds) == words


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("away", "day", "with_time", "sentence"),
    [
        (HOUR, "Sun", "18:00", "18:00"),
        (DAY, "Mon", "Mon 17:00", "Mon 23 Nov 17:00 CET"),
        (6 * DAY, "Sat", "Sat 17:00", "Sat 28 Nov 17:00 CET"),
        (7 * DAY, "29 Nov", "29 Nov 17:00", "Sun 29 Nov 17:00 CET"),
        (9 * DAY, "1 Dec", "1 Dec 17:00", "Tue 01 Dec 17:00 CET"),
        (150 * DAY, "21 Apr", "21 Apr 18:00", "Wed 21 Apr 18:00 CEST"),
        (360 * DAY, "17 Nov 2027", "17 Nov 2027 17:00", "Wed 17 Nov 17:00 CET"),
        (-DAY, "21 Nov", "21 Nov 17:00", "Sat 21 Nov 17:00 CET"),
    ],
)
def test_a_day_is_named_so_that_it_can_be_no_other(
    away: float, day: str, with_time: str, sentence: str
) -> None:
    at = NOW + away
    assert times.short_day(at, NOW) == day
    assert times.day_time(at, NOW) == with_time
    assert times.moment(at, NOW) == sentence


@pytest.mark.parametrize("at", [1e20, -1e20, float("nan"), float("inf")])
def test_a_time_that_is_none_is_said_to_be_none(at: float) -> None:
    assert times.full_time(at) == times.NO_TIME
    assert times.moment(at, NOW) == times.NO_TIME
    assert times.NO_TIME in times.day_time(at, NOW)


@given(st.floats(min_value=0, max_value=100))
def test_no_percentage_looks_like_an_end_that_is_not_there(value: float) -> None:
    words = percent(value)
    assert (words == "0%") is (value == 0.0)
    assert (words == "100%") is (value == 100.0)


@given(st.integers(min_value=0, max_value=1000).map(lambda n: n / 10))
def test_left_and_used_make_a_hundred(used: float) -> None:
    numbers = [percent(p) for p in (used, 100.0 - used)]
    if not any(mark in word for word in numbers for mark in "<>"):
        assert sum(int(word[:-1]) for word in numbers) == 100


@pytest.mark.parametrize(
    ("state", "level", "tone"),
    [
        (window(0), Level.CALM, "calm"),
        (window(74.9), Level.CALM, "calm"),
        (window(10, forecast=RUNS_OUT), Level.RUNS_OUT, "warning"),
        (window(10, forecast=POSSIBLE), Level.CALM, "calm"),
        (window(75), Level.LOW, "warning"),
        (window(80, forecast=RUNS_OUT), Level.LOW, "warning"),
        (window(90), Level.VERY_LOW, "warning"),
        (window(95), Level.NEARLY_OUT, "failed"),
        (window(99.9), Level.NEARLY_OUT, "failed"),
        (window(100), Level.OUT, "failed"),
        (window(40, is_refused=True), Level.REFUSED, "failed"),
    ],
)
def test_the_level_goes_by_use_then_by_the_forecast(
    state: WindowState, level: Level, tone: str
) -> None:
    assert level_of(state) is level
    assert level.tone == tone


def test_every_level_but_calm_has_a_word() -> None:
    assert [level for level in Level if not level.value] == [Level.CALM]


def test_a_share_says_which_of_the_two_it_is() -> None:
    assert share(window(38), "left") == "62% left"
    assert share(window(38), "used") == "38% used"


def test_a_window_of_another_limit_names_it() -> None:
    assert window_name(window()) == "5h"
    review = window(limit_id="code_review", window_seconds=604_800)
    assert window_name(review) == "code review week"
    assert window_name(window(limit_id="x", limit_name="Spark")) == "Spark 5h"
    assert window_name(window(limit_id="x", window_seconds=None)) == "x"


@pytest.mark.usefixtures("berlin")
def test_a_reset_has_weekday_date_zone_and_countdown() -> None:
    assert reset_words(window(), NOW) == "resets Sun 22 Nov 18:12 CET, in 1 h 12 min"
    assert reset_words(window(resets_at=None), NOW) == "no reset known"
    assert reset_words(window(), NOW + DAY) == (
        "reset due since Sun 22 Nov 18:12 CET, not yet confirmed"
    )


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        (Forecast(), "no forecast yet"),
        (Forecast(reason="too little history"), "no forecast: too little history"),
        (Forecast(state=ForecastState.LASTS), "lasts until the reset"),
        (RUNS_OUT, "runs out 18:00 to 20:00"),
        (
            Forecast(state=ForecastState.RUNS_OUT, p50_at=NOW + DAY),
            "runs out after Mon 17:00, or lasts until the reset",
        ),
        (Forecast(state=ForecastState.RUNS_OUT), "runs out"),
        (Forecast(state=ForecastState.EXHAUSTED), ""),
    ],
)
def test_a_forecast_is_a_range_or_says_why_there_is_none(forecast: Forecast, words: str) -> None:
    assert forecast_words(window(forecast=forecast), NOW) == words
    assert forecast_words(window(100, forecast=forecast), NOW) == ""


@pytest.mark.usefixtures("berlin")
def test_an_open_end_says_whether_it_is_likely() -> None:
    likely = Forecast(state=ForecastState.RUNS_OUT, p10_at=NOW + HOUR, p50_at=NOW + 2 * HOUR)
    assert outlook_words(window(forecast=likely), NOW) == "likely out from 18:00"
    assert outlook_words(window(forecast=POSSIBLE), NOW) == "may run out from 18:00"


def test_a_number_names_its_age_and_source() -> None:
    assert age_words(NOW - 200, LimitSource.HEADERS, NOW) == "3m old, from an answer"
    assert {age_words(NOW, source, NOW) for source in LimitSource} == {
        "<1m old, asked the server",
        "<1m old, from an answer",
        "<1m old, from a stream",
        "<1m old, from a refusal",
        "<1m old, as stored",
    }
