"""Finding out what a server is before anything is said to it."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx

from services.clock import Clock, SystemClock
from services.errors import NotFoundError, ServiceError
from services.inference.client import InferenceClient
from services.provider import Provider, Secret
from services.transport.http import create_client

LOOK_LIMIT = 1.5
"""Seconds that a server on this machine may take to say what it has."""
TRY_LIMIT = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server that answers on this machine."""

    name: str
    base_url: str
    models: int


async def find_servers(places: Mapping[str, str]) -> tuple[FoundServer, ...]:
    """Which of these places answer, in their order.

    Args:
        places: Base URLs by name.
    """

    async def look(name: str, url: str) -> FoundServer | None:
        provider = Provider(id=name, name=name, base_url=url, request_retries=0)
        try:
            async with asyncio.timeout(LOOK_LIMIT), _client(provider) as client:
                inference = InferenceClient(client, provider, SystemClock(), str)
                return FoundServer(name=name, base_url=url, models=len(await inference.models()))
        except (ServiceError, TimeoutError):
            return None

    found = await asyncio.gather(*(look(name, url) for name, url in places.items()))
    return tuple(server for server in found if server is not None)


async def probe(provider: Provider) -> Provider:
    """Ask a server for its models, and find out which wire it speaks.

    Args:
        provider: Where, and with which key.

    Returns:
        The provider with the wire it speaks: Chat Completions where there are no Responses.

    Raises:
        ServiceError: It cannot be reached, or refuses.
    """
    once = replace(provider, request_retries=0, stream_retries=0)
    async with asyncio.timeout(TRY_LIMIT), _client(once) as client:
        try:
            await InferenceClient(client, once, SystemClock(), str).models()
        except NotFoundError as error:
            raise NotFoundError(
                "There is a server, but it has no models at that address",
                next_step="Most addresses end in /v1",
                status=error.status,
            ) from error
        has_responses = await _has_responses(client, once)
    return provider if has_responses else replace(provider, wire="chat")


async def check_key(http: httpx.AsyncClient, base_url: str, key: Secret, clock: Clock) -> None:
    """Ask once for the models, which says whether a key is good.

    Args:
        http: From `create_client`.
        base_url: Where the key is for.
        key: An API key.
        clock: Time.

    Raises:
        ServiceError: It is refused, or the server was not reached.
    """
    provider = Provider(
        id="openai",
        name="OpenAI",
        base_url=base_url,
        key=key,
        key_source="the key you typed",
        request_retries=0,
    )
    await InferenceClient(http, provider, clock, str).models()


def _client(provider: Provider) -> httpx.AsyncClient:
    return create_client(
        environ=os.environ,
        user_agent="foredeck",
        connect_timeout=min(5.0, provider.connect_timeout),
        idle_timeout=TRY_LIMIT,
    )


async def _has_responses(client: httpx.AsyncClient, provider: Provider) -> bool:
    """Whether the path exists: an empty body is refused there, and 404 or 405 elsewhere."""
    headers = {"authorization": f"Bearer {provider.key.reveal()}"} if provider.key else {}
    try:
        answer = await client.post(f"{provider.base_url}/responses", json={}, headers=headers)
    except httpx.HTTPError:
        return True
    return answer.status_code not in {404, 405, 501}
