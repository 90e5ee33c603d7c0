"""The view of all limits, over limits in memory."""

from dataclasses import replace

import pytest
from textual.geometry import Region
from textual.widget import Widget

from app.views.limits import LimitsView
from services.errors import StorageError, UsageError
from services.models.failure import Failure, FailureKind
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitsState,
    SpendControl,
    Standing,
)
from tests.app.limits_deck import deck
from tests.snapshots.limits import (
    A_REVIEW,
    A_WEEK,
    FIVE,
    FIVE_HOURS,
    HOUR,
    NOW,
    REVIEW,
    STATE,
    WEEK,
)

DOWN = Failure(
    kind=FailureKind.UNREACHABLE,
    message="The server was not reached",
    next_step="Check the network",
)


async def test_all_that_is_known_stands_on_one_page() -> None:
    async with deck() as shown:
        shown.view.account = "dev@work"
        await shown.until_said("C fix N+1 in invoices 12:36 12.4% 1.9%")
        rows = shown.rows
        assert shown.says("Limits Pro · dev@work as of 13:02:01, 10 s ago · poll")
        assert rows[2].startswith("▌ 5 hours       ━━━━━")
        assert rows[2].endswith("62.0% left, 38.0% used   lasts until the reset")
        assert rows[3].endswith("resets today 14:14 UTC in 1 h 12 m 04 s")
        assert rows[6].endswith("resets Mon 30 Nov 17:02 UTC in 4 d 4 h")
        for words in (
            "last turn −0.6% of 5 h, −0.1% of week",
            "Used, last 24 h ━ 5 hours ━ week ┊ reset + - zoom",
            "today 12:36 week moved",
            "Sat 13:02 → Mon 17:02",
            "credits 18",
            "resets 1, expires",
            "Sun 29 Nov 13:02 UTC",
            ":redeem asks first",
            "elsewhere, nothing of ours ran · 2.0%",
        ):
            assert shown.says(words), words
        assert shown.limits.asked == ["history 24"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LimitsState(), "reading…"),
        (LimitsState(failure=DOWN), "There are no numbers yet. Check the network. r tries again"),
        (LimitsState(standing=Standing.SIGNED_OUT), "Sign in with ChatGPT: :login"),
        (LimitsState(standing=Standing.API_KEY), "Only a ChatGPT login has limit windows."),
        (replace(STATE, windows=()), "The plan names no limit. ▎ A plan may have lapsed. r asks"),
        (
            replace(STATE, failure=DOWN, as_of=NOW - 720),
            "The server was not reached. ▎ The numbers are 12 min old. Check the network. r tries",
        ),
        (
            replace(STATE, allowed=False, reached_type="workspace_owner_credits_depleted"),
            "The server refuses calls now: the credits of the workspace are spent.",
        ),
        (
            replace(STATE, windows=(), allowed=False, reached_type="rate_limit_reached"),
            "The server refuses calls now: a limit of the plan is reached.",
        ),
        (
            replace(STATE, windows=(replace(FIVE_HOURS, used_percent=100.0, is_refused=True),)),
            "0.0% left, 100% used refused by the server",
        ),
        (
            replace(
                STATE,
                windows=(
                    replace(
                        FIVE_HOURS,
                        used_percent=100.0,
                        forecast=Forecast(state=ForecastState.EXHAUSTED),
                    ),
                ),
            ),
            "0.0% left, 100% used used up",
        ),
        (
            replace(STATE, windows=(replace(FIVE_HOURS, resets_at=NOW - 60),)),
            "reset due, not yet confirmed since 13:01 UTC",
        ),
        (
            replace(STATE, windows=(replace(FIVE_HOURS, forecast=Forecast(reason="too little")),)),
            "no forecast: too little",
        ),
        (
            replace(STATE, spend_control=SpendControl(reached=True)),
            "Spending limit of the workspace reached",
        ),
        (
            replace(
                STATE,
                spend_control=SpendControl(
                    reached=False, limit="$100", used="$81.20", used_percent=81.2
                ),
            ),
            "18.8% left, 81.2% used low, $81.20 of $100 spent",
        ),
        (
            replace(STATE, spend_control=SpendControl(reached=False, used_percent=95.0)),
            "5.0% left, 95.0% used nearly out",
        ),
        (
            replace(STATE, spend_control=SpendControl(reached=True), allowed=False),
            "The server refuses calls now: the spending limit of the workspace is reached.",
        ),
        (
            replace(STATE, windows=(replace(FIVE_HOURS, used_percent=100.0),), allowed=False),
            "The server refuses calls now: a limit of the plan is reached.",
        ),
        (
            replace(STATE, allowed=False),
            "The server refuses calls now: no reason was given.",
        ),
        (
            replace(
                STATE,
                windows=(replace(FIVE_HOURS, id="codex/primary", window_seconds=None,
                                 resets_at=None, as_of=NOW - 4000),),
            ),
            "no reset known · 1h old, asked the server",
        ),
        (
            replace(STATE, windows=(replace(FIVE_HOURS, id="codex/2592000",
                                            window_seconds=2_592_000),)),
            "▌ Month",
        ),
    ],
)  # fmt: skip
async def test_each_state_says_what_is_and_what_to_do(state: LimitsState, words: str) -> None:
    async with deck(state) as shown:
        await shown.until_said(words)


