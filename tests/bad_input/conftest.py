"""The app of `tests/app`, with a server that is asked once only where a row wants no retries."""

from dataclasses import replace

import pytest

from services.provider import Provider
from tests.app.conftest import open_deck, provider, settings, sim

__all__ = ["open_deck", "provider", "settings", "sim"]


@pytest.fixture
def once(provider: Provider) -> Provider:
    """The provider without retries."""
    return replace(provider, request_retries=0, stream_retries=0)
