"""The wheel, built once, and an environment of its own for each interpreter on PATH."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OUTSIDE = dict(os.environ)
"""Read before a test gets its own home: uv keeps its cache in the real one."""
UV = ROOT / "scripts" / "uv"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=OUTSIDE,
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )


def interpreter(version: tuple[int, int]) -> str | None:
    """Path of a working interpreter of that version on PATH; a shim that only fails is none."""
    if sys.version_info[:2] == version:
        return sys.executable
    name = f"python{version[0]}.{version[1]}"
    try:
        answer = subprocess.run(
            [name, "-c", "import sys; print(sys.executable)"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source archive, so that the archive is known to be whole."""
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--no-build-logs", "--out-dir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[tuple[int, int]], Path]:
    """Installs the wheel for one version of Python; gives the folder of its programs."""
    done: dict[tuple[int, int], Path] = {}

    def install(version: tuple[int, int]) -> Path:
        if version not in done:
            python = interpreter(version)
            if python is None:
                pytest.skip(f"python{version[0]}.{version[1]} is not on PATH")
            folder = tmp_path_factory.mktemp(f"py{version[0]}{version[1]}")
            run(UV, "venv", "--quiet", "--python", python, folder / "env", cwd=folder)
            programs = folder / "env" / "bin"
            run(
                UV, "pip", "install", "--quiet", "--python", programs / "python", wheel,
                cwd=folder,
            )  # fmt: skip
            done[version] = programs
        return done[version]

    return install
