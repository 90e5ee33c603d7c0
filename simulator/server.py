"""The simulator as a server: inside a test's process, or as a process of its own."""

import asyncio
import contextlib
import math
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.auth.account import Account
from simulator.auth.clock import Clock
from simulator.auth.desk import Desk
from simulator.auth.issuer import Issuer
from simulator.auth.ledger import Refresh
from simulator.control import Control
from simulator.faults import Fault, parse_fault
from simulator.flags import TOKEN_LIFE
from simulator.inference import Inference
from simulator.limits.clock import StoryClock
from simulator.limits.desk import LimitsDesk
from simulator.limits.keeping import Limits
from simulator.limits.stories import USUAL, find_limits
from simulator.limits.story import LimitStory
from simulator.recording import Recorded
from simulator.script import Gate, Script
from simulator.stage import Marked, Stage
from simulator.stories.shelf import find_story, limits_of
from simulator.teller import Story, Teller
from simulator.wham.usage import Usage

START_TIMEOUT = 20.0
"""Seconds until a server that does not listen is given up."""
SETTLING_ROUNDS = 5
"""Rounds of the loop in which what was accepted just now becomes known, and lost again."""


class _Protocol(H11Protocol):
    """HTTP that hands each request its transport, so that a script can abort it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """A server that sleeps until it is stopped, and then stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self.on_listening: Callable[[int], None] = lambda _port: None

    def stop(self) -> None:
        """End `serve`; on the server's own loop."""
        self._stopping.set()

    async def main_loop(self) -> None:
        listening: socket.socket = self.servers[0].sockets[0]
        self.on_listening(listening.getsockname()[1])
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets
        # Closed at once, asyncio would lose the connections that it is just accepting, unclosed.
        loop = asyncio.get_running_loop()
        for server in self.servers:
            for listening in server.sockets:
                loop.remove_reader(listening.fileno())
        for _ in range(SETTLING_ROUNDS):
            for connection in list(self.server_state.connections):
                connection.transport.abort()
            tasks = list(self.server_state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Signals are the business of whoever runs the loop."""
        yield


class Simulator:
    """Every backend on a loopback port.

    As a context manager (`with` or `async with`) it runs in a thread with a loop of its own, so
    it answers whatever the test's loop does. `serve` runs it in the current loop instead.
    """

    def __init__(
        self,
        *,
        story: str | Story = "day",
        limits: str | LimitStory | None = None,
        seed: int | None = 0,
        speed: float = math.inf,
        port: int = 0,
        api_key: str | None = "sk-sim-foredeck",
        faults: Sequence[Fault | str] = (),
        token_life: float = TOKEN_LIFE,
        token_spent: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare a server.

        Args:
            story: Name of a story (`simulator.stories.shelf`), or a story.
            limits: Name of a limit story (`simulator.limits.stories`), or one; the story's own
                if None.
            seed: Of ids, pace and choice; None for a new one each time.
            speed: 1 is human pace, infinity (the default, for tests) leaves out all waits of
                stories. `Wait` steps of scripts are always as long as they say.
            port: 0 takes a free one.
            api_key: The key that `/v1` wants; None if it wants none.
            faults: Injected from the start, as `--fail` has them.
            token_life: Seconds from `iat` to `exp` of access tokens.
            token_spent: Seconds of that life that are over when they are issued.
            clock: Unix seconds; what tokens, dates and limits go by.

        Raises:
            KeyError: There is no such story.
            ValueError: There is no such limit story.
            FaultError: A fault means nothing.
        """
        self.api_key = api_key
        self.stage = Stage([f if isinstance(f, Fault) else parse_fault(f) for f in faults])
        tell = find_story(story) if isinstance(story, str) else story
        self.auth = Issuer(self.stage, lambda: self.issuer, Clock(clock))
        self.auth.ledger.life, self.auth.ledger.spent = token_life, token_spent
        if limits is None:
            limits = limits_of(story) if isinstance(story, str) else USUAL
        self.limits = Limits(
            find_limits(limits) if isinstance(limits, str) else limits,
            StoryClock(self.auth.clock.now, speed),
            lambda: self.account,
        )
        if self.limits.story.plan is not None:
            self.account = replace(self.account, plan=self.limits.story.plan)
        teller = Teller(tell, speed=speed, seed=seed)
        inference = Inference(self.stage, teller, self.limits, self.auth, api_key)
        routes = [
            *Control(self.stage).routes(),
            *Desk(self.auth).routes(),
            *LimitsDesk(self.limits).routes(),
            *Usage(self.stage, self.auth, self.limits, speed=speed).routes(),
            *self.auth.routes(),
            *inference.routes(),
        ]
        self._app = Starlette(routes=routes)
        self._wanted_port = port
        self._port = 0
        self._server: _Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listening = threading.Event()
        self._failure: BaseException | None = None

    @property
    def port(self) -> int:
        """Port it listens on; 0 before it does."""
        return self._port

    @property
    def issuer(self) -> str:
        """Root of everything, `/_sim` included."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def openai_base_url(self) -> str:
        """Base URL in the manner of api.openai.com."""
        return f"{self.issuer}/v1"

    @property
    def chatgpt_base_url(self) -> str:
        """Base URL in the manner of chatgpt.com; `/codex` lies below it."""
        return f"{self.issuer}/backend-api"

    @property
    def codex_base_url(self) -> str:
        """Base URL of the Codex backend's models and responses."""
        return f"{self.chatgpt_base_url}/codex"

    @property
    def requests(self) -> list[Recorded]:
        """What was sent, oldest first, credentials masked."""
        return self.stage.recording.all()

    def sent(self, path_end: str) -> list[Recorded]:
        """The requests whose path ends so (`/responses`)."""
        return [request for request in self.requests if request.path.endswith(path_end)]

    @property
    def marks(self) -> list[Marked]:
        """The marks that were reached, oldest first."""
        return self.stage.marks()

    @property
    def account(self) -> Account:
        """Who signs in from now on."""
        return self.auth.policy.account

    @account.setter
    def account(self, account: Account) -> None:
        self.auth.policy.account = account

    def issue(self, account: Account | None = None, **more: Any) -> dict[str, Any]:
        """A fresh sign-in without a flow, in the form of `auth.json`: see `Issuer.issue`."""
        return self.auth.issue(account, **more)

    def backend_headers(self, login: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Headers with which the backend takes a call; of a new sign-in if none is given."""
        tokens = (login or self.issue())["tokens"]
        headers = {
            "authorization": f"Bearer {tokens['access_token']}",
            "originator": "test",
            "user-agent": "test/1.0",
        }
        if tokens["account_id"] is not None:
            headers["chatgpt-account-id"] = tokens["account_id"]
        return headers

    @property
    def refreshes(self) -> list[Refresh]:
        """Every refresh token that was ever sent, oldest first."""
        return self.auth.refreshes

    def script(self, route: str, steps: Script) -> None:
        """Script the next unscripted call of a route (`simulator.faults.ROUTES`)."""
        self.stage.script(route, steps)

    def fail(self, spec: str) -> None:
        """Inject a fault from now on, in the words of `--fail`."""
        self.stage.fail(parse_fault(spec))

    def gate(self, name: str = "") -> Gate:
        """A gate for a script."""
        return self.stage.gate(name) if name else Gate()

    async def serve(self, on_listening: Callable[[int], None] = lambda _port: None) -> None:
        """Serve in the current loop until `stop`; `on_listening` gets the port.

        Raises:
            OSError: The port is taken.
        """
        config = uvicorn.Config(
            self._app,
            host="127.0.0.1",
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=3600,
        )
        # Named as TCP, or asyncio leaves out TCP_NODELAY and each answer takes 40 ms.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        with contextlib.closing(listening):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", self._wanted_port))
            server = _Server(config)
            self._server, self._loop = server, asyncio.get_running_loop()
            self._port = listening.getsockname()[1]
            server.on_listening = on_listening
            await server.serve([listening])

    def stop(self) -> None:
        """End `serve`, from any thread."""
        if self._server is not None and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._server.stop)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        if not self._listening.wait(START_TIMEOUT) or self._failure is not None:
            raise RuntimeError("the simulator does not listen") from self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join(START_TIMEOUT)

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, traceback)

    def _run(self) -> None:
        try:
            asyncio.run(self.serve(lambda _port: self._listening.set()))
        except BaseException as error:
            self._failure = error
            self._listening.set()


def make_key() -> str:
    """A key that looks like one and is good for one run."""
    return f"sk-sim-{secrets.token_hex(16)}"
