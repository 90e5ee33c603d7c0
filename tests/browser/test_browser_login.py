"""Signing in by a real browser: the command, the issuer's page, and the page it ends at."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from simulator.server import Simulator
from tests.browser.chromium import Page, chromium, missing_programs

# The issuer knows two ports, so whoever listens on them in earnest does it in turn.
pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.xdist_group("callback ports")]

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"http://\S+/oauth/authorize\?\S+")


def missing(reason: str) -> NoReturn:
    """Skip, or fail where everything has to be there (`FOREDECK_CI=1`)."""
    if os.environ.get("FOREDECK_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def page() -> Iterator[Page]:
    if absent := missing_programs():
        missing(f"not installed: {', '.join(absent)}")
    with chromium() as page:
        yield page


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Foredeck:
    """Runs commands whose Codex home and issuer are the test's."""

    def __init__(self, sim: Simulator, home: Path) -> None:
        home.mkdir(mode=0o700)
        self.file = home / "auth.json"
        self._environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CODEX_HOME": str(home),
            "FOREDECK_ISSUER": sim.issuer,
            "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
        }

    @contextmanager
    def start(self, *arguments: str) -> Generator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=self._environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def status(self) -> dict[str, Any]:
        with self.start("login", "status", "--json") as process:
            out, _ = process.communicate(timeout=30)
        return json.loads(out)


@pytest.fixture
def foredeck(sim: Simulator, tmp_path: Path) -> Foredeck:
    return Foredeck(sim, tmp_path / "codex")


def address_of(process: subprocess.Popen[str]) -> str:
    """The address that the command asks to be opened."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if found := ADDRESS.search(line):
            return found.group()
    pytest.fail("no address to open:\n" + "".join(lines))


def finish(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=30)
    return Ended(process.returncode, out, err)


def assert_plain(page: Page, port: str) -> None:
    """Nothing on the page runs or comes from elsewhere, and it is ours."""
    page.wait_for(f"http://127.0.0.1:{port}/auth/callback?")
    assert page.ask("return document.scripts.length") == 0
    assert page.ask("return performance.getEntriesByType('resource').length") == 0
    assert page.count("[onclick], [onload], iframe, object, embed, img, link, form") == 0


def port_of(address: str) -> str:
    found = re.search(r"redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A(\d+)%2F", address)
    assert found is not None
    return found[1]


def test_allow_ends_in_a_stored_login_and_a_page_without_scripts(
    foredeck: Foredeck, sim: Simulator, page: Page
) -> None:
    with foredeck.start("login", "--browser", "--no-open") as process:
        address = address_of(process)
        page.open(address)
        page.click('button[value="allow"]')
        assert_plain(page, port_of(address))
        assert "confirmed" in page.text
        ended = finish(process)
    assert ended.code == 0, ended.err
    stored = json.loads(foredeck.file.read_text())
    assert stored["auth_mode"] == "chatgpt"
    assert stored["tokens"]["refresh_token"]
    assert stored["tokens"]["account_id"] == sim.account.account_id
    assert stat.S_IMODE(foredeck.file.stat().st_mode) == 0o600
    for secret in ("id_token", "access_token", "refresh_token"):
        assert stored["tokens"][secret] not in page.source + ended.out + ended.err
    status = foredeck.status()
    assert (status["mode"], status["email"]) == ("chatgpt", sim.account.email)
    assert sim.auth.live_families == 1


def test_deny_is_said_and_leaves_the_old_login_alone(
    foredeck: Foredeck, sim: Simulator, page: Page
) -> None:
    old = json.dumps(sim.issue())
    foredeck.file.write_text(old)
    with foredeck.start("login", "--browser", "--no-open") as process:
        address = address_of(process)
        page.open(address)
        page.click('button[value="deny"]')
        assert_plain(page, port_of(address))
        assert "did not succeed" in page.text
        ended = finish(process)
    assert ended.code == 3
    assert "denied" in ended.err
    assert "Traceback" not in ended.err
    assert json.loads(foredeck.file.read_text()) == json.loads(old)
    assert (sim.auth.ledger.codes_exchanged, sim.auth.live_families) == (0, 1)


def test_markup_in_a_denial_is_text(foredeck: Foredeck, sim: Simulator, page: Page) -> None:
    markup = "<img src=x onerror=alert(1)><script>document.title='mine'</script>"
    sim.auth.policy.denial = ("access_denied", markup)
    with foredeck.start("login", "--browser", "--no-open") as process:
        address = address_of(process)
        page.open(address)
        page.click('button[value="deny"]')
        assert_plain(page, port_of(address))
        assert page.ask("return document.title") != "mine"
        assert "alert(1)" not in page.source
        assert finish(process).code == 3
