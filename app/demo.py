"""A made-up working day: the simulator as a process of its own, and a home that is thrown away."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, Request, build_opener

from app.folders import find_folders
from app.settings import Settings
from services.errors import UnreachableError

if TYPE_CHECKING:
    from app.wiring import Services

TREE = Path(__file__).resolve().parent.parent
START_LIMIT = 20.0
"""Seconds for the simulator to say where it listens."""
PLACES = ("issuer", "chatgpt_base_url", "openai_base_url")
CHILD_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")


@asynccontextmanager
async def open_demo(
    settings: Settings, environ: Mapping[str, str] = os.environ
) -> AsyncGenerator["Services"]:
    """All services, against the simulator, in folders that vanish afterwards.

    Raises:
        UnreachableError: The simulator did not start.
    """
    from app.wiring import open_services

    home = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="foredeck-demo-"))
    try:
        async with _simulator(environ) as place:
            codex = home / "codex"
            await asyncio.to_thread(_sign_in, place, codex)
            demo = replace(
                settings,
                folders=find_folders({"FOREDECK_HOME": str(home)}),
                issuer=place["issuer"],
                chatgpt_base_url=place["chatgpt_base_url"],
                openai_base_url=place["openai_base_url"],
                provider=None,
                profile=None,
                model=None,
                transport=None,
                auth_mode="shared",
                auth_store="file",
                auth_workspaces=(),
            )
            theirs = {"HOME": str(home), "CODEX_HOME": str(codex)}
            async with open_services(demo, environ=theirs) as services:
                yield services
    finally:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


def _sign_in(place: Mapping[str, str], codex: Path) -> None:
    """Put a login of the simulator's where Codex would have it.

    Raises:
        UnreachableError: The simulator gave none.
    """
    ask = Request(f"{place['issuer']}/_sim/auth/issue", method="POST")  # noqa: S310 this machine
    try:
        # A proxy of the environment is for other machines.
        with build_opener(ProxyHandler({})).open(ask, timeout=START_LIMIT) as answer:
            login: bytes = answer.read()
        codex.mkdir(mode=0o700)
        file = codex / "auth.json"
        file.touch(mode=0o600)
        file.write_bytes(login)
    except OSError as error:
        raise _failed() from error


def _failed() -> UnreachableError:
    return UnreachableError(
        "The demo's simulator did not start", next_step="Run foredeck simulate to see why"
    )


@asynccontextmanager
async def _simulator(environ: Mapping[str, str]) -> AsyncGenerator[Mapping[str, str]]:
    code = (
        f"import sys; sys.path.insert(0, {str(TREE)!r}); "
        "from app.main import main; sys.exit(main(sys.argv[1:]))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        "simulate",
        "--exit-with-parent",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: environ[name] for name in CHILD_ENVIRONMENT if name in environ},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_LIMIT):
                line = json.loads(await process.stdout.readline())
            place = {name: str(line[name]) for name in PLACES}
        except (TimeoutError, ValueError, KeyError) as error:
            raise _failed() from error
        yield place
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
