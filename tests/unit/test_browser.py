import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.browser import has_browser, open_address, open_and_watch, plain_address
from services.errors import UsageError


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_an_address_is_shown_as_it_really_is(url: str, plain: str) -> None:
    assert plain_address(url) == plain


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "file:///etc/passwd", "vscode://x", "--help", "http://",
     "https://user:secret@host/", "https://good.example@evil.example/", "http://h:99999/"],
)  # fmt: skip
def test_other_addresses_are_not_opened(url: str) -> None:
    with pytest.raises(UsageError):
        plain_address(url)


def browser(folder: Path) -> str:
    program = folder / "browser"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(("words", "more"), [("{}", []), ("{} --tab %s", ["--tab"])])
def test_the_users_browser_gets_the_address_as_one_word(
    tmp_path: Path, words: str, more: list[str]
) -> None:
    started: list[Sequence[str]] = []
    program = browser(tmp_path)
    url = "https://example.org/$(id)&x=';y"
    environ = {"BROWSER": "missing" + os.pathsep + words.format(program), "PATH": ""}
    open_address(url, environ=environ, start=started.append)
    assert started == [[program, *more, url]]


@pytest.mark.parametrize("named", ["'", '"never ends', "\\"])
def test_a_command_that_cannot_be_read_is_no_browser(tmp_path: Path, named: str) -> None:
    started: list[Sequence[str]] = []
    program = browser(tmp_path)
    assert not has_browser({"BROWSER": named, "PATH": ""})
    environ = {"BROWSER": os.pathsep.join((named, program)), "PATH": ""}
    assert has_browser(environ)
    open_address("https://example.org/", environ=environ, start=started.append)
    assert started == [[program, "https://example.org/"]]


def test_without_a_browser_that_is_said() -> None:
    with pytest.raises(UsageError, match="No browser was found"):
        open_address("https://example.org/", environ={"PATH": ""})


def script(folder: Path, text: str) -> str:
    """A browser that does this."""
    program = Path(browser(folder))
    program.write_text(f"#!/bin/sh\n{text}\n")
    return str(program)


async def test_a_browser_that_fails_at_once_is_said(tmp_path: Path) -> None:
    environ = {"BROWSER": script(tmp_path, "exit 3"), "PATH": "/usr/bin:/bin"}
    with pytest.raises(UsageError, match="No browser was opened: browser ended with 3") as caught:
        await open_and_watch("https://example.org/", environ=environ)
    assert caught.value.failure.next_step == "Set BROWSER, or copy the address"


async def test_a_browser_that_stays_open_is_left_to_itself(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    environ = {"BROWSER": script(tmp_path, f"read end < {pipe}; exit 3"), "PATH": "/usr/bin:/bin"}
    await open_and_watch("https://example.org/", environ=environ)
    with pipe.open("w") as end:
        end.write("now\n")


async def test_a_browser_that_hands_the_address_on_and_ends_has_opened_it(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    environ = {"BROWSER": script(tmp_path, f'echo "$1" > {opened}'), "PATH": "/usr/bin:/bin"}
    await open_and_watch("https://example.org/", environ=environ)
    assert opened.read_text() == "https://example.org/\n"
