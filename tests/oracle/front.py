"""The simulator under the real servers' names: a proxy that ends TLS for them.

A program that insists on `https://chatgpt.com` and `https://auth.openai.com` is given it as
`HTTPS_PROXY`, and the authority that signed its certificate as the one to trust. Other hosts are
refused, so nothing leaves the machine.
"""

import asyncio
import contextlib
import ssl
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

HOSTS = ("chatgpt.com", "auth.openai.com", "api.openai.com")
START_LIMIT = 20.0


def make_authority(folder: Path, hosts: tuple[str, ...] = HOSTS) -> tuple[Path, ssl.SSLContext]:
    """The certificate of a new authority, and a server's side of TLS that it vouches for."""
    authority, authority_key = folder / "authority.pem", folder / "authority-key.pem"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    new += ["-nodes", "-days", "2"]
    root = [*new, "-subj", "/CN=simulator authority", "-addext", "keyUsage=critical,keyCertSign"]
    root += ["-keyout", str(authority_key), "-out", str(authority)]
    names = ",".join(f"DNS:{host}" for host in hosts)
    leaf = [*new, "-subj", "/CN=simulator", "-addext", f"subjectAltName={names}"]
    leaf += ["-addext", "basicConstraints=critical,CA:FALSE"]
    leaf += ["-CA", str(authority), "-CAkey", str(authority_key)]
    leaf += ["-keyout", str(key), "-out", str(certificate)]
    for command in (root, leaf):
        subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return authority, context


class Front:
    """A proxy on loopback, in a thread of its own; notes which hosts were asked for."""

    def __init__(self, folder: Path, port: int) -> None:
        """Lead to the simulator at `port`; the certificate goes into `folder`."""
        self.authority, self._context = make_authority(folder)
        self._target = port
        self._port = 0
        self.asked: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._done = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """For `HTTPS_PROXY`."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(START_LIMIT), "the proxy does not listen"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(START_LIMIT)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._done.wait()
        server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            head = await reader.readuntil(b"\r\n\r\n")
            verb, target = head.decode("latin-1").split(" ")[:2]
            host = target.rpartition(":")[0]
            self.asked.append(host)
            if verb != "CONNECT" or host not in HOSTS:
                writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await writer.start_tls(self._context)
                await self._join(reader, writer)
        writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.wait(
                {
                    asyncio.ensure_future(_pump(reader, back)),
                    asyncio.ensure_future(_pump(there, writer)),
                },
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            back.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
