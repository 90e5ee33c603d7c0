"""Files and memory of a run are nobody else's."""

import ctypes
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import ctypes, os, pathlib, resource, sys
from app.main import main

code = main(["config", "path"])
path = pathlib.Path(sys.argv[1])
path.touch()
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) if sys.platform == "linux" else 0
print("seen", code, dumpable, *resource.getrlimit(resource.RLIMIT_CORE))
"""


def probe(tmp_path: Path, before: str = "") -> tuple[str, str]:
    ended = subprocess.run(
        [sys.executable, "-c", before + PROBE, str(tmp_path / "file")],
        env={**os.environ, "FOREDECK_HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return ended.stdout.splitlines()[-1], ended.stderr


def test_no_dump_no_debugger_and_no_file_for_others(tmp_path: Path) -> None:
    assert probe(tmp_path) == ("seen 0 0 0 0", "")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_a_process_that_did_nothing_about_it_can_be_read() -> None:
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 1


def test_a_python_without_ctypes_starts_all_the_same(tmp_path: Path) -> None:
    found, errors = probe(
        tmp_path,
        "import sys; sys.modules['_ctypes'] = None\n"
        "import types; sys.modules['ctypes'] = types.SimpleNamespace("
        "CDLL=lambda _: types.SimpleNamespace(prctl=lambda *_: 1))\n",
    )
    assert (found, errors) == ("seen 0 1 0 0" if sys.platform == "linux" else "seen 0 0 0 0", "")
