"""Copying: which way is taken, and what is said."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.clipboard import OSC52_LIMIT, CopyResult, copy


class Desktop:
    """A folder of tools on the path, what they were fed, and what went to the terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self.written: list[str] = []

    def install(self, name: str, *, code: int = 0) -> None:
        """Put a tool there that writes arguments and input to a file and ends with `code`."""
        path = self._folder / name
        path.write_text(
            f'#!/bin/sh\n{{ echo "$@"; /bin/cat; }} > "{path}.got"\nexit {code}\n', encoding="utf-8"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def got(self, name: str) -> str | None:
        """Arguments and input of a tool; None where it did not run."""
        path = self._folder / f"{name}.got"
        return path.read_text(encoding="utf-8") if path.exists() else None

    async def copy(self, text: str, environ: Mapping[str, str]) -> CopyResult:
        """Copy with only these tools."""
        return await copy(
            text,
            environ={"PATH": str(self._folder), **environ},
            ask_terminal=self.written.append,
        )


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path / "bin")


async def test_the_desktops_own_tool_comes_first(desktop: Desktop) -> None:
    desktop.install("wl-copy")
    desktop.install("tmux")
    result = await desktop.copy("grüße\n", {"WAYLAND_DISPLAY": "w", "TMUX": "t"})
    assert result == CopyResult(is_copied=True, words="copied 6 characters (wl-copy)")
    assert desktop.got("wl-copy") == "\ngrüße\n"
    assert (desktop.got("tmux"), desktop.written) == (None, [])


async def test_a_remote_session_does_not_use_the_tool_of_the_wrong_machine(
    desktop: Desktop,
) -> None:
    desktop.install("xclip")
    result = await desktop.copy("x" * 1_240, {"DISPLAY": ":0", "SSH_TTY": "/dev/pts/0"})
    assert result.words == "copied 1,240 characters (terminal, OSC 52)"
    assert desktop.got("xclip") is None
    assert desktop.written == ["x" * 1_240]


async def test_tmux_is_given_the_text_to_pass_on(desktop: Desktop) -> None:
    desktop.install("tmux")
    result = await desktop.copy("a", {"TMUX": "t", "SSH_TTY": "/dev/pts/0"})
    assert result == CopyResult(is_copied=True, words="copied 1 character (tmux)")
    assert desktop.got("tmux") == "load-buffer -w -\na"


async def test_a_tool_that_fails_gives_way_to_the_next(desktop: Desktop) -> None:
    desktop.install("xclip", code=1)
    desktop.install("xsel")
    result = await desktop.copy("abc", {"DISPLAY": ":0"})
    assert result.words == "copied 3 characters (xsel)"


async def test_a_tool_without_its_desktop_is_not_tried(desktop: Desktop) -> None:
    desktop.install("xclip")
    result = await desktop.copy("abc", {})
    assert result.words == "copied 3 characters (terminal, OSC 52)"


async def test_too_much_for_the_terminal_is_not_cut_but_refused(desktop: Desktop) -> None:
    result = await desktop.copy("x" * (OSC52_LIMIT + 1), {})
    assert not result.is_copied
    assert result.words.startswith("not copied: 74,995 bytes are more than the terminal takes")
    assert desktop.written == []


async def test_nothing_is_not_copied(desktop: Desktop) -> None:
    assert await desktop.copy("", {}) == CopyResult(is_copied=False, words="nothing to copy")


async def test_no_control_sequence_of_the_text_reaches_the_terminal(desktop: Desktop) -> None:
    await desktop.copy("\x1b]0;x\x07\ud800", {})
    assert desktop.written[0].count("\x1b") == 1
    assert os.linesep not in desktop.written[0]
