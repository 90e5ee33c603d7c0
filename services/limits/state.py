"""From a board to what screens and scripts are shown. Rules: docs/limits.md."""

from collections.abc import Mapping

from services.limits.board import Board, BoardWindow
from services.models.failure import Failure
from services.models.limits import Forecast, LimitsState, Standing, WindowState
from services.models.windows import MAIN

NOTHING = Forecast()


def state_of(
    board: Board,
    *,
    account: str,
    version: int,
    now: float,
    forecasts: Mapping[str, Forecast],
    last_turns: Mapping[str, float],
    failure: Failure | None = None,
    is_redeem_open: bool = False,
) -> LimitsState:
    """What is known now.

    Args:
        board: Of the account.
        account: Its id in the store.
        version: Of the board.
        now: Unix seconds.
        forecasts: By window id.
        last_turns: Percent that the last turn cost, by window id.
        failure: Of the last poll.
        is_redeem_open: Whether it is not known what came of a try to redeem a reset.
    """
    spending = board.spend_control
    # A purse that is empty stands in the way of the next call, whatever the windows say.
    is_spent = spending is not None and spending.reached
    return LimitsState(
        standing=Standing.UNKNOWN if board.as_of is None else Standing.KNOWN,
        account=account,
        plan=board.plan,
        windows=tuple(
            _window(
                window,
                now,
                forecasts.get(window.id, NOTHING),
                last_turns.get(window.id),
                is_redeemed=_is_of_before(window, board, now),
            )
            for window in board.windows
        ),
        verdicts=board.verdicts,
        credits=board.credits,
        spend_control=board.spend_control,
        reset_credits=board.reset_credits,
        is_redeem_open=is_redeem_open,
        allowed=False if is_spent else board.allowed,
        limit_reached=True if is_spent else board.limit_reached,
        reached_type=board.reached_type,
        as_of=board.as_of,
        source=board.source,
        failure=failure,
        version=version,
    )


def _is_of_before(window: BoardWindow, board: Board, now: float) -> bool:
    """Whether a reset was redeemed since the window was read last."""
    redeemed_at = board.redeemed_at
    if redeemed_at is None or not board.is_redeem_sure or window.limit_id != MAIN:
        return False
    # One that lies ahead is of a clock that was set back.
    return window.as_of < redeemed_at <= now


def _window(
    window: BoardWindow,
    now: float,
    forecast: Forecast,
    last_turn: float | None,
    *,
    is_redeemed: bool,
) -> WindowState:
    refused = window.is_refused(now)
    return WindowState(
        id=window.id,
        limit_id=window.limit_id,
        limit_name=window.limit_name,
        window_seconds=window.window_seconds,
        used_percent=100.0 if refused else window.used_percent,
        resets_at=window.resets_at,
        as_of=window.as_of,
        source=window.source,
        is_refused=refused,
        is_redeemed=is_redeemed,
        last_turn=last_turn,
        period=window.period,
        forecast=forecast,
    )
