"""Redeeming a reset from the view of all limits: read, ask, send, say what came of it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.screens.redeem import RedeemScreen, choose, failure_words, outcome_words
from app.views.limits_states import Notice
from services.errors import ServiceError
from widgets.glyphs import Glyphs

if TYPE_CHECKING:
    from services.limits.ports import Limits


async def ask_and_redeem(
    limits: "Limits",
    *,
    ask: Callable[[RedeemScreen], Awaitable[bool | None]],
    say: Callable[[Notice | None], None],
    now: Callable[[], float],
    glyphs: Glyphs,
) -> None:
    """Ask with what is true now, and redeem after a plain yes.

    Args:
        limits: Redeems.
        ask: Shows the question, and waits for the answer.
        say: Shows a notice; None takes it away.
        now: Unix seconds.
        glyphs: Marks to draw with.
    """
    try:
        say(Notice(head=f"reading the resets{glyphs.ellipsis}", tone="muted"))
        resets = await limits.reset_credits()
        say(None)
        if not resets.available:
            say(Notice(head="There is no reset to redeem.", tone="warning"))
            return
    except ServiceError as error:
        say(Notice(head=error.failure.line, next_step="Nothing was redeemed.", tone="failed"))
        return
    credit = choose(resets)
    if await ask(RedeemScreen(limits.state, credit, now=now(), glyphs=glyphs)) is not True:
        return
    say(Notice(head=f"redeeming{glyphs.ellipsis}", tone="muted"))
    try:
        redeemed = await limits.redeem(None if credit is None else credit.id)
    except ServiceError as error:
        head, step = failure_words(error)
        say(Notice(head=head, next_step=step, tone="failed"))
        return
    is_reset = redeemed.code == "reset"
    say(Notice(head=outcome_words(redeemed), tone="success" if is_reset else "warning"))
