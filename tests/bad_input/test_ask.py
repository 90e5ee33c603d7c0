"""The same rows in `ask`: one line on stderr, the exit code, and what had come on stdout."""

from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.bad_input.rows import FAILURES, Row
from tests.cli.conftest import CommandLine, foredeck, sim

__all__ = ["foredeck", "sim"]


@pytest.fixture
def config(sim: Simulator, tmp_path: Path) -> str:
    """A configuration without retries."""
    path = tmp_path / "config.toml"
    path.write_text(
        f'provider = "once"\n[providers.once]\nbase_url = "{sim.openai_base_url}"\n'
        'env_key = "OPENAI_API_KEY"\nmodel = "gpt-5.5"\n'
        "request_max_retries = 0\nstream_max_retries = 0\n"
    )
    return str(path)


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: row.name)
def test_a_failure_is_one_line_and_an_exit_code(
    sim: Simulator, foredeck: CommandLine, config: str, row: Row
) -> None:
    sim.script("responses", row.steps())
    ended = foredeck("--config", config, "ask", "hi")
    assert ended.out.strip() == row.kept
    (line,) = ended.err.splitlines()
    assert line.startswith(f"error: {row.says}")
    assert row.next_step in line
    assert ended.code == row.code
