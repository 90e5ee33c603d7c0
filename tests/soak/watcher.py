"""Reads `auth.json` all the time, as any other program might."""

import json
import os
import stat
import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

PAUSE = 0.001
"""Seconds between two reads; without any, the issuer in this process would hardly get its turn."""


@dataclass(frozen=True, slots=True)
class State:
    """A refresh token that was found in the file."""

    token: str
    """Its digest."""
    at: float
    """Unix seconds after the read."""


class Watcher:
    """A thread that reads until the context is left.

    Args:
        path: The file; it is there before.
        note: What the member `note` must be, whoever writes.
    """

    def __init__(self, path: Path, note: str) -> None:
        self._path = path
        self._note = note
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._last = b""
        self.reads = 0
        self.faults: list[str] = []
        """What was wrong with what was read; no token in it."""
        self.states: list[State] = []
        """Oldest first."""

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(10)
        self._look()

    def _watch(self) -> None:
        while not self._stop.wait(PAUSE):
            self._look()

    def _look(self) -> None:
        self.reads += 1
        try:
            with self._path.open("rb") as file:
                content = file.read()
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        except OSError as error:
            self._fault(f"it could not be read: {error}")
            return
        at = time.time()
        if mode != 0o600:
            self._fault(f"its mode was {mode:o}")
        if content == self._last:
            return
        self._last = content
        try:
            token = whole(json.loads(content), self._note)
        except (ValueError, KeyError, TypeError) as error:
            self._fault(f"{len(content)} bytes were not whole: {error!r}")
            return
        if not self.states or self.states[-1].token != token:
            self.states.append(State(token, at))

    def _fault(self, words: str) -> None:
        self.faults.append(f"read {self.reads}: {words}")


def whole(document: Any, note: str) -> str:
    """Digest of the refresh token of a document that has everything.

    Raises:
        ValueError: Something of it is not as it must be.
        KeyError: Something is missing.
    """
    tokens = cast("dict[str, str]", document["tokens"])
    _require("auth_mode", document["auth_mode"] == "chatgpt")
    _require("OPENAI_API_KEY", document["OPENAI_API_KEY"] is None)
    _require("last_refresh", document["last_refresh"].endswith("Z"))
    _require("note", document["note"] == note)
    _require("id_token", tokens["id_token"].count(".") == 2)
    _require("access_token", tokens["access_token"].count(".") == 2)
    _require("account_id", bool(tokens["account_id"]))
    _require("oauth_provenance", set(tokens["oauth_provenance"]) == {"issuer", "client_id"})
    _require("refresh_token", len(tokens["refresh_token"]) == len("rt_") + 86)
    return digest(tokens["refresh_token"])


def digest(token: str) -> str:
    """A name for a token, as the simulator has it."""
    return sha256(token.encode()).hexdigest()[:16]


def _require(name: str, is_right: bool) -> None:
    if not is_right:
        raise ValueError(f"{name} is not as it must be")
