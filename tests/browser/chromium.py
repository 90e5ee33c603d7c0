"""A headless Chromium, driven by its own WebDriver over plain HTTP.

Requests and answers: https://www.w3.org/TR/webdriver2/.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROGRAMS = ("chromium", "chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""Key of an element's id in an answer."""
PATIENCE = 60.0


def missing_programs() -> list[str]:
    """Programs of the operating system that are not there."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Page:
    """What the one window shows."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._call("POST", "/url", url=url)

    def click(self, css: str) -> None:
        """Click the only element of a selector, and wait for the page that it leads to."""
        (found,) = self._call("POST", "/elements", using="css selector", value=css)
        self._call("POST", f"/element/{found[ELEMENT]}/click")

    def wait_for(self, address: str) -> None:
        """Wait until it is at an address that begins so.

        Raises:
            AssertionError: It never was.
        """
        until = time.monotonic() + PATIENCE
        while not self.url.startswith(address):
            assert time.monotonic() < until, f"{self.url} is not {address}"

    def count(self, css: str) -> int:
        """How many elements a selector finds."""
        return len(self._call("POST", "/elements", using="css selector", value=css))

    def ask(self, script: str) -> Any:
        """The value of a script's `return`, run by the driver and not by the page."""
        return self._call("POST", "/execute/sync", script=script, args=[])

    @property
    def url(self) -> str:
        return self._call("GET", "/url")

    @property
    def source(self) -> str:
        return self._call("GET", "/source")

    @property
    def text(self) -> str:
        """What a person reads."""
        return self.ask("return document.body.innerText")

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, path, json=body if method == "POST" else None)
        value = answer.json()["value"]
        assert answer.is_success, value
        return value


@contextmanager
def chromium() -> Generator[Page]:
    """A browser with a profile of its own; it has ended when the block has."""
    with tempfile.TemporaryDirectory(prefix="fd-") as profile, _driver(Path(profile)) as address:
        options = {"args": [*FLAGS, f"--user-data-dir={profile}/data"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        body = {"capabilities": {"alwaysMatch": wanted}}
        with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as http:
            answer = http.post("/session", json=body)
            assert answer.is_success, answer.text
            session = f"/session/{answer.json()['value']['sessionId']}"
            with httpx.Client(
                base_url=address + session, timeout=PATIENCE, trust_env=False
            ) as window:
                try:
                    yield Page(window)
                finally:
                    http.delete(session)


@contextmanager
def _driver(home: Path) -> Generator[str]:
    """Address of a driver that listens."""
    driver = subprocess.Popen(
        ["chromedriver", "--port=0"],
        env={**os.environ, "HOME": str(home), "TMPDIR": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert driver.stdout is not None
    with driver.stdout as said:
        try:
            started = (re.search(r"successfully on port (\d+)", line) for line in said)
            port = next(found[1] for found in started if found)
            yield f"http://127.0.0.1:{port}"
        finally:
            driver.terminate()
            driver.wait(20)
