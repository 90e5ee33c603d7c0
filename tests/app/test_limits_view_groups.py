"""The groups of the view of all limits: windows, refused limits, reserve, at each width."""

from dataclasses import replace

import pytest

from services.models.limits import (
    Forecast,
    ForecastState,
    LimitSource,
    LimitVerdict,
    ResetCredits,
)
from tests.app.limits_deck import deck
from tests.snapshots.limits import A_WEEK, FIVE_HOURS, NOW, RESET, STATE


async def test_at_80_columns_everything_about_a_window_stands_in_two_rows() -> None:
    async with deck(size=(80, 22)) as shown:
        rows = shown.rows
        assert rows[5].endswith("  41.0% left   runs out Sat 10:38 to Sun 17:50")
        assert rows[6].strip() == (
            "resets Mon 30 Nov 17:02 UTC in 4 d 4 h                  59.0% used"
        )
        await shown.until_said("last turn −0.6% of 5 h, −0.1% of week enter where it went")
        await shown.until_said("in reserve credits 18 · 1 reset, expires Sun 29 Nov 13:02 UTC")


async def test_a_reset_whose_end_is_not_known_or_over_is_only_counted() -> None:
    gone = replace(RESET, expires_at=NOW - 1.0)
    for single in ((), (gone,)):
        resets = ResetCredits(available=2, credits=single)
        async with deck(replace(STATE, reset_credits=resets), size=(80, 22)) as shown:
            await shown.host.until(lambda: shown.says("week moved"))
            assert any(row.endswith("credits 18 · 2 resets") for row in shown.rows)
    resets = ResetCredits(available=2, credits=(gone, RESET))
    async with deck(replace(STATE, reset_credits=resets), size=(80, 22)) as shown:
        await shown.until_said("2 resets, the next expires Sun 29 Nov 13:02 UTC")


BLOCKED = LimitVerdict(
    limit_id="codex_blocked",
    limit_name="Blocked",
    allowed=False,
    as_of=NOW - 10.0,
    source=LimitSource.POLL,
)


@pytest.mark.parametrize("size", [(80, 22), (120, 38)])
async def test_a_limit_that_is_refused_and_has_no_window_is_a_group_of_its_own(
    size: tuple[int, int],
) -> None:
    state = replace(STATE, verdicts=(BLOCKED,))
    async with deck(state, size=size) as shown:
        assert any(
            row.split()[:5] == ["Blocked", "refused", "by", "the", "server"] for row in shown.rows
        )
        assert shown.says("it has no window, so no reset is known")
        await shown.host.press("j", "j")
        assert shown.view._board.selected == "codex_blocked"
        assert any(row.startswith("▌ Blocked ") for row in shown.rows)
        await shown.host.press("enter")
        await shown.host.until(lambda: shown.rows[0].strip().startswith("Blocked Pro"))
        assert shown.rows[4].strip("▌ ") == "<1m old, asked the server"
        await shown.host.press("escape")
        await shown.take(replace(state, verdicts=(), version=2))
        assert not shown.says("Blocked")


async def test_a_refused_limit_alone_is_no_plan_without_limits() -> None:
    async with deck(replace(STATE, windows=(), verdicts=(BLOCKED,))) as shown:
        assert shown.says("Blocked refused by the server")
        assert not shown.says("names no limit")


async def test_a_refused_limit_with_windows_says_so_at_each_of_them() -> None:
    review = replace(BLOCKED, limit_id="code_review", limit_name=None)
    async with deck(replace(STATE, verdicts=(review,))) as shown:
        assert shown.says("88.0% left, 12.0% used refused by the server")
        assert sum("refused by the server" in row for row in shown.rows) == 1


async def test_of_calls_that_are_refused_it_says_until_when_and_what_helps() -> None:
    out = replace(
        FIVE_HOURS, used_percent=100.0, forecast=Forecast(state=ForecastState.EXHAUSTED)
    )  # fmt: skip
    full = replace(
        STATE, windows=(out, A_WEEK), allowed=False, reached_type="rate_limit_reached"
    )  # fmt: skip
    async with deck(full) as shown:
        assert shown.says(
            "The server refuses calls now: a limit of the plan is reached. ▎ "
            "Wait until today 14:14 UTC. u redeems a reset, and asks first"
        )
        await shown.take(replace(full, reset_credits=None))
        assert shown.says("▎ Wait until today 14:14 UTC ▌ 5 hours")
        await shown.take(replace(full, windows=(replace(out, resets_at=None), A_WEEK)))
        assert shown.says("▎ Credits, or the owner of the workspace, can help. u redeems a reset")
