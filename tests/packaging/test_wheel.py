import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.version import __version__
from benchmarks.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
HERE = sys.version_info[:2]
OTHERS = [v for v in ((3, 11), (3, 12), (3, 13)) if v != HERE]
VERSIONS = [
    pytest.param(HERE, id="this python"),
    *(pytest.param(v, id=f"python{v[0]}.{v[1]}", marks=pytest.mark.slow) for v in OTHERS),
]
Install = Callable[[tuple[int, int]], Path]

pytestmark = pytest.mark.xdist_group("packaging")


@contextmanager
def simulator(programs: Path, cwd: Path) -> Generator[dict[str, str]]:
    process = subprocess.Popen(
        [programs / "foredeck", "simulate", "--speed", "50"],
        cwd=cwd,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()


def test_the_wheel_takes_no_common_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "foredeck",
        f"foredeck-{__version__}.dist-info",
    }


def test_the_wheel_holds_the_tree_and_nothing_else(wheel: Path) -> None:
    prefix = "foredeck/tree/"
    shipped = {
        name.removeprefix(prefix)
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith(prefix)
    }
    files = (
        path
        for room in ("app", "widgets", "services", "simulator")
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    tree = {path.relative_to(ROOT).as_posix() for path in files}
    assert shipped == tree - {"app/launcher.py"} | {"styles.tcss"}
    assert any(name.endswith(".md") for name in shipped), "the stories' texts"


def test_the_program_of_the_checkout_starts_anywhere(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("foredeck")
    said = subprocess.run(
        [program, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30
    )
    assert said.stdout == f"foredeck {__version__}\n"
    helped = subprocess.run(
        [program, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30
    )
    assert "foredeck COMMAND" in helped.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_the_installed_program_answers_scripts(
    installed: Install, version: tuple[int, int], tmp_path: Path
) -> None:
    programs = installed(version)
    said = subprocess.run(
        [programs / "foredeck", "--version"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert said.stdout == f"foredeck {__version__}\n"
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('shadowed')\n")
    with simulator(programs, tmp_path) as place:
        asked = subprocess.run(
            [programs / "foredeck", "ask", "--no-save", "hello"],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(tmp_path),
                "FOREDECK_OPENAI_BASE_URL": place["openai_base_url"],
                "OPENAI_API_KEY": place["api_key"],
            },
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert (asked.returncode, len(asked.stdout) > 20) == (0, True), asked.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_installed_app_opens_the_demo_and_quits(
    installed: Install, version: tuple[int, int], tmp_path: Path
) -> None:
    programs = installed(version)
    with Terminal(
        [str(programs / "foredeck"), "--demo"], environ=dict(os.environ), folder=tmp_path
    ) as terminal:
        terminal.wait_screen("demo")
        terminal.send("hello from the wheel")
        terminal.wait_screen("hello from the wheel")
        terminal.send("\x03")
        terminal.wait_quiet()
        terminal.send("\x03")
        terminal.wait_quiet()
        terminal.send("\x03")
        assert terminal.wait_end() == 0
