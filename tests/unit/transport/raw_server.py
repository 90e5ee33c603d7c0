"""A server of a few lines that writes exactly the bytes it is given, and cuts where it is told."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias


class Drop:
    """Reset the connection."""


class Hold:
    """Say nothing until the client goes away."""


@dataclass(frozen=True)
class Chatter:
    """Send comments until something is so."""

    is_enough: Callable[[], bool]


@dataclass(frozen=True)
class Gate:
    """Wait until the test opens it."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)


Step: TypeAlias = bytes | Drop | Hold | Gate | Chatter


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RawServer:
    """Answers each request with the next of its scripts; the last one is used again."""

    port: int = 0
    scripts: list[Sequence[Step]] = field(default_factory=list[Sequence[Step]])
    requests: list[Request] = field(default_factory=list[Request])
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client went away."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, *steps: Step) -> None:
        self.scripts.append(steps)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed.set()
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = await reader.readexactly(1)
        if start == b"\x16":
            # The hello of TLS: an answer in plain text is what a wrong port gives.
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        head = (start + await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {
            name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append(Request(method, path, headers, body))
        steps = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        for step in steps:
            match step:
                case bytes():
                    writer.write(step)
                    await writer.drain()
                case Gate(opened=opened):
                    await opened.wait()
                case Chatter(is_enough=is_enough):
                    while not is_enough():
                        writer.write(b": still here\n\n")
                        await writer.drain()
                        await asyncio.sleep(0)
                case Hold():
                    await reader.read()
                    return
                case Drop():
                    writer.transport.abort()
                    return


@asynccontextmanager
async def raw_server() -> AsyncGenerator[RawServer]:
    server = RawServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def head(status: str = "200 OK", **headers: str) -> bytes:
    """Response headers; the body goes on until the connection ends."""
    lines = [f"HTTP/1.1 {status}", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def stream_head(**headers: str) -> bytes:
    return head(content_type="text/event-stream", **headers)


def event(**members: object) -> bytes:
    return f"data: {json.dumps(members)}\n\n".encode()


def refusal(status: str, body: object = None, **headers: str) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    return head(status, content_type="application/json", **headers) + text.encode()


def counter(prefix: str = "i") -> Callable[[], str]:
    numbers = iter(range(1, 1_000_000))
    return lambda: f"{prefix}{next(numbers)}"
