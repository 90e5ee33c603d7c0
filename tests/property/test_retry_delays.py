from hypothesis import given
from hypothesis import strategies as st

from services.errors import RateLimitedError, RefusedError, ServiceError, UnreachableError
from services.transport.retry import (
    LONGEST_WAIT,
    Budget,
    backoff,
    delay,
    is_request_retryable,
    is_stream_retryable,
    parse_retry_after,
    parse_try_again,
)

NOW = 1_800_000_000.0


def failure(
    kind: type[ServiceError], status: int | None, code: str | None, wait: float | None
) -> ServiceError:
    return kind("m", status=status, code=code, retry_at=None if wait is None else NOW + wait)


KINDS: list[type[ServiceError]] = [RefusedError, RateLimitedError, UnreachableError]
ERRORS = st.builds(
    failure,
    st.sampled_from(KINDS),
    st.one_of(st.none(), st.integers(300, 599)),
    st.one_of(st.none(), st.sampled_from(["server_error", "usage_limit_reached", "slow_down"])),
    st.one_of(st.none(), st.floats(-1e6, 1e9)),
)


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_backoff_doubles_within_ten_percent_and_never_beyond_the_cap(
    attempt: int, jitter: float
) -> None:
    wait = backoff(attempt, lambda: jitter)
    ideal = min(0.2 * 2.0 ** min(attempt - 1, 16), LONGEST_WAIT / 0.9)
    assert ideal * 0.9 - 1e-9 <= wait <= min(ideal * 1.1 + 1e-9, LONGEST_WAIT)


@given(error=ERRORS, attempt=st.integers(1, 100))
def test_every_wait_is_between_nothing_and_a_minute(error: ServiceError, attempt: int) -> None:
    assert 0 <= delay(error, attempt, NOW) <= LONGEST_WAIT


@given(error=ERRORS)
def test_the_request_level_never_takes_a_429(error: ServiceError) -> None:
    if error.status == 429 and not isinstance(error, UnreachableError):
        assert not is_request_retryable(error)


@given(error=ERRORS, attempt=st.integers(1, 100))
def test_a_used_up_limit_is_never_tried_again(error: ServiceError, attempt: int) -> None:
    if error.code == "usage_limit_reached":
        assert not is_stream_retryable(error, attempt, NOW)
        assert not is_request_retryable(error)


@given(text=st.text(max_size=60))
def test_no_header_or_message_breaks_the_parsers(text: str) -> None:
    at = parse_retry_after(text, NOW)
    assert at is None or at >= NOW
    wait = parse_try_again(text)
    assert wait is None or wait >= 0


@given(request=st.integers(-1000, 1000), stream=st.integers(-1000, 1000))
def test_budgets_are_capped(request: int, stream: int) -> None:
    budget = Budget.of(request, stream)
    assert 0 <= budget.request <= 100
    assert 0 <= budget.stream <= 100
