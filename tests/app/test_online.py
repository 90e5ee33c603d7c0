"""What the services wait for before the last chat is shown."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import asyncio, sys
from app.settings import load_settings
from app.wiring import open_services
from services.provider import Provider

HEAVY = ("httpx", "pydantic", "anyio", "httpx._main", "rich", "click")

async def main():
    provider = Provider(id="x", name="X", base_url="http://127.0.0.1:9/v1", request_retries=0)
    async with open_services(load_settings({}), provider=provider, environ={}) as services:
        chat = await services.chat.open()
        await services.chats.summaries()
        print([name for name in HEAVY if name in sys.modules])
        await services.chat.set_model(chat.summary.id, "m")
        print([name for name in HEAVY if sys.modules.get(name)])

asyncio.run(main())
"""


def test_a_chat_is_opened_before_anything_of_the_network_is_imported(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"FOREDECK_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["[]", "['httpx', 'anyio']"]
