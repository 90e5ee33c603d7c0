"""What has changed, in the view of all limits: all of it can be read at every size."""

from dataclasses import replace

from services.models.limit_history import LedgerEntry, LedgerKind
from tests.app.limits_deck import deck
from tests.snapshots.limits import HOUR, LEDGER, NOW, STATE


async def test_at_80_columns_all_changes_can_be_read() -> None:
    redeemed = LedgerEntry(id=9, at=NOW - 9 * HOUR, kind=LedgerKind.REDEEMED)
    gone = LedgerEntry(
        id=8, at=NOW - 9 * HOUR, kind=LedgerKind.VANISHED, window_id="codex/1", label="month"
    )
    async with deck(size=(80, 22), entries=(*LEDGER, redeemed, gone)) as shown:
        await shown.until_said("week moved")
        await shown.until_said("enter where it went, 4 changes")
        await shown.host.press("enter")
        await shown.until_said("By the hour")
        await shown.host.press("G")
        await shown.until_said("What the server changed · 1 ")
        for words in (
            "5 hours reset at 61.0% used Changes of the account, and of windows that are gone · 3",
            "Plus → Pro",
            "you redeemed a reset",
            "month is gone",
        ):
            assert shown.says(words), words


async def test_without_a_window_what_changed_can_be_read_still() -> None:
    state = replace(STATE, windows=(), credits=None, reset_credits=None)
    async with deck(state, size=(80, 22)) as shown:
        await shown.until_said("enter 4 changes")
        await shown.host.press("enter")
        await shown.until_said("Changes of the account, and of windows that are gone · 4")
        assert shown.says("week moved")
        assert shown.says("Plus → Pro")
        assert not shown.says("Where it went")
        await shown.host.press("escape")
        await shown.until_said("enter 4 changes")


async def test_of_more_changes_than_are_told_at_once_that_is_said() -> None:
    entries = tuple(replace(LEDGER[1], id=number, at=NOW - number) for number in range(100))
    async with deck(size=(80, 22), entries=entries) as shown:
        await shown.until_said("enter where it went, what changed")
        await shown.host.press("enter", "G")
        await shown.host.until(lambda: shown.says("In reserve credits"))
        page = shown.view._board.page
        page.scroll_to(y=page.max_scroll_y - 210, animate=False)
        await shown.until_said("What the server changed · the newest 100")


async def test_beside_the_chart_what_is_in_reserve_stays_below_many_changes() -> None:
    entries = tuple(replace(LEDGER[1], id=number, at=NOW - number) for number in range(40))
    async with deck(size=(120, 38), entries=entries) as shown:
        await shown.host.until(lambda: any("more: enter" in row for row in shown.rows))
        assert shown.says("In reserve")
        assert any("credits" in row for row in shown.rows)
