"""What the chat service asks of its collaborators: the least of each."""

from collections.abc import AsyncGenerator
from typing import Protocol

from services.inference.stream import InferenceRequest, StreamValue
from services.models.catalogue import ModelInfo
from services.models.limit_history import PreSend
from services.models.limits import LimitsState


class Inference(Protocol):
    """Runs one request of a turn, its retries included."""

    def run(self, request: InferenceRequest) -> AsyncGenerator[StreamValue, None]:
        """Yield what the model answers.

        Raises:
            ServiceError: The budget of retries is spent, or the failure is final.
        """
        ...


class Catalogue(Protocol):
    """The models that the provider offers."""

    async def default(self) -> str | None:
        """Slug of the model to take where the user named none."""
        ...

    def lookup(self, slug: str) -> ModelInfo:
        """What is known of a model; fallback values where nothing is."""
        ...


class Limits(Protocol):
    """What is known of the limits that turns are counted in."""

    @property
    def state(self) -> LimitsState:
        """How they stand."""
        ...

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        """Read them now, where nobody did for a minute, or lately and the user wants it.

        Raises:
            ServiceError: They could not be read.
        """
        ...

    async def before_send(self, chat_id: str) -> PreSend | None:
        """What the next turn of a chat costs, where that is more than is left; else None."""
        ...
