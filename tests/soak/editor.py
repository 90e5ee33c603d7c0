"""Codex as an editor keeps it open: `codex app-server`, with a login in its memory."""

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.oracle.codex import AppServer, Codex

CONFIG = """
[features]
enable_request_compression = false
apps = false
plugins = false

[analytics]
enabled = false
"""


class Editor:
    """One that stays open; leaving the context closes it."""

    def __init__(self, codex: Codex) -> None:
        (codex.home / "config.toml").write_text(CONFIG)
        self._folder: Path = codex.home
        self._server = AppServer(codex)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()

    def ask(self, question: str) -> str:
        """The answer to a question in a thread of its own; empty if the turn failed."""
        thread = self._server.ask("thread/start", cwd=str(self._folder), model="gpt-5.5")["thread"]
        words = [{"type": "text", "text": question}]
        self._server.ask("turn/start", threadId=thread["id"], input=words)
        while (item := self._server.wait_for("item/completed")["item"])["type"] != "agentMessage":
            pass
        turn = self._server.wait_for("turn/completed")["turn"]
        return item["text"] if turn["status"] == "completed" else ""

    def access_token(self) -> str:
        """What it would send now."""
        return self._server.ask("getAuthStatus", includeToken=True, refreshToken=False)["authToken"]
