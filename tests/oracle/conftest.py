"""Real programs from outside: found, or a reason to skip."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def codex_program() -> str:
    """Path of the Codex CLI: `FOREDECK_CODEX`, or the one that npm put into `.tools/codex`."""
    named = os.environ.get("FOREDECK_CODEX")
    found = named or str(ROOT / ".tools" / "codex" / "node_modules" / ".bin" / "codex")
    if shutil.which(found) is None:
        missing(
            "no Codex CLI: set FOREDECK_CODEX, or run "
            "`npm install --prefix .tools/codex @openai/codex@latest`"
        )
    if shutil.which("node") is None:
        missing("no node to run the Codex CLI with")
    return found


def missing(reason: str) -> NoReturn:
    """Skip, or fail where everything has to be there (`FOREDECK_CI=1`)."""
    if os.environ.get("FOREDECK_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
