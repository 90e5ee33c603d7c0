"""From a board to what screens and scripts are shown. Rules: docs/limits.md."""

from collections.abc import Mapping

from services.limits.board import Board, BoardWindow
from services.models.failure import Failure
from services.models.limits import Forecast, LimitsState, Standing, WindowState

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
    """
    spending = board.spend_control
    # A purse that is empty stands in the way of the next call, whatever the windows say.
    is_spent = spending is not None and spending.reached
    return LimitsState(
        standing=Standing.UNKNOWN if board.as_of is None else Standing.KNOWN,
        account=account,
        plan=board.plan,
        windows=tuple(
            _window(window, now, forecasts.get(window.id, NOTHING), last_turns.get(window.id))
            for window in board.windows
        ),
        verdicts=board.verdicts,
        credits=board.credits,
        spend_control=board.spend_control,
        reset_credits=board.reset_credits,
        allowed=False if is_spent else board.allowed,
        limit_reached=True if is_spent else board.limit_reached,
        reached_type=board.reached_type,
        as_of=board.as_of,
        source=board.source,
        failure=failure,
        version=version,
    )


def _window(
    window: BoardWindow, now: float, forecast: Forecast, last_turn: float | None
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
        last_turn=last_turn,
        period=window.period,
        forecast=forecast,
    )
