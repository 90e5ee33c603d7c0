"""Redeeming a reset: only from the view, after a plain yes, and what came of it is said."""

from dataclasses import replace

import pytest

from services.errors import ServiceError, UnreachableError, UsageError
from services.models.limits import (
    Redeemed,
    RedeemTry,
    ResetCredits,
)
from tests.app.limits_deck import Deck, deck
from tests.snapshots.limits import (
    DAY,
    HOUR,
    NOW,
    STATE,
)


def redeemed(shown: Deck) -> list[str]:
    return [each for each in shown.limits.asked if each.startswith("redeem")]


async def test_a_reset_is_redeemed_after_a_plain_yes_to_a_question_that_says_it_all() -> None:
    async with deck() as shown:
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        for words in ("5 hours (38.0%)", "week (59.0%)", '"Weekend reset"', "Sun 29 Nov 13:02 UTC"):
            assert words in shown.question
        assert redeemed(shown) == []
        await shown.host.press("y")
        await shown.until_said("The reset was redeemed: 2 windows reset.")
        assert redeemed(shown) == ["redeem credit-1"]


@pytest.mark.parametrize("key", ["enter", "n", "escape", "q", "ctrl+c"])
async def test_everything_but_a_yes_redeems_nothing(key: str) -> None:
    async with deck() as shown:
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        await shown.host.press(key)
        await shown.host.until(lambda: not shown.says("Redeem a reset?"))
        assert redeemed(shown) == []
        assert shown.view.check_action("redeem", ()) is True


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Redeemed(code="reset"), "The reset was redeemed: the windows begin anew."),
        (Redeemed(code="reset", windows_reset=1), "The reset was redeemed: 1 window reset."),
        (Redeemed(code="nothing_to_reset"), "Nothing was redeemed: there is nothing to reset."),
        (Redeemed(code="no_credit"), "Nothing was redeemed: there is no reset left."),
        (Redeemed(code="already_redeemed"), "redeemed before: it was not spent a second time."),
    ],
)
async def test_each_outcome_is_said(outcome: Redeemed, words: str) -> None:
    async with deck(outcome=outcome) as shown:
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        await shown.host.press("y")
        await shown.until_said(words)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            UnreachableError(
                "It is not known whether the reset was redeemed: The connection broke",
                code="outcome_unknown",
            ),
            "▎ It is not known whether the reset was redeemed: The connection broke. ▎ u asks for",
        ),
        (
            UnreachableError("The server was not reached", code="connect", next_step="Look"),
            "Nothing was redeemed: The server was not reached. ▎ Look",
        ),
        (
            UsageError("The server said no", next_step="Ask"),
            "Nothing was redeemed: The server said no. ▎ Ask",
        ),
    ],
)
async def test_an_unknown_outcome_is_told_from_a_refusal(error: ServiceError, words: str) -> None:
    async with deck() as shown:
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        shown.limits.error = error
        await shown.host.press("y")
        await shown.until_said(words)


async def test_a_try_of_which_nobody_knows_what_came_is_asked_about_before_any_other() -> None:
    assert STATE.reset_credits is not None
    first = replace(STATE.reset_credits.credits[0], status="redeemed")
    other = replace(first, id="credit-2", title="Another", status="available")
    wish = RedeemTry(credit_id=first.id, request_id="wish", at=NOW - 60)
    for available, single in ((1, (first, other)), (0, (first,)), (0, ())):
        resets = ResetCredits(available=available, credits=single)
        state = replace(STATE, reset_credits=resets, is_redeem_open=True)
        outcome = Redeemed(code="already_redeemed")
        async with deck(state, wish=wish, outcome=outcome) as shown:
            await shown.host.press("u")
            await shown.until_said("Ask for the same reset again?")
            for words in (
                "asked for today 13:01",
                "what came of that is not known",
                "spends no second",
            ):
                assert words in shown.question, words
            assert '"Another"' not in shown.question
            await shown.host.press("y")
            await shown.until_said("it was not spent a second time.")
            assert redeemed(shown) == ["redeem credit-1"]


