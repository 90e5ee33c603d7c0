"""What `make demo` says on machines that lack something."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READ = ("scripts/setup", "pyproject.toml", "uv.lock", "app/launcher.py", "app/version.py")
TOOLS = ("cat", "cksum", "dirname", "rm")

SetUp = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def set_up(tmp_path: Path) -> SetUp:
    """Runs `scripts/setup` in a bare copy, with only these programs on PATH.

    Programs are named by keyword, `_` for a dot, each with its shell script.
    """
    for name in READ:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (programs / tool).symlink_to(found)

    def run(python: str = "", **scripts: str) -> "subprocess.CompletedProcess[str]":
        for name, script in scripts.items():
            program = programs / name.replace("_", ".")
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        return subprocess.run(
            ["/bin/sh", "scripts/setup"],
            cwd=tmp_path,
            env={"PATH": str(programs), "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


FAILING_SHIM = "echo 'pyenv: python3: command not found' >&2; exit 127"
WITHOUT_VENV = f"""
case "$*" in
    *sys.executable*) echo "$0" ;;
    "-m venv"*) echo "Error: ensurepip is not available."; exit 1 ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
OLD = """
case "$*" in
    *print*) echo 3.10.13 ;;
    *) exit 1 ;;
esac
"""


def test_a_machine_without_python_is_told_how_to_get_it(set_up: SetUp) -> None:
    said = set_up()
    assert said.returncode == 1
    assert "none on PATH (python3: none)" in said.stderr
    assert "sudo apt-get install python3 python3-venv" in said.stderr


def test_an_old_python_is_named(set_up: SetUp) -> None:
    said = set_up(python3=OLD)
    assert said.returncode == 1
    assert "none on PATH (python3: 3.10.13)" in said.stderr


def test_a_shim_that_fails_counts_as_missing(set_up: SetUp) -> None:
    said = set_up(python3=FAILING_SHIM, python3_13=FAILING_SHIM)
    assert said.returncode == 1
    assert "none on PATH (python3: none)" in said.stderr
    assert "pyenv" not in said.stderr


def test_another_python_is_taken_where_the_first_is_only_a_shim(set_up: SetUp) -> None:
    said = set_up(python3=FAILING_SHIM, python3_12=WITHOUT_VENV)
    assert "with Python 3." in said.stderr


def test_a_missing_venv_module_is_named_with_its_line(set_up: SetUp, tmp_path: Path) -> None:
    said = set_up(python3=WITHOUT_VENV)
    assert said.returncode == 1
    assert "venv module is missing" in said.stderr
    short = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"sudo apt-get install python3-venv    (or python{short}-venv)" in said.stderr
    assert not (tmp_path / ".tools" / "uv").exists()


def test_a_python_that_was_asked_for_and_fails_is_not_replaced(set_up: SetUp) -> None:
    said = set_up(python="python3.12", python3=WITHOUT_VENV, python3_12=FAILING_SHIM)
    assert said.returncode == 1
    assert said.stderr == (
        "PYTHON=python3.12 is no working Python of 3.11 or later: it does not run.\n"
    )
