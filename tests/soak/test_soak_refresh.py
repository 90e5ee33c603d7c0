"""Many programs, one login, short tokens, and SIGKILL at random: nobody is ever logged out.

The one moment that nobody survives is left out of the killing: after a refresh token was spent and
before what came for it is stored. Its length is measured and printed.
"""

import os
import random
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.soak.ground import NOTE, Ground, echo
from tests.soak.programs import Deck, Program, Script, Worker, told
from tests.soak.watcher import Watcher

REFRESHES = int(os.environ.get("SOAK_REFRESHES", "500"))
SECONDS = REFRESHES * 0.5
"""After which it counts as stuck; on a machine with nothing else to do it takes a third of that."""
LIFE, LEFT = 1200.0, 10.0
"""Of tokens, in seconds: what is left is so little that each program renews one when it begins."""
JUMPS = 25
"""Times at which the issuer's clock leaps, and every token is refused with 401 from then on."""
PAUSE = (0.1, 0.4)
"""Seconds between two kills."""
WEIGHTS = {"deck": 1, "script": 4, "worker-1": 16, "worker-2": 16}
"""How often each is chosen to be killed."""


class Soak:
    """Kills, and lets the issuer's clock leap, until there were enough refreshes."""

    def __init__(self, ground: Ground, programs: list[Program]) -> None:
        self.ground = ground
        self.programs = programs
        self.spared: set[str] = set()
        """Tokens in whose moment a program was stopped; the stop is in its measured length."""
        self.jumps = 0
        self._done_at_jump = dict.fromkeys([program.name for program in programs], 0)

    def run(self) -> None:
        deadline = time.monotonic() + SECONDS
        while (count := len(self.ground.sim.refreshes)) < REFRESHES or not self._were_all_killed():
            assert time.monotonic() < deadline, f"{count} refreshes in {SECONDS:.0f} s"
            assert self.faults() == []
            assert self.ground.sim.auth.reuses == 0
            time.sleep(random.uniform(*PAUSE))
            (victim,) = random.choices(
                self.programs, [WEIGHTS[program.name] for program in self.programs]
            )
            self._kill(victim)
            if count * (JUMPS + 1) > (self.jumps + 1) * REFRESHES and self._are_all_settled():
                self._jump()

    def faults(self) -> list[str]:
        return [fault for program in self.programs for fault in program.faults]

    def _kill(self, victim: Program) -> None:
        with victim.standing_still() as process:
            if process is None:
                return
            if self.ground.is_between(victim.name):
                self.spared.add(self.ground.stored_token)
            else:
                victim.kill(process)

    def _were_all_killed(self) -> bool:
        return all(program.kills for program in self.programs)

    def _are_all_settled(self) -> bool:
        """Whether each has got an answer since the last leap.

        So nobody sees two leaps in one action: whoever has just renewed the login and is refused
        again has to believe that it is over.
        """
        return all(program.done > self._done_at_jump[program.name] for program in self.programs)

    def _jump(self) -> None:
        self.ground.sim.auth.clock.advance(LEFT + 1)
        self.jumps += 1
        self._done_at_jump = {program.name: program.done for program in self.programs}


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 120)
def test_nobody_is_logged_out_and_no_token_is_sent_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        sim = stack.enter_context(Simulator(story=echo, token_life=LIFE, token_spent=LIFE - LEFT))
        ground = Ground(sim, tmp_path)
        ground.sign_in()
        watcher = stack.enter_context(Watcher(ground.auth_file, NOTE))
        begun = time.monotonic()
        programs: list[Program] = [
            Deck(ground, "deck"),
            Worker(ground, "worker-1"),
            Worker(ground, "worker-2"),
            Script(ground, "script"),
        ]
        soak = Soak(ground, programs)
        with ExitStack() as running:
            for program in programs:
                running.enter_context(program)
            soak.run()
        seconds = time.monotonic() - begun
        report(soak, watcher, seconds, capsys)

        assert soak.faults() == []
        assert watcher.faults == []
        refreshes = sim.refreshes
        assert {refresh.outcome for refresh in refreshes} == {"rotated"}
        assert len({refresh.token for refresh in refreshes}) == len(refreshes)
        assert leftovers(ground) == []
        # What lies there now is the one token of the login that is good.
        assert ground.stored_token not in {refresh.token for refresh in refreshes}
        assert sim.auth.live_families == 1


def leftovers(ground: Ground) -> list[str]:
    """Files beside the login that hold anything."""
    known = {"auth.json", "auth.lock", "auth.json.lock", "foredeck-auth.lock"}
    return [
        path.name
        for path in ground.codex_home.iterdir()
        if path.name not in known and path.read_bytes().strip(b"\0")
    ]


def report(
    soak: Soak, watcher: Watcher, seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = soak.ground
    found = [m.seconds for m in ground.moments(watcher) if m.token not in soak.spared]
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    reasons = [refresh.reason for refresh in ground.sim.refreshes]
    with capsys.disabled():
        print(
            f"\n{len(reasons)} refreshes in {seconds:.0f} s "
            f"({reasons.count('unauthorized_recovery')} after a 401, {soak.jumps} leaps of the "
            f"issuer's clock), {watcher.reads} reads of auth.json, {len(watcher.states)} states; "
            f"{told(soak.programs)}; spared in the moment: {len(soak.spared)}\n"
            "between a refresh's request and the write of its answer: "
            f"median {statistics.median(found) * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms, "
            f"max {max(found) * 1000:.1f} ms",
            # All that is left to a test that runs in one of several processes.
            file=sys.stderr,
        )
