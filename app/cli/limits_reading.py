"""What the commands of limits work with, and when they ask the server."""

from typing import Final, Protocol

from services.auth.signed_out import signed_out
from services.bus import EventBus
from services.clock import Clock
from services.errors import ServiceError
from services.limits.ports import Limits
from services.models.failure import Failure
from services.models.limits import LimitsState, Standing

FRESH: Final = 60.0
"""Seconds for which a reading needs no other one."""
PATIENCE: Final = 8
"""How often it is looked whether another process has read the first numbers."""
LOOK: Final = 0.5
"""Seconds between two of these looks."""
NO_WINDOWS: Final = "note: There are no limit windows: only a ChatGPT login has them."


class Parts(Protocol):
    """Of the services, what these commands need."""

    @property
    def limits(self) -> Limits:
        """The limits of the account."""
        ...

    @property
    def bus(self) -> EventBus:
        """Tells of changes."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...


async def up_to_date(
    services: Parts, *, is_wanted: bool = False
) -> tuple[LimitsState, Failure | None]:
    """What is known, read anew where it is older than a minute.

    Args:
        services: Of this run.
        is_wanted: Read it even so; not if some process did within ten seconds.

    Returns:
        The state, and why it could not be read by whoever asked last.

    Raises:
        CredentialsError: Nobody is signed in.
    """
    limits, clock = services.limits, services.clock
    state = limits.state
    if state.standing is Standing.SIGNED_OUT:
        raise signed_out()
    if state.standing is Standing.API_KEY:
        return state, None
    is_old = state.as_of is None or abs(clock.now() - state.as_of) > FRESH
    if is_wanted or is_old:
        try:
            state = await limits.refresh(is_wanted=is_wanted)
            for _ in range(PATIENCE):
                if state.as_of is not None or state.failure is not None:
                    break
                # Another process asks for the first time; what it is told is ours too.
                await clock.sleep(LOOK)
                state = await limits.refresh(is_wanted=is_wanted)
        except ServiceError as error:
            return limits.state, error.failure
    return state, state.failure
