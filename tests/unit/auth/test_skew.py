"""How far a clock is off, in a unit that somebody can picture."""

import pytest

from services.auth.skew import Skew

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (301, "5 minutes ahead of"),
        (-600, "10 minutes behind"),
        (2 * HOUR - 60, "119 minutes ahead of"),
        (2 * HOUR, "2 hours ahead of"),
        (-26 * HOUR, "26 hours behind"),
        (2 * DAY, "2 days ahead of"),
        (-14_402 * 60, "10 days behind"),
    ],
)
def test_a_difference_is_told_in_the_largest_unit_of_which_there_are_two(
    ahead: int, words: str
) -> None:
    skew = Skew()
    assert skew.compare(1_795_262_400.0 + ahead, 1_795_262_400.0)
    assert skew.words == f"This machine's clock is {words} the server's; set it right"


def test_a_small_difference_is_not_told() -> None:
    skew = Skew()
    assert not skew.compare(1_795_262_400.0, 1_795_262_110.0)
    assert skew.words == ""
