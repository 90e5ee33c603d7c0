"""What `limits` and `guard` say of spending, and of numbers from before a redeemed reset."""

from dataclasses import replace

import pytest

from app.cli import guard, limits
from services.errors import UnreachableError
from services.models.limits import LimitsState, SpendControl
from tests.cli.limits_stand import FIVE_HOURS, KNOWN, NOW, Stand

OF_BEFORE = replace(
    KNOWN, windows=(replace(FIVE_HOURS, used_percent=100.0, is_redeemed=True),), allowed=True
)


async def rows(state: LimitsState) -> list[list[str]]:
    stand = Stand(state)
    arguments, output = stand.command("limits")
    await limits.run(stand.parts, arguments, output)
    return [line.split("\t") for line in stand.out.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("spend", "row"),
    [
        (
            SpendControl(reached=False, limit="50", used="47.5", used_percent=95.0),
            ["spending", "95% used", "5% left", "no reset known", "nearly out", ""],
        ),
        (
            SpendControl(reached=True),
            ["spending", "", "", "no reset known", "limit of the workspace reached", ""],
        ),
    ],
    ids=["near", "reached"],
)
async def test_what_a_member_may_spend_has_a_row(spend: SpendControl, row: list[str]) -> None:
    assert (await rows(replace(KNOWN, spend_control=spend)))[-1] == row


async def test_spending_without_a_limit_has_none() -> None:
    state = replace(KNOWN, spend_control=SpendControl(reached=False))
    assert await rows(state) == await rows(KNOWN)


async def test_a_number_of_before_a_redeemed_reset_is_said_to_be_not_confirmed() -> None:
    [row] = await rows(OF_BEFORE)
    assert row[3:5] == ["reset redeemed, not yet confirmed", ""]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (replace(OF_BEFORE, windows=(FIVE_HOURS,), as_of=NOW), 0),
        (replace(OF_BEFORE, windows=(replace(FIVE_HOURS, used_percent=100.0),), as_of=NOW), 5),
        (UnreachableError("chatgpt.com cannot be reached"), 6),
    ],
    ids=["free", "used up", "away"],
)
async def test_guard_asks_anew_and_says_no_for_no_number_of_before_a_redeemed_reset(
    answer: LimitsState | UnreachableError, code: int
) -> None:
    stand = Stand(OF_BEFORE)
    stand.limits.answers = [answer]
    arguments, output = stand.command("guard")
    assert await guard.run(stand.parts, arguments, output) == code
    assert len(stand.limits.refreshed) == 1
    assert "100%" not in stand.err.getvalue() or code == 5
