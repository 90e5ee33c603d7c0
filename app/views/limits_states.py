"""What the view of all limits says when something is not as usual, and what to do then."""

from dataclasses import dataclass
from typing import Literal

from app.views.limits_words import at_words, old, refusal_words
from services.models.failure import Failure, as_sentence
from services.models.limits import LimitsState, Standing
from services.models.windows import MAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that is said above the windows."""

    head: str
    next_step: str = ""
    """What to do, muted."""
    tone: Literal["text", "muted", "warning", "failed", "success"] = "text"


def notice_of(state: LimitsState, now: float, ellipsis: str) -> Notice | None:
    """Why there are no numbers, or what is wrong with them; None where all is well.

    Args:
        state: What is known.
        now: Unix seconds.
        ellipsis: One cell.
    """
    match state.standing:
        case Standing.SIGNED_OUT:
            return Notice(
                head="Nobody is signed in, so there are no limits to show.",
                next_step="Sign in with ChatGPT: :login",
            )
        case Standing.API_KEY:
            return Notice(
                head="Only a ChatGPT login has limit windows.",
                next_step="Sign in with ChatGPT to see the limits of a plan: :login",
            )
        case Standing.UNKNOWN if state.failure is None:
            return Notice(head=f"reading{ellipsis}", tone="muted")
        case _:
            pass
    if state.failure is not None:
        return failed(state, state.failure, now)
    refused = _refused(state, now)
    is_empty = not (state.windows or state.refused or state.spend_control)
    if refused is None and is_empty:
        return Notice(
            head="The plan names no limit.", next_step="A plan may have lapsed. r asks again"
        )
    return refused


def failed(state: LimitsState, failure: Failure, now: float) -> Notice:
    """The last reading failed; the numbers are those of before."""
    age = "There are no numbers yet."
    if state.as_of is not None:
        age = f"The numbers are {old(now - state.as_of)} old."
    steps = [as_sentence(failure.next_step)] if failure.next_step else []
    if failure.retry_at is not None and failure.retry_at > now:
        steps.append(f"Asked again {at_words(failure.retry_at, now)}.")
    steps.append("r tries again")
    return Notice(
        head=as_sentence(failure.message), next_step=" ".join([age, *steps]), tone="failed"
    )


def _refused(state: LimitsState, now: float) -> Notice | None:
    """The server's own verdict, where no window shows it."""
    if state.allowed is not False or any(window.is_refused for window in state.windows):
        return None
    ends = [each.resets_at for each in state.windows if each.is_over and each.limit_id == MAIN]
    last = max((end for end in ends if end is not None), default=None)
    steps: list[str] = []
    is_spent = state.spend_control is not None and state.spend_control.reached
    if last is None or is_spent:
        steps.append("Credits, or the owner of the workspace, can help")
    elif last > now and None not in ends:
        steps.append(f"Wait until {at_words(last, now)}")
    if ends and state.reset_credits is not None and state.reset_credits.available:
        steps.append("u redeems a reset, and asks first")
    return Notice(
        head=f"The server refuses calls now: {refusal_words(state)}.",
        next_step=". ".join(steps),
        tone="failed",
    )
