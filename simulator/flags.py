"""Flags of `foredeck simulate`, apart from the server: declaring them must cost no import."""

import argparse
import math

TOKEN_LIFE = 10 * 86400.0
"""Seconds that an access token lives unless somebody says otherwise."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--port", type=_port, default=0, help="0 takes a free one")
    parser.add_argument(
        "--story", default="day", metavar="NAME|FILE", help="what it answers; `list` names them"
    )
    parser.add_argument("--seed", type=_seed, metavar="N", help="the same answers for the same N")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="1 is human pace, `inf` no waits"
    )
    parser.add_argument(
        "--fail",
        action="append",
        default=[],
        metavar="SPEC",
        help="inject a fault, as `responses:event=7:drop:times=1` or `models:status=500`",
    )
    parser.add_argument(
        "--token-life",
        type=_life,
        default=TOKEN_LIFE,
        metavar="SECONDS",
        help="how long access tokens live; ten days otherwise",
    )
    parser.add_argument(
        "--token-spent",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="how much of that life is over when they are issued",
    )
    parser.add_argument("--exit-with-parent", action="store_true", help=argparse.SUPPRESS)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number between 0 and 65535")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if math.isnan(speed) or speed <= 0:
        raise argparse.ArgumentTypeError("a speed is a number greater than 0")
    return speed


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("seconds are a number from 0")
    return seconds


def _life(text: str) -> float:
    seconds = _seconds(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError("a token lives a second at least")
    return seconds


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a seed is a whole number") from error
