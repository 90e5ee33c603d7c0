"""`foredeck metrics`: what is stored of the limits, for Prometheus. Families: docs/status-line.md.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4).
"""

import argparse
import math
from argparse import Namespace
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from app.cli.output import EXIT_OK, Output
from app.settings import Settings
from app.status_line import Status, Window
from app.status_store import FILE, query, sqlite
from app.version import __version__
from services.errors import BadPayloadError, RefusedError, UsageError
from services.hosts import is_loopback
from services.limits.board import Board, from_json
from services.models.limits import ForecastState
from services.models.windows import label

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ADDRESS: Final = "127.0.0.1:9464"
PERCENTILES: Final = ("10", "50", "90")
"""Of the run-out; `quantile` is a label of summaries alone."""
Sample: TypeAlias = tuple[tuple[tuple[str, str], ...], float]
"""Labels and value."""


def add_parser(subparsers: Any) -> None:
    """Add `metrics`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "metrics",
        help="limits for Prometheus",
        description="Print what is stored of the limits as Prometheus text, or serve it. It asks "
        "no server:\nthe app, foredeck limits or foredeck limits watch keep the numbers fresh.",
        epilog="examples:\n  foredeck metrics > /var/lib/node_exporter/foredeck.prom\n"
        f"  foredeck metrics --listen {ADDRESS}",
    )
    parser.add_argument(
        "--listen",
        metavar="ADDR",
        type=address,
        help=f"serve GET /metrics there, as {ADDRESS}; a port alone is on this machine",
    )


def address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:9464`, `[::1]:9464` or `9464`.

    Raises:
        argparse.ArgumentTypeError: It is no such address.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) < 65_536):
        raise argparse.ArgumentTypeError(f'"{text}" is no address, as {ADDRESS} is')
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise argparse.ArgumentTypeError("an IPv6 address stands in brackets, as [::1]:9464")
    return host or "127.0.0.1", int(port)


def run(arguments: Namespace, settings: Settings, output: Output) -> int:
    """Print the metrics, or serve them until a signal comes.

    Returns:
        0 where they were printed.

    Raises:
        UsageError: The demo has no store.
        RefusedError: Nobody can listen at that address.
    """
    if settings.demo:
        raise UsageError("The demo has no metrics", next_step="Leave out --demo")
    path = str(settings.folders.data / FILE)
    if arguments.listen is None:
        output.write(metrics(path))
        return EXIT_OK
    host, _ = arguments.listen
    if not is_loopback(host):
        output.say(
            f"warning: Whoever reaches {host} can read how much is used, and which plan it is."
        )
    with serve(path, arguments.listen) as server:
        name = f"[{host}]" if ":" in host else host
        output.say(f"note: Metrics are at http://{name}:{server.server_port}/metrics")
        server.serve_forever()
    return EXIT_OK


def serve(path: str, where: tuple[str, int]) -> "ThreadingHTTPServer":
    """A server of the metrics, which reads the store for each request.

    Args:
        path: Of the database.
        where: Host and port; 0 for any that is free.

    Raises:
        RefusedError: Nobody can listen there.
    """
    import socket
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    is_private = is_loopback(where[0])

    class Handler(BaseHTTPRequestHandler):
        """Answers one connection."""

        timeout = 10.0
        server_version, sys_version = "foredeck", ""

        def do_GET(self) -> None:
            """Answer with the metrics."""
            named = self.headers.get("Host", "")
            if is_private and named and not is_loopback(_host_of(named)):
                # A page in a browser, whose name leads here since a moment ago.
                self._answer(HTTPStatus.FORBIDDEN, "Only for this machine\n")
            elif self.path.partition("?")[0] == "/metrics":
                self._answer(HTTPStatus.OK, metrics(path))
            else:
                self._answer(HTTPStatus.NOT_FOUND, "See /metrics\n")

        do_HEAD = do_GET  # noqa: N815 named by http.server

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: a scrape is no news."""

        def _answer(self, status: HTTPStatus, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    class Listener(ThreadingHTTPServer):
        """A server of either family that ends at once."""

        address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing: whoever asked has gone."""

    try:
        return Listener(where, Handler)
    except OSError as error:
        raise RefusedError(
            f"Nobody can listen at {where[0]}:{where[1]}: {error.strerror or 'no such host'}",
            next_step="Name another address with --listen",
        ) from error


def _host_of(named: str) -> str:
    """The host of a `Host` header."""
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.partition(":")[0]


# --- The text ------------------------------------------------------------------------------------


def metrics(path: str) -> str:
    """All families that the store at `path` has numbers for."""
    try:
        facts, rows, board = query(path, is_whole=True)
        status = Status(facts, rows)
    except (sqlite.Error, OSError, ValueError, TypeError, IndexError):
        status, board = None, None
    return "".join(_families(status, _board(board)))


def _board(text: str | None) -> Board | None:
    try:
        return None if text is None else from_json(text)
    except BadPayloadError:
        return None


def _families(status: Status | None, board: Board | None) -> Iterator[str]:
    yield from _gauge(
        "foredeck_build_info", "Version of Foredeck.", [_plain(1, version=__version__)]
    )
    yield from _gauge(
        "foredeck_limits_up",
        "Whether limits are stored that can be read.",
        [_plain(status is not None and status.standing == "known")],
    )
    if status is None:
        return
    yield from _of_windows(_distinct(status.windows))
    yield from _of_account(status)
    if board is not None:
        yield from _of_board(board)


def _of_windows(windows: dict[tuple[str, str], Window]) -> Iterator[str]:
    def each(value: str, whole: float = 1.0) -> Iterator[Sample]:
        for (limit, name), window in windows.items():
            number: float | None = getattr(window, value)
            if number is not None:
                yield _plain(number / whole, limit=limit, window=name)

    yield from _gauge(
        "foredeck_limit_used_ratio", "Share of the window that is used.", each("used", 100.0)
    )
    yield from _gauge(
        "foredeck_limit_reset_timestamp_seconds", "When the window resets.", each("resets_at")
    )
    yield from _gauge(
        "foredeck_limit_read_timestamp_seconds", "When the window was read last.", each("as_of")
    )
    yield from _gauge("foredeck_limit_window_seconds", "How long the window is.", each("seconds"))
    yield from _gauge(
        "foredeck_limit_refused", "Whether calls are refused because of it.", each("is_refused")
    )
    yield from _gauge(
        "foredeck_limit_run_out_timestamp_seconds",
        "When the window is forecast to run out, by percentile; absent where it lasts.",
        (
            _plain(at, limit=limit, window=name, percentile=percentile)
            for (limit, name), window in windows.items()
            for percentile, at in zip(PERCENTILES, window.quantiles, strict=True)
            if at is not None
        ),
    )
    yield from _gauge(
        "foredeck_limit_forecast",
        "What the forecast says of the window: 1 for the state that holds.",
        (
            _plain(window.forecast == state, limit=limit, window=name, state=state.value)
            for (limit, name), window in windows.items()
            for state in ForecastState
        ),
    )
    yield from _gauge(
        "foredeck_limit_info",
        "What the server calls the limit of the window.",
        (
            _plain(1, limit=limit, window=name, name=window.limit_name)
            for (limit, name), window in windows.items()
        ),
    )


def _of_account(status: Status) -> Iterator[str]:
    facts = (
        ("foredeck_limits_allowed", "Whether the server lets calls through.", status.allowed),
        ("foredeck_limits_reached", "Whether a limit is reached.", status.limit_reached),
        ("foredeck_limits_poll_failed", "Whether the last poll failed.", status.has_failed),
        ("foredeck_limits_read_timestamp_seconds", "When limits were read last.", status.as_of),
    )
    for name, words, value in facts:
        yield from _maybe(name, words, value)
    plans = [_plain(1, plan=status.plan)] if status.plan else []
    yield from _gauge("foredeck_limits_plan_info", "Plan of the account.", plans)


def _of_board(board: Board) -> Iterator[str]:
    yield from _gauge(
        "foredeck_limit_allowed",
        "Whether the server lets calls on a limit beside the main one through.",
        (_plain(not each.is_refused, limit=each.limit_id) for each in board.verdicts),
    )
    if board.credits is not None:
        held = board.credits
        words = "Whether there are credits to spend beyond the windows."
        yield from _maybe("foredeck_credits_available", words, held.has_credits)
        yield from _maybe("foredeck_credits_unlimited", "Whether they never end.", held.unlimited)
        yield from _maybe("foredeck_credits_balance", "Credits left.", _amount(held.balance))
    if board.spend_control is not None:
        spend = board.spend_control
        words = "Whether the workspace lets this member spend no more."
        yield from _maybe("foredeck_spend_control_reached", words, spend.reached)
        used = None if spend.used_percent is None else spend.used_percent / 100.0
        words = "Share used of what this member may spend."
        yield from _maybe("foredeck_spend_control_used_ratio", words, used)
    if board.reset_credits is not None:
        words = "Resets of windows that can be redeemed."
        yield from _maybe("foredeck_reset_credits_available", words, board.reset_credits.available)


def _distinct(windows: Iterable[Window]) -> dict[tuple[str, str], Window]:
    """Windows by limit and name; the name is that of the length, else the slot."""
    named: dict[tuple[str, str], Window] = {}
    for window in windows:
        slot = window.id.rpartition("/")[2]
        name = label(int(window.seconds)) if window.seconds else slot
        named.setdefault((window.limit_id, name), window)
    return named


def _maybe(name: str, words: str, value: float | None) -> Iterator[str]:
    """A family of one number; nothing where that is not known."""
    return _gauge(name, words, [] if value is None else [_plain(value)])


def _gauge(name: str, words: str, samples: Iterable[Sample]) -> Iterator[str]:
    """A family, with its head; nothing where it has no sample."""
    is_headed = False
    for labels, value in samples:
        if not is_headed:
            is_headed = True
            yield f"# HELP {name} {_escaped(words, quote=False)}\n# TYPE {name} gauge\n"
        pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        yield f"{name}{{{pairs}}} {_number(value)}\n" if pairs else f"{name} {_number(value)}\n"


def _plain(value: float, /, **labels: str) -> Sample:
    return tuple(labels.items()), float(value)


def _escaped(text: str, *, quote: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text


def _number(value: float) -> str:
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _amount(text: str | None) -> float | None:
    """A balance that is a number."""
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
