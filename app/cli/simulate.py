"""`foredeck simulate`: serve the backends on loopback, for demos and tests."""

import argparse
from typing import Any

from simulator.flags import add_arguments


def add_parser(subparsers: Any) -> None:
    """Add `simulate`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "simulate",
        help="serve every backend on loopback",
        description="Serve every backend on loopback until SIGTERM or SIGINT. The first line "
        "of output is JSON with the addresses and the key.",
        epilog="example: foredeck simulate --story markdown --speed 4 --fail responses:status=429",
    )
    add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes.

    Returns:
        0, 1 where the port is taken, or 2 for a story or fault that does not exist.
    """
    from simulator.cli import serve

    return serve(arguments)
