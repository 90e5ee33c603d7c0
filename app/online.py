"""The provider's end of the services. Importing it takes longer than showing the last chat."""

import asyncio
import importlib
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Self, cast

from app.version import __version__
from services.auth.calls.user_agent import user_agent
from services.clock import Clock
from services.inference.stream import InferenceRequest, StreamValue
from services.models.catalogue import ModelInfo
from services.models.limits import Redeemed, ResetCredits, UsageReading
from services.provider import Provider

if TYPE_CHECKING:
    import httpx

    from services.auth.service import AuthService
    from services.catalogue import ModelCatalogue
    from services.inference.client import InferenceClient
    from services.limits.client import UsageClient


@dataclass(frozen=True, slots=True)
class _Parts:
    http: "httpx.AsyncClient"
    auth: "AuthService | None"
    inference: "InferenceClient"
    catalogue: "ModelCatalogue"
    usage: "UsageClient | None"
    """None where the provider has no limits to tell."""


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What takes long to import."""

    create_client: "Callable[..., httpx.AsyncClient]"
    inference: "type[InferenceClient]"
    catalogue: "type[ModelCatalogue]"
    usage: "type[UsageClient]"


class Online:
    """Asks the provider for answers and for its models.

    What that takes is imported, in a thread, when something is first asked. It is an async context
    manager; leaving it closes all connections.

    Args:
        provider: Who is asked.
        environ: Environment variables.
        models_cache: The file that keeps the list of models.
        clock: Time.
        new_id: Makes ids that are never used again.
        make_auth: Makes sign-in over a client, where the provider wants a login.
    """

    def __init__(
        self,
        *,
        provider: Provider,
        environ: Mapping[str, str],
        models_cache: Path,
        clock: Clock,
        new_id: Callable[[], str],
        make_auth: "Callable[[httpx.AsyncClient], AuthService] | None" = None,
    ) -> None:
        self._provider = provider
        self._environ = environ
        self._models_cache = models_cache
        self._clock = clock
        self._new_id = new_id
        self._make_auth = make_auth
        self._loading = asyncio.Lock()
        self._is_loaded = False
        self._can_read_answers = False
        self._parts: _Parts | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._parts is not None:
            if self._parts.auth is not None:
                await self._parts.auth.close()
            await self._parts.http.aclose()

    async def prepare(self) -> None:
        """Have ready what reads answers: somebody writes, and shall not wait for it later."""
        if not self._can_read_answers:
            await asyncio.to_thread(_import_readers)
            self._can_read_answers = True

    async def run(self, request: InferenceRequest) -> AsyncGenerator[StreamValue, None]:
        """Yield what the model answers; as `InferenceClient.run`.

        Raises:
            ServiceError: The budget of retries is spent, or the failure is final.
        """
        inference = (await self._imported()).inference
        await self.prepare()
        async with aclosing(inference.run(request)) as values:
            async for value in values:
                yield value

    async def models(self, *, refresh: bool = False) -> tuple[ModelInfo, ...]:
        """The models that the provider offers, best first; as `ModelCatalogue.models`.

        Args:
            refresh: Ask the server also when the list is fresh; its failure is then told.

        Raises:
            ServiceError: The server cannot be asked, and no list is known.
        """
        return await (await self._imported()).catalogue.models(refresh=refresh)

    async def default(self) -> str | None:
        """Slug of the model to take where the user named none."""
        return await (await self._imported()).catalogue.default()

    @property
    def is_spending(self) -> bool:
        """Whether a refresh token is out whose answer is not stored yet; nothing may end then."""
        auth = self._parts.auth if self._parts is not None else None
        return auth is not None and auth.is_spending

    @asynccontextmanager
    async def open_auth(self) -> "AsyncGenerator[AuthService]":
        """Sign-in of this run, which stays open afterwards.

        Raises:
            StorageError: The place of the login cannot be reached.
        """
        auth = (await self._imported()).auth
        assert auth is not None, "asked of a provider that wants no login"
        yield auth

    async def usage(self) -> UsageReading:
        """All windows of the account; as `UsageSource.usage`."""
        return await (await self._usage()).usage()

    async def reset_credits(self) -> ResetCredits:
        """The resets that can be redeemed; as `UsageSource.reset_credits`."""
        return await (await self._usage()).reset_credits()

    async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
        """Redeem a reset; as `UsageSource.redeem`."""
        return await (await self._usage()).redeem(request_id, credit_id)

    async def _usage(self) -> "UsageClient":
        usage = (await self._imported()).usage
        assert usage is not None, "asked of a provider without limits"
        return usage

    def lookup(self, slug: str) -> ModelInfo:
        """What is known of a model; fallback values where nothing is."""
        return self._made().catalogue.lookup(slug)

    async def _imported(self) -> _Parts:
        if self._parts is None:
            await asyncio.to_thread(_import)
        parts = self._made()
        if parts.auth is not None:
            async with self._loading:
                if not self._is_loaded:
                    await parts.auth.reload()
                    self._is_loaded = True
        return parts

    def _made(self) -> _Parts:
        if self._parts is None:
            kinds = _import()
            http = kinds.create_client(
                environ=self._environ,
                user_agent=user_agent(__version__, self._environ),
                clock=self._clock,
                connect_timeout=self._provider.connect_timeout,
                idle_timeout=self._provider.idle_timeout,
            )
            auth = self._make_auth(http) if self._make_auth is not None else None
            inference = kinds.inference(
                http,
                self._provider,
                self._clock,
                self._new_id,
                signers=auth.signer if auth is not None else None,
            )
            catalogue = kinds.catalogue(inference, self._models_cache, self._clock)
            usage = None
            if auth is not None:
                base = auth.provider.chatgpt_base_url
                usage = kinds.usage(http, base, self._clock, auth.signer)
            self._parts = _Parts(http, auth, inference, catalogue, usage)
        return self._parts


def _import() -> _Kinds:
    # httpx imports its own command line, and with it rich and click, where they are installed;
    # where they are not, it does without.
    sys.modules.setdefault("httpx._main", cast("ModuleType", None))
    from services.catalogue import ModelCatalogue
    from services.inference.client import InferenceClient
    from services.limits.client import UsageClient
    from services.transport.http import create_client

    return _Kinds(create_client, InferenceClient, ModelCatalogue, UsageClient)


def _import_readers() -> None:
    """What answers are read with: it weighs as much as all the rest, and the start needs none."""
    importlib.import_module("services.inference.completions")
    importlib.import_module("services.inference.responses")
