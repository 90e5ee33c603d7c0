"""Limits that a test holds in its hands, for chats."""

from dataclasses import dataclass, field, replace

from services.errors import UnreachableError
from services.models.limit_history import PreSend
from services.models.limits import LimitSource, LimitsState, Standing, WindowState

START, RESET = 1_800_000_000.0, 1_800_003_600.0
FIVE = WindowState(
    id="codex/18000",
    limit_id="codex",
    window_seconds=18_000,
    used_percent=99.5,
    resets_at=RESET,
    as_of=START,
    source=LimitSource.POLL,
    period=3,
)
ASKED = PreSend(
    window_id=FIVE.id,
    label="5h",
    cost_percent=1.2,
    left_percent=0.5,
    resets_at=RESET,
    period=3,
)


def _known() -> LimitsState:
    return LimitsState(standing=Standing.KNOWN, windows=(FIVE,))


@dataclass
class Limits:
    """What a chat asks of limits."""

    state: LimitsState = field(default_factory=_known)
    answer: PreSend | None = None
    error: Exception | None = None
    asked: list[str] = field(default_factory=list[str])
    reads: int = 0
    next_state: LimitsState | None = None
    """What the next read finds; None where it fails."""

    def say(self, *, others: tuple[WindowState, ...] = (), **window: object) -> None:
        """Say something else of the window from now on."""
        now = replace(self.state.windows[0], **window)
        self.state = replace(self.state, windows=(now, *others))

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        assert not is_wanted
        self.reads += 1
        if self.next_state is None:
            raise UnreachableError("Nobody is there", next_step="Try again")
        self.state = self.next_state
        return self.state

    async def before_send(self, chat_id: str) -> PreSend | None:
        self.asked.append(chat_id)
        if self.error is not None:
            raise self.error
        return self.answer