async def test_keys_are_offered_as_soon_as_there_are_windows() -> None:
    async with deck(LimitsState()) as shown:
        before = len(shown.host.posted(LimitsView.Changed))
        await shown.take(STATE)
        assert len(shown.host.posted(LimitsView.Changed)) == before + 1
        await shown.take(replace(STATE, version=2))
        assert len(shown.host.posted(LimitsView.Changed)) == before + 1


@pytest.mark.parametrize("standing", [Standing.SIGNED_OUT, Standing.API_KEY, Standing.UNKNOWN])
async def test_nothing_is_read_where_there_is_nothing_to_know(standing: Standing) -> None:
    async with deck(LimitsState(standing=standing)) as shown:
        assert shown.histories == []
        assert shown.view.check_action("open", ()) is False
        assert shown.view.check_action("redeem", ()) is False


async def test_new_numbers_are_shown_and_what_was_stored_is_read_again() -> None:
    async with deck() as shown:
        await shown.host.until(lambda: shown.histories == ["24"])
        await shown.take(replace(STATE, failure=DOWN))
        assert shown.histories == ["24"]
        fuller = replace(FIVE_HOURS, used_percent=40.5)
        await shown.take(replace(STATE, windows=(fuller, A_WEEK), version=2))
        await shown.host.until(lambda: shown.histories == ["24", "24"])
        assert shown.says("5 hours ━")
        assert shown.says("59.5% left")
        assert not shown.says("Code review ━")


async def test_a_hidden_view_reads_nothing_and_has_no_timer() -> None:
    async with deck() as shown:
        await shown.host.until(lambda: shown.histories == ["24"])
        shown.view.hidden()
        assert shown.view._timer is None
        await shown.take(replace(STATE, version=7))
        assert shown.view._timer is None
        assert shown.histories == ["24"]
        shown.view.shown()
        await shown.host.until(lambda: shown.histories == ["24", "24"])


async def test_the_range_goes_up_and_down_and_round() -> None:
    async with deck() as shown:
        for key, title in (
            ("minus", "7 d"),
            ("minus", "30 d"),
            ("minus", "30 d"),
            ("z", "5 h"),
            ("plus", "5 h"),
            ("z", "24 h"),
        ):
            await shown.host.press(key)
            await shown.until_said(f"Used, last {title}")
        await shown.host.until(lambda: shown.histories[-1] == "24")
        assert shown.histories == ["24", "168", "720", "5", "24"]


async def test_keys_select_a_window_and_stop_at_the_ends() -> None:
    async with deck() as shown:
        board = shown.view._board
        seen: list[str] = []
        for key in ("k", "j", "down", "j", "g", "G", "up"):
            await shown.host.press(key)
            seen.append(board.selected)
        assert seen == [FIVE, WEEK, REVIEW, REVIEW, FIVE, REVIEW, WEEK]
        assert shown.rows[5].startswith("▌ Week")
        # The chart is about the limit of the selected window; it has no history of code review.
        await shown.host.press("G")
        await shown.until_said("no history yet")


async def test_the_selection_goes_to_the_neighbour_of_a_window_that_has_gone() -> None:
    async with deck() as shown:
        await shown.host.press("j")
        await shown.take(replace(STATE, windows=(FIVE_HOURS, A_REVIEW), version=2))
        assert shown.view._board.selected == REVIEW
        await shown.take(replace(STATE, windows=(A_WEEK, FIVE_HOURS, A_REVIEW), version=3))
        assert shown.view._board.selected == REVIEW
        names = [row.split()[0] for row in shown.rows[2:11:3]]
        assert names == ["Week", "5", "▌"]


@pytest.mark.parametrize("size", [(80, 22), (120, 38)])
async def test_twelve_windows_scroll_and_the_selected_one_is_seen(size: tuple[int, int]) -> None:
    many = tuple(
        replace(A_WEEK, id=f"b{number}/604800", limit_id=f"b{number}", limit_name=f"b{number}")
        for number in range(12)
    )
    async with deck(replace(STATE, windows=many), size=size) as shown:
        for _ in range(11):
            await shown.host.press("j")
        assert any(row.startswith("▌ b11 week") for row in shown.rows)
        assert shown.says("Used, last 24 h")


