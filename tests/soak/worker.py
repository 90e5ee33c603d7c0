"""Foredeck without a screen, again and again: `worker.py`.

A line on stdin, a number of actions, begins a life: a process of its own that opens the services,
asks and looks up models by turns, and ends. What happens is told on stdout, a JSON line each.
Everything is imported beforehand, so that a life is short enough to have hundreds of them.
"""

import asyncio
import importlib
import json
import os
import sys
import traceback
from typing import Any

from app.online import _import
from app.settings import load_settings
from app.wiring import Services, open_services
from services.errors import ServiceError
from services.events import TurnEnded
from services.models.chat import TurnStatus

BEFOREHAND = ("services.auth.stores.opening", "services.auth.service", "services.inference.probe")


def tell(**what: Any) -> None:
    """One line, whole even where two processes write."""
    os.write(1, json.dumps(what).encode() + b"\n")


async def ask(services: Services, question: str) -> None:
    chat = await services.chat.new()
    with services.bus.subscribe() as subscription:
        await services.chat.submit(chat.summary.id, question)
        while True:
            await subscription.wait()
            for event in subscription.take():
                if isinstance(event, TurnEnded):
                    failure = event.failure
                    if event.status is TurnStatus.COMPLETED and question in event.text:
                        tell(did="ask")
                    else:
                        tell(failed=f"{event.status} {failure and failure.message}")
                    return


async def live(actions: int) -> None:
    async with open_services(load_settings({}), save=False) as services:
        for number in range(actions):
            if number % 2:
                await ask(services, f"{os.getpid()}-{number}")
            else:
                await services.catalogue.models(refresh=True)
                tell(did="models")


def begin(actions: int) -> None:
    """One life, in a process that is a copy of this one."""
    try:
        asyncio.run(live(actions))
    except ServiceError as error:
        tell(failed=f"{error.code}: {error.message}")
    except BaseException:
        tell(failed=traceback.format_exc())
        raise


def main() -> None:
    _import()
    for name in BEFOREHAND:
        importlib.import_module(name)
    for line in sys.stdin:
        process = os.fork()
        if not process:
            code = 1
            try:
                begin(int(line))
                code = 0
            finally:
                os._exit(code)
        tell(began=process)
        # Until the next life it is left unburied: nobody else gets its number meanwhile.
        os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        tell(ended=True)
        sys.stdin.readline()
        _, status = os.waitpid(process, 0)
        tell(code=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
