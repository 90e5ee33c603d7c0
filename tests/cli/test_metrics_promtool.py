"""What Prometheus's own `promtool` says of our metrics, and of the configuration in the docs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.cli.metrics import metrics
from tests.cli.status_store import row
from tests.cli.test_metrics import fill, fill_whole

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "status-line.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.oracle


@pytest.fixture
def promtool() -> str:
    """Path of the program: that of the machine, or the one that `.ci/run` unpacked."""
    unpacked = ROOT / ".tools" / "prometheus" / "usr" / "bin" / "promtool"
    found = shutil.which("promtool") or shutil.which(unpacked)
    if found is None:
        reason = "promtool is not installed"
        if os.environ.get("FOREDECK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def judged(promtool: str, *arguments: str, text: str = "") -> tuple[int, str]:
    """Exit code, and what it complains of."""
    ended = subprocess.run(
        [promtool, "check", *arguments],
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return ended.returncode, ended.stderr


def documented(word: str) -> str:
    """The YAML of the page in which a word stands."""
    (found,) = (each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if word in each)
    return found


def test_no_family_goes_against_the_conventions(promtool: str, tmp_path: Path) -> None:
    whole, bare = tmp_path / "whole" / "foredeck.db", tmp_path / "bare" / "foredeck.db"
    fill_whole(whole)
    fill(bare, [row(limit_name='a "b" \\ c')], plan="é\N{SNOWMAN}")
    for path in (whole, bare, tmp_path / "none"):
        assert judged(promtool, "metrics", text=metrics(str(path))) == (0, "")


@pytest.mark.parametrize(("kind", "word"), [("config", "scrape_configs"), ("rules", "alert")])
def test_the_documented_configuration_is_one(
    promtool: str, tmp_path: Path, kind: str, word: str
) -> None:
    path = tmp_path / "documented.yml"
    path.write_text(documented(word), encoding="utf-8")
    assert judged(promtool, kind, str(path))[0] == 0
