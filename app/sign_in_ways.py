"""Which way to sign in comes first, by what the terminal stands in."""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

CONTAINER_MARKS = (".dockerenv", "run/.containerenv")
"""Files below the root that only containers have."""


class Way(StrEnum):
    """A way to sign in."""

    BROWSER = "browser"
    DEVICE = "device"
    """A code that is typed on a page, on any device."""
    KEY = "key"
    """An API key."""


def first_way(
    environ: Mapping[str, str], *, platform: str, is_container: bool, has_browser: bool
) -> Way:
    """The way that most likely works here; the others are a key away.

    Args:
        environ: Tells a desktop, a browser and a remote session.
        platform: As `sys.platform`.
        is_container: As `is_in_container`.
        has_browser: As `app.browser.has_browser`.
    """
    is_far = is_remote(environ) or is_container
    is_here = has_browser and has_desktop(environ, platform=platform)
    return Way.BROWSER if is_here and not is_far else Way.DEVICE


def has_desktop(environ: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Whether a browser may have a screen to open on, or is named."""
    named = any(environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    return named or platform == "darwin"


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the user sits at another machine, so that a page cannot come back to this one."""
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))


def is_in_container(root: Path = Path("/")) -> bool:
    """Whether this process has a machine's address of its own, which no browser reaches."""
    return any((root / mark).exists() for mark in CONTAINER_MARKS)
