import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.browser import has_browser, open_address, plain_address
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