async def test_a_window_has_a_page_of_its_own_and_escape_goes_back() -> None:
    async with deck(size=(80, 22)) as shown:
        await shown.host.press("j", "enter")
        await shown.until_said("Where it went, last 24 h % of week % of 5 h")
        shown.view.account = "dev@work"
        await shown.until_said("Week Pro · dev@work as of")
        assert shown.says("C fix N+1 in invoices 12:36 1.9% 12.4%")
        assert not shown.says("migrate auth to OIDC")
        assert shown.rows[3].strip("▌ ").startswith("resets Mon 30 Nov 17:02 UTC in 4 d 4 h  ")
        assert shown.rows[4].strip("▌ ") == (
            "last turn −0.1% · <1m old, asked the server · even use 59.5% left"
        )
        assert shown.says("By the hour % of week % of 5 h today 13:00 to 14:00 0.5% 3.0%")
        assert not shown.says("5 hours ━")
        await shown.host.press("minus")
        await shown.until_said("Where it went, last 7 d")
        await shown.host.press("G")
        await shown.until_said("week moved")
        assert not shown.says("5 hours reset")
        assert shown.says("In reserve credits 18 resets 1, expires Sun 29 Nov 13:02 UTC")
        await shown.host.press("escape")
        await shown.until_said("5 hours ━")
        assert shown.says("Used, last 7 d")


async def test_a_countdown_runs_by_the_second_and_ends_in_a_reset_that_is_due() -> None:
    soon = replace(FIVE_HOURS, resets_at=NOW + 2.0)
    async with deck(replace(STATE, windows=(soon,))) as shown:
        await shown.until_said("in 2 s")
        shown.limits.clock.at = NOW + 1.2
        await shown.until_said("in 0 s")
        shown.limits.clock.at = NOW + 2.5
        await shown.until_said("reset due, not yet confirmed since 13:02 UTC")


async def test_a_countdown_runs_in_a_view_that_is_opened_for_the_first_time() -> None:
    soon = replace(FIVE_HOURS, resets_at=NOW + 100.0)
    async with deck(replace(STATE, windows=(soon,)), is_shown_first=True) as shown:
        shown.limits.clock.at = NOW + 1.2
        await shown.until_said("in 1 m 38 s")


async def test_a_second_draws_nothing_but_the_rows_whose_words_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with deck(replace(STATE, windows=(FIVE_HOURS,))) as shown:
        await shown.until_said("C fix N+1 in invoices")
        drawn: list[str] = []
        refresh = Widget.refresh

        def watched(self: Widget, *regions: Region, **kind: bool) -> Widget:
            drawn.append(f"{type(self).__name__} {[each.y for each in regions]}")
            return refresh(self, *regions, **kind)

        monkeypatch.setattr(Widget, "refresh", watched)
        shown.limits.clock.at = NOW + 1.0
        await shown.until_said("in 1 h 12 m 03 s")
        assert drawn == ["WindowGroup [1]"]


async def test_without_seconds_to_count_the_time_is_looked_at_seldom() -> None:
    async with deck(replace(STATE, windows=(A_WEEK,))) as shown:
        timer = shown.view._timer
        assert timer is not None
        assert timer._interval == 10.0
        await shown.take(replace(STATE, version=2))
        timer = shown.view._timer
        assert timer is not None
        assert 0.0 < timer._interval <= 1.1


async def test_r_reads_now_and_a_failure_keeps_the_numbers() -> None:
    async with deck() as shown:
        shown.limits.clock.at = NOW + HOUR
        await shown.host.press("r")
        await shown.until_said("as of 14:02:11, just now")
        shown.limits.error = UsageError("There are no limits here", next_step="Sign in")
        await shown.host.press("r")
        await shown.until_said("There are no limits here. ▎ The numbers are 0 s old. Sign in. r")
        assert shown.says("62.0% left")
        shown.limits.error = None
        shown.limits.clock.at = NOW + 2 * HOUR
        await shown.host.press("r")
        await shown.host.until(lambda: not shown.says("There are no limits here"))


async def test_a_store_that_cannot_be_read_is_said_and_tried_again() -> None:
    broken = StorageError("The store cannot be read", next_step="Run doctor")
    async with deck(reading_error=broken) as shown:
        await shown.until_said("The store cannot be read. Run doctor.")
        assert shown.says("62.0% left")
        shown.limits.reading_error = None
        await shown.take(replace(STATE, version=2))
        await shown.until_said("C fix N+1 in invoices")
        await shown.host.until(lambda: not shown.says("The store cannot be read"))


async def test_another_account_shows_nothing_of_the_one_before() -> None:
    async with deck() as shown:
        await shown.until_said("C fix N+1 in invoices")
        shown.limits.works, shown.limits.entries = (), ()
        await shown.take(replace(STATE, account="account-2", reset_credits=None))
        assert not shown.says("fix N+1")
        await shown.until_said("no use seen yet")
        assert shown.says("nothing since it was read first")


async def test_a_name_of_a_server_with_markup_is_text() -> None:
    odd = replace(A_WEEK, limit_id="odd", limit_name="[b]x[/y]", id="odd/604800")
    async with deck(replace(STATE, windows=(odd,), plan="[red]")) as shown:
        assert shown.says("[b]x[/y] week")
        assert shown.says("Limits [red]")


async def test_the_whole_width_is_used_at_every_size() -> None:
    async with deck() as shown:
        for size in ((200, 60), (120, 40), (100, 30), (99, 30), (80, 24), (40, 12), (20, 6)):
            await shown.host.resize(*size)
            assert len(shown.rows) == size[1]
            assert shown.rows[0].strip().startswith("Limits"[: size[0]])
