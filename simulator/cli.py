"""`foredeck simulate`: the simulator as a process of its own."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

from simulator.control import add_script
from simulator.faults import FaultError, parse_fault
from simulator.flags import add_arguments
from simulator.script import ScriptError
from simulator.server import Simulator, make_key
from simulator.stories.shelf import all_stories

USAGE = 2


def serve(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    if arguments.story == "list":
        told = all_stories()
        width = max(map(len, told))
        for name, about in told.items():
            _say(f"{name:{width}}  {about}")
        return 0
    try:
        simulator = _prepare(arguments)
    except (FaultError, ScriptError) as error:
        return _complain(str(error))
    try:
        asyncio.run(_serve(simulator, arguments))
    except OSError as error:
        return _complain(f"port {arguments.port} cannot be used: {error.strerror}", 1)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run as `python -m simulator`."""
    parser = argparse.ArgumentParser(prog="simulator", description="Serve every backend here.")
    add_arguments(parser)
    return serve(parser.parse_args(argv))


def _prepare(arguments: argparse.Namespace) -> Simulator:
    story: str = arguments.story
    faults = [parse_fault(spec) for spec in arguments.fail]
    simulator = Simulator(
        story=story if story in all_stories() else "day",
        seed=arguments.seed,
        speed=arguments.speed,
        port=arguments.port,
        api_key=make_key(),
        faults=faults,
        token_life=arguments.token_life,
        token_spent=arguments.token_spent,
    )
    if story not in all_stories():
        for script in _read_scripts(Path(story)):
            add_script(simulator.stage, script)
    return simulator


def _read_scripts(path: Path) -> list[object]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ScriptError(f"no story {str(path)!r}, and no file: {error.strerror}") from error
    except ValueError as error:
        raise ScriptError(f"{path} is not JSON: {error}") from error
    if not isinstance(value, list):
        raise ScriptError(f"{path} is not a list of scripts")
    return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


async def _serve(simulator: Simulator, arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, simulator.stop)
    if arguments.exit_with_parent:
        watch = threading.Thread(target=_wait_for_parent, args=(simulator,), daemon=True)
        watch.start()

    def announce(_port: int) -> None:
        _say(
            json.dumps(
                {
                    "issuer": simulator.issuer,
                    "chatgpt_base_url": simulator.chatgpt_base_url,
                    "openai_base_url": simulator.openai_base_url,
                    "api_key": simulator.api_key,
                    "story": arguments.story,
                }
            )
        )

    await simulator.serve(announce)


def _wait_for_parent(simulator: Simulator) -> None:
    """The parent holds the other end of stdin open; its end, however it came, is ours."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):  # not sys.stdin: its lock, held here, would break the exit
            pass
    simulator.stop()


def _say(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _complain(cause: str, code: int = USAGE) -> int:
    sys.stderr.write(f"error: {cause}\n")
    return code
