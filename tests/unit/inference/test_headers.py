"""Who we are in a request: never left out without a word."""

from typing import TYPE_CHECKING

import pytest

from services.errors import CredentialsError, ServiceError
from services.provider import Secret

if TYPE_CHECKING:
    from tests.unit.inference.conftest import Asked

BAD = ["sk-aé", "sk-\udce9", "sk-a\nb", "sk-a b", ""]


@pytest.mark.parametrize("key", BAD)
async def test_nothing_is_asked_with_a_key_that_cannot_be_sent(asked: "Asked", key: str) -> None:
    client = asked.client(key=Secret(key), key_source="MY_KEY")
    _, error = await asked.run_to_error(client)
    assert isinstance(error, CredentialsError)
    assert "MY_KEY" in error.message
    with pytest.raises(CredentialsError):
        await client.models()
    assert asked.server.requests == []


async def test_nothing_is_asked_without_a_header_that_was_configured(asked: "Asked") -> None:
    client = asked.client(headers=(("Authorization", "Basic é"),))
    _, error = await asked.run_to_error(client)
    assert isinstance(error, ServiceError)
    assert "authorization" in error.message
    with pytest.raises(ServiceError, match="authorization"):
        await client.models()
    assert asked.server.requests == []
