"""Redeeming a reset: the question before it, and what came of it in words."""

from app.screens.confirm import ConfirmScreen
from app.views.limits_words import at_words, exact, long_name, past_words
from services.errors import ServiceError
from services.limits.ports import OUTCOME_UNKNOWN
from services.models.failure import as_sentence
from services.models.limits import LimitsState, Redeemed, RedeemTry, ResetCredit, ResetCredits
from services.models.windows import MAIN
from widgets.glyphs import Glyphs

FOREVER = float("inf")


class RedeemScreen(ConfirmScreen):
    """Asks whether to redeem one reset; everything but a plain yes is a no."""

    def __init__(
        self, state: LimitsState, credit: ResetCredit | None, *, now: float, glyphs: Glyphs
    ) -> None:
        """The question.

        Args:
            state: What would be cleared.
            credit: Which one; None where the server chooses.
            now: Unix seconds.
            glyphs: Marks to draw with.
        """
        detail = " ".join([_cleared(state), _credit(credit, now), "This cannot be undone."])
        super().__init__("Redeem a reset?", detail, "redeem", glyphs=glyphs, no="keep it")


class RepeatScreen(ConfirmScreen):
    """Asks whether to ask for the reset once more of which it is not known what came."""

    def __init__(
        self,
        state: LimitsState,
        wish: RedeemTry,
        credit: ResetCredit | None,
        *,
        now: float,
        glyphs: Glyphs,
    ) -> None:
        """The question.

        Args:
            state: What would be cleared.
            wish: The try.
            credit: The reset that it named; None where it named none, or it is not known any more.
            now: Unix seconds.
            glyphs: Marks to draw with.
        """
        name = f' "{credit.title}"' if credit is not None and credit.title else ""
        detail = (
            f"A reset{name} was asked for {past_words(wish.at, now)}, and what came of that is not "
            "known. This asks for the same reset once more, which spends no second one. Where the "
            f"first try failed, {_lower(_cleared(state))} This cannot be undone."
        )
        super().__init__("Ask for the same reset again?", detail, "ask again", glyphs=glyphs)


def choose(resets: ResetCredits) -> ResetCredit | None:
    """The one to redeem: that which expires first; None where the server names none."""
    open_ones = [credit for credit in resets.credits if credit.status == "available"]
    return min(open_ones, key=_end, default=None)


def outcome_words(redeemed: Redeemed) -> str:
    """What came of it, one sentence."""
    match redeemed.code:
        case "reset":
            count = redeemed.windows_reset
            if count is None:
                return "The reset was redeemed: the windows begin anew."
            return f"The reset was redeemed: {count} {'window' if count == 1 else 'windows'} reset."
        case "nothing_to_reset":
            return "Nothing was redeemed: there is nothing to reset."
        case "no_credit":
            return "Nothing was redeemed: there is no reset left."
        case "already_redeemed":
            return "This reset was redeemed before: it was not spent a second time."


def failure_words(error: ServiceError) -> tuple[str, str]:
    """What went wrong, and what to do."""
    if error.code == OUTCOME_UNKNOWN:
        step = "u asks for the same reset again, which is safe: it cannot be redeemed twice."
        return as_sentence(error.message), step
    return f"Nothing was redeemed: {as_sentence(error.message)}", error.next_step


def _cleared(state: LimitsState) -> str:
    mine = [window for window in state.windows if window.limit_id == MAIN]
    if any(window.is_redeemed for window in mine):
        return "What the last reset cleared is not confirmed yet: there may be nothing to clear."
    used = [f"{long_name(w)} ({exact(w.used_percent)})" for w in mine if w.used_percent > 0.0]
    if not used:
        return "Nothing is used of your windows now, so that there is nothing to clear."
    return f"It clears what is used of {', '.join(used)}."


def _credit(credit: ResetCredit | None, now: float) -> str:
    if credit is None:
        return "It spends one reset; the server chooses which."
    name = f'the reset "{credit.title}"' if credit.title else "one reset"
    if credit.expires_at is None:
        return f"It spends {name}, which does not expire."
    return f"It spends {name}, which would expire {at_words(credit.expires_at, now)}."


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _end(credit: ResetCredit) -> float:
    return FOREVER if credit.expires_at is None else credit.expires_at
