"""Failures in the words that are shown."""

import pytest

from services.models.failure import Failure, FailureKind


@pytest.mark.parametrize(
    ("message", "next_step", "line"),
    [
        ("It broke", "Try again", "It broke. Try again."),
        ("Sorry about that!", "Try again later", "Sorry about that! Try again later."),
        ("127.0.0.1 is silent", "", "127.0.0.1 is silent."),
        ("api.example.com is silent", "", "api.example.com is silent."),
    ],
)
def test_a_failure_is_told_in_whole_sentences(message: str, next_step: str, line: str) -> None:
    failure = Failure(kind=FailureKind.REFUSED, message=message, next_step=next_step)
    assert failure.line == line
