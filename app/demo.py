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

from app.folders import find_folders
from app.settings import Settings
from services.errors import UnreachableError
from services.provider import Provider, Secret

if TYPE_CHECKING:
    from app.wiring import Services

TREE = Path(__file__).resolve().parent.parent
START_LIMIT = 20.0
"""Seconds for the simulator to say where it listens."""
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
        async with _simulator(environ) as provider:
            folders = find_folders({"FOREDECK_HOME": str(home)})
            demo = replace(settings, folders=folders, provider=None, model=None, transport=None)
            async with open_services(demo, provider=provider, environ={}) as services:
                yield services
    finally:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


@asynccontextmanager
async def _simulator(environ: Mapping[str, str]) -> AsyncGenerator[Provider]:
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
                place = json.loads(await process.stdout.readline())
            provider = Provider(
                id="demo",
                name="demo",
                base_url=str(place["openai_base_url"]),
                key=Secret(str(place["api_key"])),
            )
        except (TimeoutError, ValueError, KeyError) as error:
            raise UnreachableError(
                "The demo's simulator did not start",
                next_step="Run foredeck simulate to see why",
            ) from error
        yield provider
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
