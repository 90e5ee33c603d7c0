"""The ports that the issuer may send a browser to, and who holds them.

Order of the ports and of the attempts: docs/protocols/auth.md.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.auth.flows.port_holder import find_holder
from services.auth.provider import SignInProvider
from services.clean import clean_line
from services.errors import UsageError

_BACKLOG: Final = 16
_NO_SUCH_FAMILY: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class PortTakenError(UsageError):
    """No callback can arrive: each of the ports is held, or may not be used."""

    def __init__(self, message: str, *, ports: tuple[int, ...], program: str) -> None:
        super().__init__(
            message,
            next_step="Sign in with a device code, or close what holds the port",
            code="port_taken",
        )
        self.ports = ports
        self.program = program
        """Name and number of the first holder that could be found; empty where none was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundPort:
    """A port that is ours, with sockets that listen on it."""

    port: int
    sockets: tuple[socket.socket, ...]


class CallbackPorts:
    """Hands out the callback ports, and knows which attempt of this process holds which.

    The newest attempt gets the port: an earlier one of ours is ended for it. Another program's is
    left alone.
    """

    def __init__(self) -> None:
        self._holders: dict[int, Callable[[], None]] = {}

    async def bind(self, provider: SignInProvider, give_up: Callable[[], None]) -> BoundPort:
        """Take the first port that can be had; a port 0 is any free one.

        Args:
            provider: Names the ports and the host of the redirect.
            give_up: Frees the port at once, when a later attempt wants it.

        Raises:
            PortTakenError: None can be had.
        """
        problems: dict[int, OSError] = {}
        for port in provider.callback_ports:
            try:
                bound = self._bind_one(port, provider.redirect_host)
            except OSError as error:
                problems[port] = error
                continue
            self._holders[bound.port] = give_up
            return bound
        raise await _taken(problems)

    def release(self, port: int, give_up: Callable[[], None]) -> None:
        """Forget an attempt that has freed its port."""
        if self._holders.get(port) == give_up:
            del self._holders[port]

    def _bind_one(self, port: int, redirect_host: str) -> BoundPort:
        try:
            sockets = _listen(port, redirect_host)
        except OSError as error:
            earlier = self._holders.pop(port, None)
            if error.errno != errno.EADDRINUSE or earlier is None:
                raise
            earlier()
            sockets = _listen(port, redirect_host)
        return BoundPort(port=sockets[0].getsockname()[1], sockets=sockets)


def _listen(port: int, redirect_host: str) -> tuple[socket.socket, ...]:
    """Listen on 127.0.0.1; where browsers are sent to `localhost`, on ::1 too or not at all.

    Another program could hold `[::1]:port` while we own the port on 127.0.0.1, and browsers try
    ::1 first.
    """
    first = _listening(socket.AF_INET, "127.0.0.1", port)
    if redirect_host != "localhost" or not socket.has_ipv6:
        return (first,)
    try:
        second = _listening(socket.AF_INET6, "::1", first.getsockname()[1])
    except OSError as error:
        if error.errno in _NO_SUCH_FAMILY:
            return (first,)
        first.close()
        raise
    return first, second


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "nt":
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009 absent elsewhere
        else:
            # Connections of the attempt before may linger; two listeners it does not allow.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setblocking(False)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def _taken(problems: dict[int, OSError]) -> PortTakenError:
    words: list[str] = []
    program = ""
    for port, error in problems.items():
        if error.errno != errno.EADDRINUSE:
            reason = clean_line(error.strerror or "the system refuses", 80)
            words.append(f"port {port} cannot be used ({reason})")
            continue
        holder = await asyncio.to_thread(find_holder, port)
        program = program or holder
        words.append(f"port {port} is taken by {holder or 'another program'}")
    text = ", and ".join(words) or "no port is configured"
    return PortTakenError(text[0].upper() + text[1:], ports=tuple(problems), program=program)
