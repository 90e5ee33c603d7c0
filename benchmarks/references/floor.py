"""What the bytes cost without a screen: httpx, httpx-sse, pydantic, each block rendered once.

Each line on stdin is sent as a question; `ready` and the last line of the answer are printed.
"""

import asyncio
import os
import sys
from io import StringIO
from typing import Annotated, Literal

import httpx
from httpx_sse import aconnect_sse
from markdown_it import MarkdownIt
from pydantic import BaseModel, Field, TypeAdapter
from rich.console import Console
from rich.markdown import Markdown


class Delta(BaseModel):
    type: Literal["response.output_text.delta"]
    delta: str
    item_id: str
    output_index: int


class Stage(BaseModel):
    type: Literal["response.created", "response.in_progress", "response.completed"]


class Item(BaseModel):
    type: Literal["response.output_item.added", "response.output_item.done"]


class Part(BaseModel):
    type: Literal["response.content_part.added", "response.content_part.done"]


class Text(BaseModel):
    type: Literal["response.output_text.done"]
    text: str


EVENTS: TypeAdapter[Delta | Stage | Item | Part | Text] = TypeAdapter(
    Annotated[Delta | Stage | Item | Part | Text, Field(discriminator="type")]
)


class Blocks:
    """Renders each block of growing Markdown once, when another one has begun after it."""

    def __init__(self) -> None:
        self._parser = MarkdownIt("commonmark").enable("table")
        self._console = Console(file=StringIO(), width=100, force_terminal=True)
        self._waiting = ""

    def add(self, text: str) -> None:
        self._waiting += text
        # A block can only have ended where a blank line stands, or a fence was closed.
        if "\n" in text and self._waiting.endswith("\n"):
            tops = [token.map for token in self._parser.parse(self._waiting) if token.level == 0]
            starts = sorted({span[0] for span in tops if span})
            if len(starts) > 1:
                lines = self._waiting.splitlines(keepends=True)
                self._render("".join(lines[: starts[-1]]))
                self._waiting = "".join(lines[starts[-1] :])

    def end(self) -> str:
        self._render(self._waiting)
        last = self._waiting.split()[-1]
        self._waiting = ""
        return last

    def _render(self, source: str) -> None:
        self._console.render_lines(Markdown(source))


async def ask(client: httpx.AsyncClient, text: str) -> str:
    blocks = Blocks()
    body = {
        "model": "gpt-5.5",
        "stream": True,
        "store": False,
        "input": [{"role": "user", "content": text}],
    }
    url = f"{os.environ['BENCH_BASE_URL']}/responses"
    async with aconnect_sse(client, "POST", url, json=body) as source:
        async for event in source.aiter_sse():
            value = EVENTS.validate_json(event.data)
            if isinstance(value, Delta):
                blocks.add(value.delta)
    return blocks.end()


async def main() -> None:
    headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        print("Ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(await ask(client, line.strip()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
