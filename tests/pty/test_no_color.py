import re
from collections.abc import Callable

import pytest

from benchmarks.terminal import Terminal

Open = Callable[..., Terminal]
COLOUR = re.compile(rb"\x1b\[[0-9;]*?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[25];[0-9;]+)[0-9;]*m")


def test_without_colour_nothing_is_painted(
    deck: Open, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(environ, "NO_COLOR", "1")
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("hello\r")
        terminal.wait_screen("tokens")
        assert COLOUR.findall(terminal.output) == []
        assert re.search(rb"\x1b\[1[;m]", terminal.output), "weight carries what colour did"


def test_with_colour_the_same_pattern_finds_it(deck: Open) -> None:
    with deck() as terminal:
        terminal.wait_screen("message")
        assert COLOUR.search(terminal.output)
