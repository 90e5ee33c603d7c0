"""The end of a tmux server that a test started."""

import socket
import subprocess
import time
from pathlib import Path

PATIENCE = 20.0
"""Seconds that a server may take to end."""


def end_tmux(path: Path) -> None:
    """End the server at a socket, and see that it has gone; one that went by itself is no fault.

    Args:
        path: Of its socket.

    Raises:
        AssertionError: It is still there.
    """
    said = subprocess.run(
        ["tmux", "-S", str(path), "kill-server"], check=False, capture_output=True, text=True
    )
    deadline = time.monotonic() + PATIENCE
    while is_served(path):
        assert time.monotonic() < deadline, f"tmux goes on at {path}: {said.stderr}"
        time.sleep(0.02)


def is_served(path: Path) -> bool:
    """Whether a server takes connections at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True
