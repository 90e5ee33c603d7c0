"""A command line whose sign-in is the simulator's, with a Codex home of its own."""

import json
from pathlib import Path
from typing import Any

from simulator.server import Simulator
from tests.cli.conftest import CommandLine


def home_of(foredeck: CommandLine) -> Path:
    """The folder of `auth.json`."""
    return Path(foredeck.environment["CODEX_HOME"])


def use_simulator(foredeck: CommandLine, sim: Simulator, home: Path) -> None:
    """Have the simulator sign in; nobody is signed in yet."""
    home.mkdir(mode=0o700)
    foredeck.environment |= {
        "CODEX_HOME": str(home),
        "FOREDECK_ISSUER": sim.issuer,
        "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
    }
    del foredeck.environment["OPENAI_API_KEY"]


def put_login(foredeck: CommandLine, document: dict[str, Any]) -> Path:
    """Have this login stored."""
    path = home_of(foredeck) / "auth.json"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path
