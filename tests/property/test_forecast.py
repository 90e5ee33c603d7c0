"""Whatever was read, a forecast is ordered, lies ahead, and is the same each time."""

import math
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.limits.forecast import forecast
from services.models.limits import ForecastState

NOW = 1_790_000_000.0
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
SPAN = 40 * 86_400.0

times = st.one_of(
    st.floats(NOW - SPAN, NOW + 3600, allow_nan=False),
    # The hours in which clocks change in Europe and America.
    st.floats(1_774_745_000, 1_774_760_000),
    st.floats(1_793_500_000, 1_793_600_000),
)
samples = st.lists(
    st.tuples(
        times,
        st.floats(-5, 150, allow_nan=False),
        st.none() | st.floats(NOW - SPAN, NOW + SPAN, allow_nan=False),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(
    samples=samples,
    is_sorted=st.booleans(),
    window=st.none() | st.sampled_from([3600, 18_000, 604_800, 2_592_000, 31_536_000]),
    used=st.floats(0, 120, allow_nan=False),
    resets_in=st.none() | st.floats(-1e6, 4e7, allow_nan=False),
    zone=st.sampled_from(ZONES),
)
def test_a_forecast_is_ordered_lies_ahead_and_is_repeatable(
    samples: list[tuple[float, float, float | None]],
    is_sorted: bool,
    window: int | None,
    used: float,
    resets_in: float | None,
    zone: str,
) -> None:
    given_ones = sorted(samples, key=lambda each: each[0]) if is_sorted else samples
    resets_at = None if resets_in is None else NOW + resets_in

    def made() -> object:
        return forecast(
            given_ones,
            window_seconds=window,
            used=used,
            resets_at=resets_at,
            now=NOW,
            zone=ZoneInfo(zone),
        )

    said = forecast(
        given_ones,
        window_seconds=window,
        used=used,
        resets_at=resets_at,
        now=NOW,
        zone=ZoneInfo(zone),
    )
    assert said == made()
    assert (said.state is ForecastState.EXHAUSTED) is (used >= 100.0)
    assert (said.state is ForecastState.UNKNOWN) is bool(said.reason)
    range_ = (said.p10_at, said.p50_at, said.p90_at)
    if said.state is not ForecastState.RUNS_OUT:
        assert range_ == (None, None, None)
        return
    early, middle, late = (math.inf if each is None else each for each in range_)
    assert NOW <= early <= middle <= late
    assert resets_at is not None
    assert all(each is None or each <= resets_at for each in range_)
