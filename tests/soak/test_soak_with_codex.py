"""Foredeck and the real Codex with one login: Foredeck renews it early enough for both.

Codex spends refresh tokens without a lock, when less than five minutes are left. Tokens live for
twelve minutes here, most of them over when they are issued.
"""

import base64
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from simulator.auth.ledger import Refresh
from tests.oracle.codex import Codex, answered
from tests.soak.editor import Editor
from tests.soak.ground import HEARD, NOTE, ROOT, Ground
from tests.soak.programs import Worker
from tests.soak.watcher import Watcher

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "6"))
pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.timeout(120 + 20 * ROUNDS)]

LIFE = 720.0
THRESHOLD = 300.0
"""Codex renews a token that has no more than this left, in seconds."""
OURS = 600.0
"""The same of Foredeck."""
WINDOW = 12.0
"""Seconds above Codex's threshold: for a token that shall come to it soon."""
NUMBERS = itertools.count(1)


def issue_with(ground: Ground, left: float) -> None:
    """From now on tokens have so many seconds left when they are issued."""
    ground.sim.auth.ledger.life = LIFE
    ground.sim.auth.ledger.spent = LIFE - left


def foredeck_asks(ground: Ground) -> None:
    """One question of a script; the login is renewed first, for it is always due here."""
    number = f"n{next(NUMBERS)}"
    ended = subprocess.run(
        [sys.executable, "-m", "app", "ask", number],
        env=ground.environ("script"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, HEARD + number), ended.stderr


def codex_asks(codex: Codex) -> None:
    result = codex.ask(f"n{next(NUMBERS)}")
    assert answered(result), result.stdout + result.stderr


def editor_asks(editor: Editor) -> None:
    number = f"n{next(NUMBERS)}"
    assert editor.ask(number) == HEARD + number


def by_codex(ground: Ground) -> list[Refresh]:
    """Refreshes that Codex asked for, under whatever name."""
    return [
        refresh
        for refresh in ground.sim.refreshes
        if not refresh.request.headers["user-agent"].startswith("foredeck/")
    ]


def assert_nobody_was_logged_out(ground: Ground) -> None:
    refreshes = ground.sim.refreshes
    assert {refresh.outcome for refresh in refreshes} == {"rotated"}
    assert ground.stored_token not in {refresh.token for refresh in refreshes}
    assert ground.sim.auth.live_families == 1


@contextmanager
def untouched(ground: Ground) -> Generator[None]:
    """Nobody writes the login meanwhile."""
    before, state = ground.auth_file.read_bytes(), ground.auth_file.stat()
    yield
    after = ground.auth_file.stat()
    assert ground.auth_file.read_bytes() == before
    assert (after.st_ino, after.st_mtime_ns) == (state.st_ino, state.st_mtime_ns)


def ends_at(access_token: str) -> int:
    """`exp`, Unix seconds."""
    payload = access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]


def stored_access_token(ground: Ground) -> str:
    return ground.stored()["tokens"]["access_token"]


def wait_for_threshold(access_token: str) -> None:
    """Return when Codex would renew this token: its clock is the machine's."""
    while (left := ends_at(access_token) - time.time()) >= THRESHOLD:
        time.sleep(left - THRESHOLD + 0.01)


def test_codex_that_starts_uses_what_foredeck_renewed(codex: Codex, ground: Ground) -> None:
    issue_with(ground, OURS - 30)
    ground.sign_in()
    for left in itertools.islice(itertools.cycle((OURS - 1, 450, THRESHOLD + 60)), ROUNDS):
        issue_with(ground, left)
        before = len(ground.sim.refreshes)
        foredeck_asks(ground)
        assert len(ground.sim.refreshes) == before + 1
        with untouched(ground):
            assert "Logged in using ChatGPT" in codex.run("login", "status").stderr
            codex_asks(codex)
    assert by_codex(ground) == []
    assert_nobody_was_logged_out(ground)


@pytest.mark.slow
def test_codex_that_stays_open_takes_over_what_foredeck_renewed(
    codex: Codex, ground: Ground
) -> None:
    issue_with(ground, THRESHOLD + WINDOW)
    ground.sign_in()
    with Editor(codex) as editor:
        for _ in range(ROUNDS // 3):
            editor_asks(editor)
            held = editor.access_token()
            assert held == stored_access_token(ground)
            issue_with(ground, OURS - 30)
            foredeck_asks(ground)
            assert editor.access_token() == held
            wait_for_threshold(held)
            issue_with(ground, THRESHOLD + WINDOW)
            foredeck_asks(ground)
            with untouched(ground):
                editor_asks(editor)
                assert editor.access_token() == stored_access_token(ground) != held
    assert by_codex(ground) == []
    assert_nobody_was_logged_out(ground)


def test_codex_takes_over_what_foredeck_renewed_when_its_own_token_is_refused(
    codex: Codex, ground: Ground
) -> None:
    issue_with(ground, OURS - 30)
    ground.sign_in()
    with Editor(codex) as editor:
        editor_asks(editor)
        held = editor.access_token()
        foredeck_asks(ground)
        ground.sim.auth.ledger.revoke(held)
        with untouched(ground):
            editor_asks(editor)
        assert editor.access_token() == stored_access_token(ground) != held
    assert by_codex(ground) == []
    assert_nobody_was_logged_out(ground)


def test_codex_alone_renews_and_foredeck_takes_that_over(codex: Codex, ground: Ground) -> None:
    """What the other tests rule out does happen where Foredeck was not there first."""
    issue_with(ground, THRESHOLD - 10)
    ground.sign_in()
    issue_with(ground, LIFE)
    with Editor(codex) as editor:
        editor_asks(editor)
        assert len(by_codex(ground)) == len(ground.sim.refreshes) == 1
        with untouched(ground):
            foredeck_asks(ground)
    assert len(ground.sim.refreshes) == 1
    assert_nobody_was_logged_out(ground)


@pytest.mark.slow
def test_both_at_once(codex: Codex, ground: Ground) -> None:
    issue_with(ground, OURS - 30)
    ground.sign_in()
    wanted = 20 * ROUNDS
    with ExitStack() as stack:
        watcher = stack.enter_context(Watcher(ground.auth_file, NOTE))
        editor = stack.enter_context(Editor(codex))
        workers = [Worker(ground, f"worker-{number}") for number in (1, 2)]
        for worker in workers:
            stack.enter_context(worker)
        turns, deadline = 0, time.monotonic() + 20 * ROUNDS
        while len(ground.sim.refreshes) < wanted or turns < ROUNDS:
            assert time.monotonic() < deadline, f"{len(ground.sim.refreshes)} refreshes"
            if random.random() < 0.5:
                codex_asks(codex)
            else:
                editor_asks(editor)
            turns += 1
    assert [fault for worker in workers for fault in worker.faults] == []
    # Codex would not have kept the member that only another program knows.
    assert watcher.faults == []
    assert by_codex(ground) == []
    assert_nobody_was_logged_out(ground)
