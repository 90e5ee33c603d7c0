"""The simulator as a process of its own, scripted over HTTP."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from benchmarks.material import Steps

TREE = Path(__file__).resolve().parent.parent


class Server:
    """Serves on loopback until the context is left, on the processors of this process."""

    issuer: str
    chatgpt_base_url: str
    openai_base_url: str
    api_key: str

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "--speed", "inf", "--exit-with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=TREE,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        )
        assert self._process.stdout is not None
        place: dict[str, str] = json.loads(self._process.stdout.readline())
        self._root = self.issuer = place["issuer"]
        self.chatgpt_base_url = place["chatgpt_base_url"]
        self.openai_base_url = place["openai_base_url"]
        self.api_key = place["api_key"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def script(self, steps: Steps) -> None:
        """What the next unscripted turn plays."""
        self._call("/_sim/script", {"route": "responses", "steps": steps})

    def mark_time(self, name: str) -> float:
        """When the newest mark of that name was reached, in seconds of the monotonic clock.

        Raises:
            KeyError: It was not.
        """
        ahead = time.time() - time.monotonic()
        found = [mark["at"] for mark in self._call("/_sim/marks") if mark["name"] == name]
        if not found:
            raise KeyError(name)
        return float(found[-1]) - ahead

    def _call(self, path: str, value: object = None) -> list[dict[str, Any]]:
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(self._root + path, data)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
        return cast("list[dict[str, Any]]", json.loads(body)) if body else []
