"""`limits watch` and whoever reads it: it ends when they do."""

import asyncio
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from app.cli import limits
from app.cli.output import Output
from app.cli.pipes import while_read
from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.limits_stand import Stand
from tests.cli.sign_in import put_login, use_simulator


@pytest.fixture
def ends() -> Generator[tuple[int, Output]]:
    """The reader's end of a pipe, and the output of a command that writes to the other one."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as out:
        yield reader, Output(out, sys.stderr)


async def test_what_nobody_reads_ends_although_nothing_is_to_be_written(
    ends: tuple[int, Output],
) -> None:
    reader, output = ends
    stand = Stand()
    arguments, _ = stand.command("limits", "watch")
    watching = asyncio.create_task(limits.run(stand.parts, arguments, output))
    loop = asyncio.get_running_loop()
    assert b"5h 38% used" in await loop.run_in_executor(None, os.read, reader, 65_536)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        await asyncio.wait_for(watching, 20)


async def test_whoever_is_cancelled_at_that_moment_is_cancelled(ends: tuple[int, Output]) -> None:
    reader, output = ends
    seen = asyncio.Event()

    async def work() -> None:
        with while_read(output):
            try:
                await asyncio.Event().wait()
            finally:
                seen.set()
                task = asyncio.current_task()
                assert task is not None
                task.cancel()

    working = asyncio.create_task(work())
    await asyncio.sleep(0)
    os.close(reader)
    await asyncio.wait_for(seen.wait(), 20)
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_what_is_no_pipe_is_not_looked_at() -> None:
    stand = Stand()
    _, output = stand.command("limits", "watch")
    with while_read(output):
        await asyncio.sleep(0)


def test_the_program_ends_as_if_the_signal_had_come(
    foredeck: CommandLine, sim: Simulator, tmp_path: Path
) -> None:
    use_simulator(foredeck, sim, tmp_path / "codex")
    put_login(foredeck, sim.issue())
    window = {"used_percent": 10, "limit_window_seconds": 18_000, "reset_after_seconds": 900}
    limit = {"allowed": True, "limit_reached": False, "primary_window": window}
    sim.script("wham/usage", [Status(200, {}, {"plan_type": "pro", "rate_limit": limit})])
    with foredeck.start("limits", "watch") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "5h 10% used" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == 141
        assert process.stderr.read() == ""
