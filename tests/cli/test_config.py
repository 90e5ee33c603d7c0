"""`foredeck config`: what is shown can be used, and what is wrong is said."""

import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

FULL = """
model = "gpt-5.5"
max_width = 80
openai_base_url = "http://127.0.0.1:1/v1"
allow_token_hosts = ["a.example"]
[auth]
mode = "own"
store = "auto"
workspaces = ["one"]
exchange_api_key = true
[keys]
flavor = "modern"
bind = { "pane.zoom" = "Z" }
[providers.here]
base_url = "http://127.0.0.1:2/v1"
stream_max_retries = 2
http_headers = { "x-key" = "canary-secret" }
body = { temperature = 0.5, "odd key" = [1, "t\u00e9xt", true] }
"""


@pytest.fixture
def config(foredeck: CommandLine) -> Path:
    home = Path(foredeck.environment["FOREDECK_HOME"])
    home.mkdir(mode=0o700)
    del foredeck.environment["FOREDECK_OPENAI_BASE_URL"]
    return home / "config.toml"


def test_what_is_shown_is_a_file_that_says_the_same(foredeck: CommandLine, config: Path) -> None:
    config.write_text(FULL, encoding="utf-8")
    shown = foredeck("config", "show")
    assert (shown.code, shown.err) == (0, "")
    assert "canary-secret" not in shown.out
    assert "# effort is not set" in shown.out.splitlines()
    table = tomllib.loads(shown.out)
    wanted = tomllib.loads(FULL)
    assert table["auth"] == wanted["auth"]
    assert table["keys"] == {"esc": "leave", **wanted["keys"]}
    del wanted["providers"]["here"]["http_headers"]
    assert table["providers"] == wanted["providers"]
    config.write_text(shown.out, encoding="utf-8")
    assert foredeck("config", "validate").code == 0
    assert foredeck("config", "show").out.replace("{}", "") == "".join(
        line + "\n" for line in shown.out.splitlines() if "http_headers" not in line
    ).replace("{}", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('chatgpt_base_url = "nope"', "chatgpt_base_url is not the address of a server"),
        ('[keys.bind]\n"pane.fly" = "f"', 'keys.bind: there is no action "pane.fly"'),
        ('[keys.bind]\n"pane.zoom" = "foo"', 'keys.bind: "foo" for pane.zoom is not a key'),
        ('[keys.bind]\n"pane.zoom" = "n"', 'keys: "n" means pane.new and pane.zoom'),
        (
            '[profiles.p.keys.bind]\n"pane.fly" = "f"',
            'profiles.p.keys.bind: there is no action "pane.fly"',
        ),
    ],
)
def test_keys_that_cannot_be_used_are_named(
    foredeck: CommandLine, config: Path, text: str, problem: str
) -> None:
    config.write_text(text)
    ended = foredeck("config", "validate")
    assert (ended.code, ended.out, ended.err) == (2, "", f"error: {problem}\n")


@pytest.mark.parametrize("text", ["keys = 1", "[keys]\nbind = 1", "profiles = 1"])
def test_keys_of_the_wrong_form_are_told_once(
    foredeck: CommandLine, config: Path, text: str
) -> None:
    config.write_text(text)
    ended = foredeck("config", "validate")
    assert (ended.code, ended.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('issuer = "http://evil.example"', "issuer names evil.example with http"),
        ('allow_token_hosts = ["https://x/y"]', "which is no host"),
    ],
)
def test_addresses_with_which_every_command_would_stop_are_named(
    foredeck: CommandLine, config: Path, text: str, words: str
) -> None:
    config.write_text(text)
    ended = foredeck("config", "validate")
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
