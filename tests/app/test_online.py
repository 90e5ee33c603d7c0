"""What the services wait for before the last chat is shown, and before a message is sent."""

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

WRITING = """
import asyncio, logging, sys
from app.foredeck import Foredeck
from app.settings import load_settings
from app.wiring import open_services
from services.provider import Provider

logging.disable()

async def main():
    provider = Provider(id="x", name="X", base_url="http://127.0.0.1:9/v1", request_retries=0)
    settings = load_settings({})
    opened = lambda: open_services(settings, provider=provider, environ={})
    app = Foredeck(settings, opened, driver_class=None)
    async with app.run_test() as pilot:
        while app.screen.chat.summary is None:
            await pilot.pause(0.01)
        print("services.inference.responses" in sys.modules)
        await pilot.press(*"not sent")
        while "services.inference.responses" not in sys.modules:
            await pilot.pause(0.01)
        print(app.screen.chat.composer.text)
        app.exit()

asyncio.run(main())
"""


def test_a_chat_is_opened_before_anything_of_the_network_is_imported(tmp_path: Path) -> None:
    assert run(PROGRAM, tmp_path) == ["[]", "['httpx', 'anyio']"]


def test_what_reads_an_answer_is_imported_while_somebody_writes(tmp_path: Path) -> None:
    assert run(WRITING, tmp_path) == ["False", "not sent"]


def run(program: str, home: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"FOREDECK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()
