"""One window in the header, in words, glyphs and colours."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from services.models.limits import LimitsState, Standing
from tests.widgets.gauges import DAY, HOUR, MINUTE, NOW, RUNS_OUT, known, week, window
from widgets.glyphs import ASCII
from widgets.rate_gauge import LimitsShown, RateGauge, notes


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def style_of(content: Content, words: str) -> list[str]:
    """Styles of the first character of these words."""
    place = content.plain.index(words)
    return [str(span.style) for span in content.spans if span.start <= place < span.end]


@pytest.mark.parametrize(
    ("gauge", "row"),
    [
        (RateGauge(window(38), NOW), "5h ━━•━━━──── 62% left 1h12 pace +38%"),
        (RateGauge(window(38), NOW, "used"), "5h ━━•━━━──── 38% used 1h12 pace −38%"),
        (RateGauge(week(59), NOW), "week ━━━━─•──── 41% left Thu 18:00 pace −17%"),
        (RateGauge(week(59), NOW, "used"), "week ━━━━─•──── 59% used Thu 18:00 pace +17%"),
        (RateGauge(week(50, 3.5 * DAY), NOW), "week ━━━━━•──── 50% left Thu 05:00 pace 0%"),
        (
            RateGauge(window(38, 2_592_000, 20 * DAY), NOW),
            "month ━━━━━━•─── 62% left 12 Dec 17:00 pace −5%",
        ),
        (RateGauge(window(0, reset=5 * HOUR), NOW), "5h ━━━━━━━━━• 100% left 5h00 pace 0%"),
        (RateGauge(window(0.2), NOW), "5h ━━•━━━━━━─ >99% left 1h12 pace +76%"),
        (RateGauge(window(99.8), NOW), "5h ━─•─────── nearly out <1% left 1h12 pace −24%"),
        (RateGauge(window(75), NOW), "5h ━━•─────── low 25% left 1h12 pace +1%"),
        (RateGauge(window(90), NOW), "5h ━─•─────── very low 10% left 1h12 pace −14%"),
        (RateGauge(window(96), NOW), "5h ━─•─────── nearly out 4% left 1h12 pace −20%"),
        (RateGauge(window(100), NOW), "5h ────────── out 0% left 1h12"),
        (RateGauge(window(100, is_refused=True), NOW), "5h ────────── refused 0% left 1h12"),
        (
            RateGauge(window(38, forecast=RUNS_OUT), NOW),
            "5h ━━•━━━──── runs out 62% left 1h12 pace +38%",
        ),
        (RateGauge(window(38), NOW + 72 * MINUTE), "5h ━━━━━━──── 62% left reset due"),
        (RateGauge(window(100, is_redeemed=True), NOW), "5h ────────── 0% left reset due"),
        (RateGauge(window(38, reset=None), NOW), "5h ━━━━━━──── 62% left"),
        (RateGauge(window(38, None), NOW), "codex ━━━━━━──── 62% left 1h12"),
        (
            RateGauge(window(38, limit_id="x", limit_name="Spark"), NOW),
            "Spark 5h ━━•━━━──── 62% left 1h12 pace +38%",
        ),
        (
            RateGauge(window(38, limit_id="x", limit_name="A model with a long name"), NOW),
            "A model with a… 5h ━━•━━━──── 62% left 1h12 pace +38%",
        ),
        (
            RateGauge(week(90), NOW, glyphs=ASCII),
            "week #----*---- very low 10% left Thu 18:00 pace -48%",
        ),
    ],
)
def test_a_window_says_all_that_there_is_room_for(gauge: RateGauge, row: str) -> None:
    assert gauge.draw(cells=10, until=0, has_pace=True).plain == row


def test_words_go_one_by_one_and_the_share_stays() -> None:
    gauge = RateGauge(week(59), NOW)
    assert gauge.draw(cells=6, until=1).plain == "week ━━─•── 41% left Thu"
    assert gauge.draw(cells=6).plain == "week ━━─•── 41% left"
    assert gauge.draw().plain == "week 41% left"
    assert gauge.share.plain == "41% left"


def test_of_what_is_used_up_the_countdown_outlasts_the_others() -> None:
    assert RateGauge(window(100), NOW).draw().plain == "5h out 0% left 1h12"
    assert RateGauge(week(100), NOW).draw().plain == "week out 0% left Thu"
    assert RateGauge(window(100, reset=None), NOW).draw().plain == "5h out 0% left"


def test_a_number_of_a_period_that_is_over_is_never_told_without_that() -> None:
    assert RateGauge(window(38), NOW + DAY).draw().plain == "5h 62% left reset due"
    redeemed = RateGauge(window(100, is_redeemed=True), NOW)
    assert redeemed.draw().plain == "5h 0% left reset due"


@pytest.mark.parametrize(
    ("used", "colour"),
    [(0, "$success"), (74.9, "$success"), (75, "$warning"), (90, "$warning"), (95, "$error"),
     (100, "$error")],
)  # fmt: skip
def test_the_colour_goes_by_use_and_has_a_word_beside_it(used: float, colour: str) -> None:
    gauge = RateGauge(window(used), NOW)
    drawn = gauge.draw(cells=10)
    is_calm = colour == "$success"
    assert style_of(drawn, "━" if used < 100 else "─") == [colour if used < 100 else "$line"]
    words = drawn.plain.split()
    number = words[words.index("left") - 1]
    assert style_of(drawn, number) == ["$foreground" if is_calm else colour]
    assert (words[:3] == ["5h", words[1], number]) is is_calm


def test_a_window_that_runs_out_early_is_amber_at_any_use() -> None:
    gauge = RateGauge(week(38, forecast=RUNS_OUT), NOW)
    drawn = gauge.draw(cells=10, has_pace=True)
    assert style_of(drawn, "━") == ["$warning"]
    assert style_of(drawn, "runs out") == ["$warning"]
    assert style_of(drawn, "pace") == ["$text-muted"]
    behind = RateGauge(week(59, forecast=RUNS_OUT), NOW).draw(has_pace=True)
    assert style_of(behind, "pace") == ["$warning"]


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        (LimitsState(), "limits unknown", ""),
        (known(), "no limits named", ""),
        (known(window(38)), "", ""),
        (known(window(38), allowed=False), "limit reached", ""),
        (known(window(100), allowed=False), "", ""),
        (known(window(38, as_of=NOW - 1500)), "", "25m old"),
        (known(window(38, as_of=NOW - 1500), week(41)), "", ""),
    ],
)
def test_what_the_windows_do_not_say_is_said_beside_them(
    state: LimitsState, before: str, after: str
) -> None:
    said = notes(LimitsShown(state=state, now=NOW), "$text-muted")
    assert [content.plain for content in said] == [before, after]


def test_signed_out_or_with_a_key_there_is_nothing_to_tell() -> None:
    standings = {s: LimitsShown(state=LimitsState(standing=s), now=NOW).is_empty for s in Standing}
    assert standings == {
        Standing.UNKNOWN: False,
        Standing.KNOWN: False,
        Standing.SIGNED_OUT: True,
        Standing.API_KEY: True,
    }


def test_the_two_most_pressing_windows_come_first() -> None:
    state = known(window(38), week(41), window(97, 2_592_000, 9 * DAY))
    assert [each.label for each in LimitsShown(state=state, now=NOW).windows] == ["month", "week"]
    state = known(window(38), week(20, forecast=RUNS_OUT))
    assert [each.label for each in LimitsShown(state=state, now=NOW).windows] == ["week", "5h"]


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (LimitsState(), None),
        (known(), None),
        (known(window(38, reset=90.0)), 30.0),
        (known(window(38, reset=72.0 * MINUTE + 10)), 10.0),
        (known(week(38)), 60.0),
        (known(week(38, reset=DAY + 7)), 7.0),
    ],
)
def test_it_is_looked_at_again_when_another_word_may_be_shown(
    state: LimitsState, seconds: float | None
) -> None:
    found = LimitsShown(state=state, now=NOW).changes_in()
    if seconds is None:
        assert found is None
    else:
        assert found is not None
        assert seconds < found < seconds + 0.1


@given(
    st.floats(min_value=0, max_value=100),
    st.floats(min_value=-2 * DAY, max_value=40 * DAY),
    st.sampled_from([3600, 18_000, 604_800, 2_592_000, None]),
    st.sampled_from(["left", "used"]),
)
def test_whatever_the_numbers_no_row_shows_what_cannot_be(
    used: float, reset: float, seconds: int | None, show: str
) -> None:
    state = window(used, seconds, reset)
    gauge = RateGauge(state, NOW, "left" if show == "left" else "used")
    drawn = gauge.draw(cells=10, until=0)
    number = drawn.plain.split(f" {show}")[0].split()[-1]
    assert 0 <= int(number.strip("<>%")) <= 100
    assert gauge.wire(10).cell_length == 10
    assert "-" not in drawn.plain
    assert ("reset due" in drawn.plain) is (NOW + reset <= NOW)
    again = LimitsShown(state=known(state), now=NOW).changes_in()
    assert again is not None
    assert 0 < again <= 61