async def test_a_try_is_asked_about_also_where_the_resets_cannot_be_read() -> None:
    wish = RedeemTry(credit_id=None, request_id="wish", at=NOW - 60)
    state = replace(STATE, is_redeem_open=True)
    async with deck(state, wish=wish, error=UnreachableError("It is away")) as shown:
        await shown.host.press("u")
        await shown.until_said("Ask for the same reset again?")
        shown.limits.error = None
        await shown.host.press("y")
        await shown.until_said("The reset was redeemed")
        assert redeemed(shown) == ["redeem None"]


async def test_windows_of_before_a_redeemed_reset_are_told_as_not_confirmed() -> None:
    windows = tuple(
        replace(each, used_percent=100.0, is_redeemed=True) for each in STATE.windows[:2]
    )
    async with deck(replace(STATE, windows=windows)) as shown:
        await shown.until_said("reset redeemed, not yet confirmed")
        assert not shown.says("used up")
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        assert "there may be nothing to clear" in shown.question
        assert "100%" not in shown.question


async def test_without_a_reset_there_is_nothing_to_redeem() -> None:
    for resets in (None, ResetCredits(available=0)):
        async with deck(replace(STATE, reset_credits=resets)) as shown:
            assert shown.view.check_action("redeem", ()) is False
            await shown.host.press("u")
            assert not shown.says("Redeem a reset?")
            assert not shown.says(":redeem")


async def test_resets_that_cannot_be_read_are_not_redeemed() -> None:
    async with deck(error=UnreachableError("The connection broke")) as shown:
        await shown.host.press("u")
        await shown.until_said("The connection broke. ▎ Nothing was redeemed.")
        assert redeemed(shown) == []


async def test_the_reset_that_ends_first_is_the_one_that_is_asked_about() -> None:
    assert STATE.reset_credits is not None
    first = STATE.reset_credits.credits[0]
    later = replace(first, id="credit-2", expires_at=NOW + 9 * DAY)
    spent = replace(first, id="credit-3", status="redeemed", expires_at=NOW + HOUR)
    endless = replace(first, id="credit-4", expires_at=None)
    resets = ResetCredits(available=3, credits=(spent, endless, later, first))
    async with deck(replace(STATE, reset_credits=resets)) as shown:
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        await shown.host.press("y")
        await shown.until_said("The reset was redeemed")
        assert redeemed(shown) == ["redeem credit-1"]


async def test_resets_that_are_only_counted_are_left_to_the_server() -> None:
    async with deck(replace(STATE, reset_credits=ResetCredits(available=1))) as shown:
        await shown.host.press("u")
        await shown.until_said("Redeem a reset?")
        assert "the server chooses which" in shown.question
        await shown.host.press("y")
        await shown.until_said("The reset was redeemed")
        assert redeemed(shown) == ["redeem None"]


async def test_when_a_reset_expires_is_asked_for_once_where_polls_have_only_counted_it() -> None:
    counted = replace(STATE, reset_credits=ResetCredits(available=1))
    async with deck(counted) as shown:
        assert asked(shown) == 1
        await shown.take(replace(counted, version=2))
        shown.view.hidden()
        shown.view.shown()
        assert asked(shown) == 1
        await shown.take(replace(counted, reset_credits=ResetCredits(available=2), version=3))
        assert asked(shown) == 2


async def test_nothing_is_asked_about_resets_that_are_known_or_that_there_are_not() -> None:
    for resets in (STATE.reset_credits, ResetCredits(available=0), None):
        async with deck(replace(STATE, reset_credits=resets)) as shown:
            await shown.until_said("last turn")
            assert asked(shown) == 0


async def test_a_reset_that_cannot_be_looked_up_is_counted_all_the_same() -> None:
    counted = replace(STATE, reset_credits=ResetCredits(available=1))
    async with deck(counted, size=(80, 22), error=UnreachableError("It is away")) as shown:
        await shown.until_said("credits 18 · 1 reset")
        assert asked(shown) == 1
        assert not shown.says("It is away")


def asked(shown: Deck) -> int:
    return shown.limits.asked.count("resets")
