"""What the chat service asks of its collaborators: the least of each."""

from collections.abc import AsyncGenerator
from typing import Protocol

from services.inference.stream import InferenceRequest, StreamValue
from services.models.catalogue import ModelInfo


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
