"""Contrast of every theme that has colours of its own."""

import pytest
from textual.color import Color
from textual.theme import Theme

from app import themes

NAMES = [name for name, theme in themes.ALL_THEMES.items() if not theme.ansi]
TEXT = 7.0
REST = 4.0
STATES = ("accent", "warning", "success", "error", "text-muted", "link", "codex", "devin")
SYNTAX = tuple(
    f"syntax-{kind}" for kind in ("keyword", "function", "string", "number", "type", "comment")
)
GROUNDS = ("background", "surface", "panel")


def colour(theme: Theme, role: str) -> Color:
    own = theme.variables.get(role)
    return Color.parse(own if own is not None else getattr(theme, role))


def contrast(theme: Theme, role: str, ground: str) -> float:
    lights = sorted((luminance(colour(theme, role)), luminance(colour(theme, ground))))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: Color) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour.rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_is_read_easily_on_every_ground(name: str, ground: str) -> None:
    assert contrast(themes.ALL_THEMES[name], "foreground", ground) >= TEXT


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("role", STATES)
def test_muted_words_and_states_are_read_on_every_ground(name: str, ground: str, role: str) -> None:
    assert contrast(themes.ALL_THEMES[name], role, ground) >= REST


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", SYNTAX)
def test_code_is_read_on_the_ground_of_code(name: str, role: str) -> None:
    assert contrast(themes.ALL_THEMES[name], role, "surface") >= REST


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "ground", ["found", "found-current", "added", "removed", "added-part", "removed-part"]
)
def test_text_is_read_where_it_is_marked(name: str, ground: str) -> None:
    assert contrast(themes.ALL_THEMES[name], "foreground", ground) >= REST


@pytest.mark.parametrize("name", NAMES)
def test_selected_text_is_read(name: str) -> None:
    assert contrast(themes.ALL_THEMES[name], "selection-text", "selection") >= REST


@pytest.mark.parametrize("name", [n for n, t in themes.ALL_THEMES.items() if t.ansi])
def test_themes_of_the_terminal_use_its_16_colours_only(name: str) -> None:
    theme = themes.ALL_THEMES[name]
    fixed = {key: value for key, value in theme.variables.items() if value.startswith("#")}
    assert fixed == {}
    assert theme.background == theme.foreground == "ansi_default"


@pytest.mark.parametrize(
    ("wanted", "environ", "name"),
    [
        ("dark", {"COLORFGBG": "0;15"}, themes.DARK),
        ("light", {}, themes.LIGHT),
        ("ansi-light", {}, themes.ANSI_LIGHT),
        ("auto", {"TERM": "xterm-256color"}, themes.DARK),
        ("auto", {"TERM": "xterm-256color", "COLORFGBG": "0;default;15"}, themes.LIGHT),
        ("auto", {"TERM": "linux"}, themes.ANSI_DARK),
        ("auto", {"TERM": "linux", "COLORFGBG": "0;15"}, themes.ANSI_LIGHT),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, themes.DARK),
    ],
)
def test_the_first_theme_is_the_wanted_or_the_fitting_one(
    wanted: str, environ: dict[str, str], name: str
) -> None:
    assert themes.choose(wanted, environ) == name
