"""A home with a login in it, a simulator that gave it, and the services over both."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from app.accounts import auth_settings, login_storage, make_auth
from app.providers import choose_provider
from app.settings import load_settings
from services.auth.service import AuthService
from services.bus import EventBus, Subscription
from services.clock import Clock, SystemClock
from services.events import AnyEvent, SignInNeeded
from services.inference.client import InferenceClient
from services.inference.stream import InferenceRequest, StreamValue, Text
from services.models.account import AccountMode
from services.transport.http import create_client
from simulator.server import Simulator

LIMIT = 10.0


@dataclass
class Desk:
    """Sign-in as it runs, and an inference client whose calls it signs."""

    auth: AuthService
    client: InferenceClient
    http: httpx.AsyncClient
    told: Subscription
    heard: list[AnyEvent] = field(default_factory=list[AnyEvent])

    async def ask(self, words: str = "Hello") -> str:
        """The answer's text."""
        values = [value async for value in self.client.run(request(words))]
        return "".join(value.text for value in values if isinstance(value, Text))

    async def values(self) -> list[StreamValue]:
        return [value async for value in self.client.run(request("Hello"))]

    def ended(self) -> list[str]:
        """What was said of a login that is over."""
        self.heard += self.told.take()
        return [each.failure.message for each in self.heard if isinstance(each, SignInNeeded)]


def request(words: str) -> InferenceRequest:
    content = [{"type": "input_text", "text": words}]
    return InferenceRequest(
        turn_id="t",
        conversation_id="11111111-1111-4111-8111-111111111111",
        model="gpt-5.5",
        instructions="Be brief.",
        history=({"type": "message", "role": "user", "content": content},),
    )


async def until(condition: Callable[[], object]) -> None:
    """Let the loop go on until `condition` holds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


@dataclass
class Home:
    """Where Codex's login lies, and the environment of a run."""

    sim: Simulator
    path: Path
    environ: dict[str, str]

    @property
    def file(self) -> Path:
        return self.path / "auth.json"

    def plant(self, **more: Any) -> dict[str, Any]:
        """A login of the simulator's in the file; arguments as of `Simulator.issue`."""
        return self.write(self.sim.issue(**more))

    def write(self, document: Mapping[str, Any]) -> dict[str, Any]:
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(document))
        return dict(document)

    def stored(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.file.read_text()))

    def tokens(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.stored()["tokens"])

    def open(
        self, flags: Mapping[str, Any] | None = None, clock: Clock | None = None
    ) -> AbstractAsyncContextManager[Desk]:
        return opened(self, dict(flags or {}), clock or SystemClock())


class LeapingClock(SystemClock):
    """Real time, but whoever waits finds that it has passed."""

    def __init__(self) -> None:
        self.leapt = 0.0

    def now(self) -> float:
        return super().now() + self.leapt

    def monotonic(self) -> float:
        return super().monotonic() + self.leapt

    async def sleep(self, seconds: float) -> None:
        self.leapt += seconds


@asynccontextmanager
async def opened(home: Home, flags: dict[str, Any], clock: Clock) -> AsyncGenerator[Desk]:
    settings = load_settings(flags, home.environ)
    how = auth_settings(settings, home.environ)
    storage = login_storage(how, home.environ, is_interactive=True)
    http = create_client(environ=home.environ, user_agent="foredeck/test", clock=clock)
    bus = EventBus()
    with bus.subscribe() as told:
        async with http, make_auth(how, storage, http, clock, bus) as auth:
            provider = choose_provider(settings, home.environ, AccountMode.CHATGPT)
            assert provider is not None
            client = InferenceClient(http, provider, clock, lambda: "id", signers=auth.signer)
            yield Desk(auth, client, http, told)


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    async with Simulator(story="day") as simulator:
        yield simulator


@pytest.fixture
def home(sim: Simulator, tmp_path: Path) -> Home:
    path = tmp_path / "codex"
    path.mkdir(mode=0o700)
    environ = {
        "HOME": str(tmp_path / "home"),
        "FOREDECK_HOME": str(tmp_path / "foredeck"),
        "CODEX_HOME": str(path),
        "FOREDECK_ISSUER": sim.issuer,
        "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
        "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
    }
    return Home(sim, path, environ)
