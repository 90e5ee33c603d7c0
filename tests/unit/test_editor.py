"""The user's editor for a prompt."""

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.editor import edit
from services.errors import UsageError


class Editor:
    """Stands for the program; notes what it was given and saves something else."""

    def __init__(self, saves: bytes | None, code: int = 0) -> None:
        self._saves = saves
        self._code = code
        self.command: list[str] = []
        self.found = b""
        self.modes: tuple[int, int] = (0, 0)

    def __call__(self, command: Sequence[str]) -> int:
        self.command = list(command)
        path = Path(command[-1])
        self.found = path.read_bytes()
        self.modes = (
            stat.S_IMODE(path.stat().st_mode),
            stat.S_IMODE(path.parent.stat().st_mode),
        )
        if self._saves is None:
            path.unlink()
        else:
            path.write_bytes(self._saves)
        return self._code


def test_what_is_saved_comes_back_and_the_file_is_private_and_gone() -> None:
    editor = Editor(b"neu\n\tzwei\n")
    assert edit("alt\r\n", environ={"EDITOR": "ed -s"}, run=editor) == "neu\n\tzwei\n"
    assert (editor.command[:2], editor.found) == (["ed", "-s"], b"alt\r\n")
    assert editor.modes == (0o600, 0o700)
    assert not Path(editor.command[-1]).parent.exists()


def test_the_line_end_that_an_editor_adds_is_taken_off() -> None:
    assert edit("a", environ={"EDITOR": "ed"}, run=Editor(b"b\n")) == "b"


def test_visual_goes_before_editor_and_may_hold_quoted_words() -> None:
    editor = Editor(b"")
    edit("", environ={"VISUAL": "'my editor' --wait", "EDITOR": "ed"}, run=editor)
    assert editor.command[:2] == ["my editor", "--wait"]


def test_an_editor_is_found_on_the_path(tmp_path: Path) -> None:
    vi = tmp_path / "vi"
    vi.touch(mode=0o700)
    editor = Editor(b"x")
    edit("", environ={"PATH": str(tmp_path)}, run=editor)
    assert editor.command[0] == str(vi)


def refuse(command: Sequence[str]) -> int:
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize(
    ("environ", "run", "words"),
    [
        ({"PATH": ""}, refuse, "no editor is known: set EDITOR, for example EDITOR=nano"),
        ({"EDITOR": "'x"}, refuse, "VISUAL or EDITOR has an open quote"),
        (
            {"EDITOR": "ed"},
            refuse,
            "the editor ed cannot be started: No such file or directory",
        ),
        (
            {"EDITOR": "ed"},
            Editor(b"", code=1),
            "the editor ed ended with 1; the text is unchanged",
        ),
        ({"EDITOR": "ed"}, Editor(None), "what ed saved cannot be read as text"),
        ({"EDITOR": "ed"}, Editor(b"\xff"), "what ed saved cannot be read as text"),
    ],
)
def test_what_goes_wrong_is_said_in_one_sentence(
    environ: dict[str, str], run: Editor, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        edit("text", environ=environ, run=run)
    assert str(caught.value) == words
