"""Redeeming a reset from the view of all limits: read, ask, send, say what came of it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.screens.confirm import ConfirmScreen
from app.screens.redeem import (
    RedeemScreen,
    RepeatScreen,
    choose,
    failure_words,
    outcome_words,
)
from app.views.limits_states import Notice
from services.errors import ServiceError
from services.models.limits import ResetCredits
from widgets.glyphs import Glyphs

if TYPE_CHECKING:
    from services.limits.ports import Limits


async def ask_and_redeem(
    limits: "Limits",
    *,
    ask: Callable[[ConfirmScreen], Awaitable[bool | None]],
    say: Callable[[Notice | None], None],
    now: Callable[[], float],
    glyphs: Glyphs,
) -> None:
    """Ask with what is true now, and redeem after a plain yes.

    Where it is not known what came of the last try, the question is about that one.

    Args:
        limits: Redeems.
        ask: Shows the question, and waits for the answer.
        say: Shows a notice; None takes it away.
        now: Unix seconds.
        glyphs: Marks to draw with.
    """
    try:
        say(Notice(head=f"reading the resets{glyphs.ellipsis}", tone="muted"))
        wish = await limits.open_redeem()
        resets = await _resets(limits, is_needed=wish is None)
        say(None)
        if wish is None and not resets.available:
            say(Notice(head="There is no reset to redeem.", tone="warning"))
            return
    except ServiceError as error:
        say(Notice(head=error.failure.line, next_step="Nothing was redeemed.", tone="failed"))
        return
    if wish is None:
        credit = choose(resets)
        chosen = None if credit is None else credit.id
        question = RedeemScreen(limits.state, credit, now=now(), glyphs=glyphs)
    else:
        chosen = wish.credit_id
        credit = next((each for each in resets.credits if each.id == chosen), None)
        question = RepeatScreen(limits.state, wish, credit, now=now(), glyphs=glyphs)
    if await ask(question) is not True:
        return
    say(Notice(head=f"redeeming{glyphs.ellipsis}", tone="muted"))
    try:
        redeemed = await limits.redeem(chosen)
    except ServiceError as error:
        head, step = failure_words(error)
        say(Notice(head=head, next_step=step, tone="failed"))
        return
    is_good = redeemed.code == "reset" or (wish is not None and redeemed.code == "already_redeemed")
    say(Notice(head=outcome_words(redeemed), tone="success" if is_good else "warning"))


async def _resets(limits: "Limits", *, is_needed: bool) -> ResetCredits:
    """The resets; none where they cannot be read and are only wanted for a name.

    Raises:
        ServiceError: They are needed, and cannot be read.
    """
    try:
        return await limits.reset_credits()
    except ServiceError:
        if is_needed:
            raise
        return ResetCredits(available=0)
