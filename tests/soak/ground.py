"""One login on a disk, the issuer that renews it, and what is measured of both."""

import http.client
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.answers import Answer, Say
from simulator.server import Simulator
from tests.soak.watcher import Watcher, digest

ROOT = Path(__file__).resolve().parents[2]
HEARD = "heard-"
"""Begins every answer; what was asked follows."""
NOTE = "of another program"
"""Value of a member that only somebody else knows."""

FREE = {"used_percent": 5, "per_turn": 0, "per_hour": 0}
"""Of a window that nothing fills."""


def echo(asked: Any, _rng: Any) -> Answer:
    """A story whose answers tell which question they are for."""
    return Answer([Say(f"{HEARD}{asked.prompt}")])


@dataclass(frozen=True, slots=True)
class Moment:
    """From a refresh's request, as the issuer had it, to the moment a reader had its answer."""

    seconds: float
    token: str


class Ground:
    """A user's machine: one `auth.json`, and programs of different names that use it."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.codex_home = folder / "codex"
        self.codex_home.mkdir(mode=0o700)
        self.auth_file = self.codex_home / "auth.json"
        # Hundreds of turns would fill the account's windows, and each be asked about from then on.
        sim.limits.set(windows=[{"slot": slot, **FREE} for slot in ("primary", "secondary")])

    def sign_in(self) -> None:
        """Put a fresh login there, with a member that we do not know."""
        login = {**self.sim.issue(), "note": NOTE}
        self.auth_file.touch(mode=0o600)
        self.auth_file.write_text(json.dumps(login, indent=2))

    def environ(self, name: str) -> dict[str, str]:
        """Surroundings of the program of that name; the issuer sees the name as originator."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CODEX_HOME": str(self.codex_home),
            "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": name,
            "FOREDECK_HOME": str(self.folder / name),
            "FOREDECK_ISSUER": self.sim.issuer,
            "FOREDECK_CHATGPT_BASE_URL": self.sim.chatgpt_base_url,
            "FOREDECK_OPENAI_BASE_URL": self.sim.openai_base_url,
        }

    def stored(self) -> dict[str, Any]:
        """What lies on the disk."""
        return json.loads(self.auth_file.read_bytes())

    @property
    def stored_token(self) -> str:
        """Digest of the refresh token that lies on the disk."""
        return digest(self.stored()["tokens"]["refresh_token"])

    def is_between(self, name: str) -> bool:
        """Whether a program has spent the refresh token and not stored what it got for it.

        The program must stand still. What it has sent is known to the issuer before this looks.
        """
        self._let_the_issuer_read()
        stored = self.stored_token
        return any(
            refresh.token == stored and refresh.request.headers.get("originator") == name
            for refresh in self.sim.refreshes
        )

    def moments(self, watcher: Watcher) -> Iterator[Moment]:
        """The time between each request and the write of its answer."""
        sent = {refresh.token: refresh.at for refresh in self.sim.refreshes}
        states = watcher.states
        for before, after in itertools.pairwise(states):
            if before.token in sent:
                yield Moment(after.at - sent[before.token], before.token)

    def _let_the_issuer_read(self) -> None:
        """Return after the issuer has read all that was in its sockets.

        Its loop serves every socket that is ready before it comes back to one; a request takes it
        three rounds (accept, read, answer), and this one began after all that matter.
        """
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", self.sim.port, timeout=30)
            try:
                connection.request("GET", "/_sim/marks")
                connection.getresponse().read()
            finally:
                connection.close()
