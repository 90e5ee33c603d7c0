"""The stage that flows are played on."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.auth.flows.stage import Stage, stage


@pytest.fixture
async def play() -> AsyncIterator[Stage]:
    async with stage() as running:
        yield running
