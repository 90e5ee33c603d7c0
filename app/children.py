"""What a program that we start may know: the user's surroundings, without our credentials."""

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from app.settings import Settings

CREDENTIALS: Final = frozenset(
    {"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN", "DEVIN_API_KEY"}
)
NEEDED: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "HOSTNAME", "DISPLAY", "WAYLAND_DISPLAY"}
)
"""No secrets, even where a table sends them: hardly a program does without them."""


def key_names(settings: "Settings") -> frozenset[str]:
    """Variables that hold credentials: the known ones, and those that tables of providers name."""
    found: set[object] = set(CREDENTIALS)
    for table in settings.providers.values():
        found.add(table.get("env_key"))
        headers = table.get("env_http_headers")
        if isinstance(headers, dict):
            found.update(cast("dict[str, Any]", headers).values())
    return frozenset(name for name in found if isinstance(name, str)) - NEEDED


def surroundings(settings: "Settings", environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What may be handed on to a browser, an editor or a clipboard tool.

    Args:
        settings: Of this run.
        environ: Ours.
    """
    return child_environment(environ, key_names(settings))


def child_environment(
    environ: Mapping[str, str], names: Collection[str] = CREDENTIALS
) -> dict[str, str]:
    """The environment without some variables.

    Args:
        environ: From `surroundings`, as a rule.
        names: What is left out.
    """
    return {name: value for name, value in environ.items() if name not in names}
