import pytest

from services.transport.retry import parse_retry_after, parse_try_again

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("0", NOW),
        ("7", NOW + 7),
        (" 7 ", NOW + 7),
        ("-7", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Fri, 15 Jan 2027 08:00:10 GMT", NOW + 10),
        ("Thu, 01 Jan 1970 00:00:00 GMT", NOW),
        ("99999999999999999999", None),
    ],
)
def test_retry_after_is_whole_seconds_or_a_date(value: str | None, at: float | None) -> None:
    assert parse_retry_after(value, NOW) == at


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 1.5s.", 1.5),
        ("Try again in 700ms", 0.7),
        ("try again in 700.9ms", 0.7),
        ("TRY AGAIN IN 2 seconds", 2.0),
        ("try again in 1 second", 1.0),
        ("try again in 5 minutes", None),
        ("try again later", None),
    ],
)
def test_a_message_may_say_when_to_try_again(message: str, seconds: float | None) -> None:
    assert parse_try_again(message) == seconds
