import platform
import re

import pytest

from services.auth.calls.user_agent import choose_originator, is_honest, terminal, user_agent


def test_the_header_has_the_known_shape() -> None:
    value = user_agent("1.2.3", {"TERM": "xterm-256color"})
    assert re.fullmatch(r"foredeck/1\.2\.3 \([^();]+; [^();]+\) xterm-256color", value)


def on_linux(monkeypatch: pytest.MonkeyPatch, release: dict[str, str] | OSError) -> None:
    def read() -> dict[str, str]:
        if isinstance(release, OSError):
            raise release
        return release

    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "release", lambda: "6.1.0")
    monkeypatch.setattr(platform, "freedesktop_os_release", read)


def test_linux_is_named_by_its_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    on_linux(monkeypatch, {"NAME": "Debian GNU/Linux", "VERSION_ID": "12"})
    assert user_agent("0.1", {}) == "foredeck/0.1 (Debian 12; x86_64) unknown"


def test_linux_without_a_release_file_is_named_by_its_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_linux(monkeypatch, OSError())
    assert user_agent("0.1", {}) == "foredeck/0.1 (Linux 6.1.0; x86_64) unknown"


def test_macos_and_windows_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("15.1", ("", "", ""), "arm64"))
    assert user_agent("0.1", {}) == "foredeck/0.1 (Mac OS 15.1; arm64) unknown"
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(platform, "version", lambda: "10.0.26100")
    assert user_agent("0.1", {}) == "foredeck/0.1 (Windows 10.0.26100; arm64) unknown"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.90"}, "vscode/1.90"),
        ({"TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, "tmux"),
        ({"TERM_PROGRAM": " ", "WEZTERM_VERSION": "2024"}, "WezTerm/2024"),
        ({"ITERM_SESSION_ID": "w0t0p0:secret"}, "iTerm.app"),
        ({"TERM_SESSION_ID": "secret"}, "Apple_Terminal"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-kitty"}, "kitty"),
        ({"ALACRITTY_SOCKET": "/run/a"}, "Alacritty"),
        ({"KONSOLE_VERSION": "230800"}, "Konsole/230800"),
        ({"GNOME_TERMINAL_SCREEN": "/org/gnome"}, "gnome-terminal"),
        ({"VTE_VERSION": "7600"}, "VTE/7600"),
        ({"WT_SESSION": "guid"}, "WindowsTerminal"),
        ({"TERM": "xterm"}, "xterm"),
        ({}, "unknown"),
    ],
)
def test_terminals_are_named(environ: dict[str, str], name: str) -> None:
    assert terminal(environ) == name


def test_what_cannot_stand_in_a_header_becomes_an_underscore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_linux(monkeypatch, {"NAME": "Dębian\r\nx: y", "VERSION_ID": "\x1b"})
    value = user_agent("1\n2", {"TERM_PROGRAM": "a\x00b\udc80ü", "TERM_PROGRAM_VERSION": "~"})
    assert value == "foredeck/1_2 (D_bian__x: y _; x86_64) a_b__/~"


def test_a_variable_of_any_length_gives_a_short_header() -> None:
    assert len(user_agent("1", {"TERM": "x" * 100_000})) < 250


@pytest.mark.parametrize(
    ("wanted", "used"),
    [
        ("my_tool", "my_tool"),
        (" my_tool\n", "my_tool"),
        ("Acme-Deck.2", "Acme-Deck.2"),
        ("a" * 64, "a" * 64),
        ("a" * 65, "foredeck"),
        ("", "foredeck"),
        ("codex_cli_rs", "foredeck"),
        ("codex_vscode", "foredeck"),
        ("codex-tui", "foredeck"),
        ("Codex Desktop", "foredeck"),
        ("CODEX_CLI_RS", "foredeck"),
        ("with space", "foredeck"),
        ("x\r\nauthorization: y", "foredeck"),
        ("naïve", "foredeck"),
    ],
)
def test_an_originator_of_the_user_counts_where_it_is_honest(wanted: str, used: str) -> None:
    assert choose_originator({"CODEX_INTERNAL_ORIGINATOR_OVERRIDE": wanted}) == used


def test_without_a_wish_the_name_of_the_record_is_used() -> None:
    assert choose_originator({}, "other") == "other"
    assert is_honest("foredeck")
