"""Colours by role. The measured contrasts are kept by a test."""

from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.theme import Theme

DARK, LIGHT, ANSI_DARK, ANSI_LIGHT = "foredeck-dark", "foredeck-light", "ansi-dark", "ansi-light"


def _variables(**colours: str) -> dict[str, str]:
    """Names of CSS variables from names of arguments, with what Textual's own parts need."""
    named = {name.replace("_", "-"): value for name, value in colours.items()}
    return named | {
        "border": named["line"],
        "border-blurred": named["line"],
        "scrollbar": named["line"],
        "scrollbar-hover": named["text-muted"],
        "scrollbar-active": named["text-muted"],
        "scrollbar-background": named["page"],
        "scrollbar-background-hover": named["page"],
        "scrollbar-background-active": named["page"],
        "scrollbar-corner-color": named["page"],
        "input-selection-background": named["selection"],
        "input-selection-foreground": named["selection-text"],
        "screen-selection-background": named["selection"],
        "screen-selection-foreground": named["selection-text"],
        "link-color": named["link"],
        "link-style": "underline",
        "link-background-hover": "transparent",
        "link-color-hover": named["link"],
        "footer-background": named["page"],
    }


THEMES: Mapping[str, Theme] = {
    DARK: Theme(
        name=DARK,
        dark=True,
        primary="#6cb6ff",
        accent="#6cb6ff",
        secondary="#c3a6ff",
        warning="#e6b450",
        success="#8ccf7e",
        error="#f07178",
        foreground="#d8dee6",
        background="#0f1419",
        surface="#171d24",
        panel="#212a33",
        variables=_variables(
            page="#0f1419",
            text_muted="#8793a0",
            link="#82bdf7",
            codex="#5ccfc0",
            devin="#c3a6ff",
            line="#2d3843",
            selection="#26486b",
            selection_text="#d8dee6",
            found="#4a3d17",
            found_current="#7a5c10",
            added="#13251c",
            removed="#2b191d",
            added_part="#1f4a30",
            removed_part="#5c2a31",
            syntax_keyword="#c3a6ff",
            syntax_function="#82bdf7",
            syntax_string="#a5cf8f",
            syntax_number="#e3b36b",
            syntax_type="#74cfc3",
            syntax_comment="#8793a0",
        ),
    ),
    LIGHT: Theme(
        name=LIGHT,
        dark=False,
        primary="#0b5fc2",
        accent="#0b5fc2",
        secondary="#6a3fc0",
        warning="#8a5a00",
        success="#2a6f1f",
        error="#b3261e",
        foreground="#20272e",
        background="#fbfaf7",
        surface="#f1efe9",
        panel="#e4e1d8",
        variables=_variables(
            page="#fbfaf7",
            text_muted="#616c77",
            link="#0b5fc2",
            codex="#0b6e63",
            devin="#6a3fc0",
            line="#d3cec2",
            selection="#bcd6f5",
            selection_text="#20272e",
            found="#f6e6b8",
            found_current="#eccb6d",
            added="#e4f1dd",
            removed="#fae3df",
            added_part="#bfe0b2",
            removed_part="#f2bdb6",
            syntax_keyword="#6a3fc0",
            syntax_function="#0b5fc2",
            syntax_string="#2f6b22",
            syntax_number="#8a5a00",
            syntax_type="#0b6e63",
            syntax_comment="#616c77",
        ),
    ),
}


def _terminal(name: str, *, dark: bool) -> Theme:
    """A theme of the terminal's own 16 colours and nothing else."""
    text = "ansi_default"
    return Theme(
        name=name,
        ansi=True,
        dark=dark,
        primary="ansi_blue",
        accent="ansi_bright_blue" if dark else "ansi_blue",
        secondary="ansi_magenta",
        warning="ansi_yellow",
        success="ansi_green",
        error="ansi_red",
        foreground=text,
        background=text,
        surface=text,
        panel=text,
        boost=text,
        variables=_variables(
            page=text,
            text_muted="ansi_default",
            link="ansi_bright_blue" if dark else "ansi_blue",
            codex="ansi_cyan",
            devin="ansi_magenta",
            line="ansi_bright_black",
            selection="ansi_blue",
            selection_text="ansi_bright_white",
            found="ansi_yellow",
            found_current="ansi_cyan",
            added=text,
            removed=text,
            added_part="ansi_green",
            removed_part="ansi_red",
            syntax_keyword="ansi_magenta",
            syntax_function="ansi_blue",
            syntax_string="ansi_green",
            syntax_number="ansi_yellow",
            syntax_type="ansi_cyan",
            syntax_comment="ansi_bright_black",
        )
        | {
            "ansi-background": "ansi_black" if dark else "ansi_white",
            "ansi-foreground": "ansi_white" if dark else "ansi_black",
        },
    )


ALL_THEMES: Mapping[str, Theme] = {
    **THEMES,
    ANSI_DARK: _terminal(ANSI_DARK, dark=True),
    ANSI_LIGHT: _terminal(ANSI_LIGHT, dark=False),
}


def register(app: App[Any]) -> None:
    """Make our themes the only ones that `app` knows."""
    for name in list(app.available_themes):
        if name not in ALL_THEMES and name != app.theme:
            app.unregister_theme(name)
    for theme in ALL_THEMES.values():
        app.register_theme(theme)


def choose(wanted: str, environ: Mapping[str, str]) -> str:
    """Name of the theme to start with.

    Args:
        wanted: `auto`, `dark`, `light`, `ansi-dark` or `ansi-light`.
        environ: Where terminals tell of themselves. No question is sent to the terminal: its
            answer could arrive as typed text.
    """
    match wanted:
        case "dark":
            return DARK
        case "light":
            return LIGHT
        case "ansi-dark" | "ansi-light":
            return wanted
        case _:
            is_light = _has_light_background(environ.get("COLORFGBG", ""))
            # Without colour nothing may be painted, the background least of all.
            if environ.get("NO_COLOR") or _has_16_colours(environ):
                return ANSI_LIGHT if is_light else ANSI_DARK
            return LIGHT if is_light else DARK


def _has_light_background(colours: str) -> bool:
    """Whether `COLORFGBG` (`15;0`, `0;default;15`) names a light background."""
    last = colours.rpartition(";")[2]
    return last.isdigit() and int(last) in {7, *range(9, 16)}


def _has_16_colours(environ: Mapping[str, str]) -> bool:
    if environ.get("COLORTERM", "") in {"truecolor", "24bit"}:
        return False
    term = environ.get("TERM", "")
    return term in {"linux", "xterm", "screen", "vt100", "vt220", "ansi"} or term.endswith(
        "-16color"
    )
