"""Calls of the storage in a process of its own: `client.py HOME STORE COMMAND...`.

Each command (`save:WHO`, `load`, `delete`, `check`) prints one JSON line. WHO begins with `key` for
an API key, and is the refresh token of a login with ChatGPT otherwise.
"""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path
from typing import Any

from services.auth.credentials import Credentials, Tokens
from services.auth.settings import AuthSettings
from services.auth.stores.home import read_codex_config
from services.auth.stores.opening import open_storage
from services.auth.stores.storage import CredentialStorage, Stored
from services.errors import ServiceError
from services.models.account import AccountMode
from services.provider import Secret

TIMEOUT = 2.0
"""Seconds that the keyring may take for one call."""


def token() -> str:
    """An id_token that Codex accepts."""
    claims = {
        "email": "ada@example.test",
        "exp": int(time.time()) + 86_400,
        "https://api.openai.com/auth": {
            "chatgpt_account_id": "acct-1",
            "chatgpt_user_id": "user-1",
            "chatgpt_plan_type": "plus",
        },
    }
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "x"])


def credentials(who: str) -> Credentials:
    if who.startswith("key"):
        return Credentials(mode=AccountMode.API_KEY, api_key=Secret(f"sk-{who}-" + "f" * 20))
    tokens = Tokens(
        id_token=Secret(token()),
        access_token=Secret(token()),
        refresh_token=Secret(who),
        account_id="acct-1",
    )
    return Credentials(mode=AccountMode.CHATGPT, tokens=tokens, last_refresh=time.time())


def told(stored: Stored) -> dict[str, Any]:
    found = stored.credentials
    return {
        "storage": stored.storage and stored.storage.value,
        "notices": list(stored.notices),
        "problem": stored.problem,
        "key": found.api_key.reveal() if found and found.api_key else None,
        "refresh": found.tokens.refresh_token.reveal() if found and found.tokens else None,
        "mode": found.mode.value if found else None,
    }


async def answer(storage: CredentialStorage, command: str) -> dict[str, Any]:
    name, _, who = command.partition(":")
    try:
        match name:
            case "save":
                return told(await storage.save(credentials(who)))
            case "load":
                return told(await storage.load())
            case "delete":
                return {"deleted": await storage.delete()}
            case _:
                await storage.check_writable()
                return {}
    except ServiceError as error:
        return {"error": error.message, "next_step": error.next_step}


async def main(home: str, store: Any, *commands: str) -> None:
    settings = AuthSettings(
        home=Path(home),
        store=store,
        keyring_timeout=TIMEOUT,
        uses_encrypted_file=read_codex_config(Path(home)).uses_encrypted_file,
    )
    storage = open_storage(settings)
    for command in commands:
        before = time.monotonic()
        line = await answer(storage, command)
        print(json.dumps({**line, "seconds": time.monotonic() - before}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
