import pytest

from services.models.failure import Failure, FailureKind
from tests.widgets.transcript.test_kinds import INK
from widgets.glyphs import UNICODE
from widgets.transcript.cards import error_rows


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (1_800_000_000.0, "Not before Fri 15 Jan 08:00 UTC"),
        (1e300, "Not before a time that no calendar has"),
    ],
)
def test_a_card_says_when_trying_again_makes_sense(at: float, words: str) -> None:
    failure = Failure(
        kind=FailureKind.RATE_LIMITED, message="The limit is reached", next_step="", retry_at=at
    )
    texts = [row.text for row in error_rows(failure, 60, INK, UNICODE)]
    assert texts[:2] == ["✗ The limit is reached", words]
