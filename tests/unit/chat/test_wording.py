"""The one line about a retry says what happened."""

import pytest

from services.chat.wording import retrying
from services.errors import RateLimitedError, RefusedError, ServiceError, UnreachableError
from services.inference.stream import Retrying


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (UnreachableError("The connection to h was lost", code="lost"), "connection lost"),
        (
            UnreachableError("Nothing answers at h:1", code="refused_port"),
            "nothing answers at h:1",
        ),
        (
            UnreachableError(
                "The server answered 200 without a stream (text/html)",
                status=200,
                code="no_stream",
            ),
            "the server answered 200 without a stream (text/html)",
        ),
        (RefusedError("The server has trouble (500)", status=500), "the server answered 500"),
        (RateLimitedError("Too many requests (429)", status=429), "rate limited"),
        (RefusedError("The model is at capacity"), "the model is at capacity"),
    ],
)
def test_a_retry_says_its_cause(error: ServiceError, cause: str) -> None:
    value = Retrying(attempt=2, attempts=5, delay=0.4, error=error, lost_item_ids=())
    assert retrying(value) == f"{cause}, retry 2 of 5"
