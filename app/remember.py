"""Keeping what the welcome found, so that the next start needs no question."""

import json
import os
import tempfile
from pathlib import Path

from app.settings import read_config
from services.provider import Provider

NAME = "local"


def remember_server(provider: Provider, path: Path) -> str:
    """Write a server into the configuration file, beside what stands there.

    A key is never written.

    Args:
        provider: The server.
        path: The configuration file; made with mode 0600 where it is missing.

    Returns:
        A sentence that says what was done, or why not.
    """
    table, problems = read_config(path)
    if problems or "provider" in table or NAME in table.get("providers", {}):
        return f"{path} is left as it is; name the server there to keep it"
    try:
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        entry = (
            f"[providers.{NAME}]\n"
            f"base_url = {json.dumps(provider.base_url)}\n"
            f'wire_api = "{provider.wire}"\n'
        )
        # A key of the top level must stand before the first table.
        text = f'provider = "{NAME}"\n' + known + "\n" + entry
        _write(path, text)
    except OSError as error:
        return f"The server is not kept: {path}: {error.strerror}"
    return f"The server is kept in {path}"


def _write(path: Path, text: str) -> None:
    """Replace the file in one step."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".config-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
