"""What a program that we start may know: the user's surroundings, without our credentials."""

import os
from collections.abc import Mapping
from typing import Final

CREDENTIALS: Final = frozenset(
    {"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN", "DEVIN_API_KEY"}
)


def child_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a browser, an editor or a clipboard tool.

    Args:
        environ: Ours.
    """
    return {name: value for name, value in environ.items() if name not in CREDENTIALS}
