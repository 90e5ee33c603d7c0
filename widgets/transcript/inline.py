"""Inline Markdown as styled pieces: emphasis, code, links. Nothing in it is ever markup."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from rich.style import Style

from widgets.transcript.lines import Ink
from widgets.transcript.wrap import Piece

if TYPE_CHECKING:
    from markdown_it.token import Token

_URL = re.compile(r"https?://[^\s<>\[\]\"'`]+[^\s<>\[\]\"'`.,;:!?)]")
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"
_BOLD, _ITALIC, _STRIKE, _UNDERLINE = (
    Style(bold=True), Style(italic=True), Style(strike=True), Style(underline=True),
)  # fmt: skip


def safe_link(url: str) -> str:
    """The address as a terminal may get it, or an empty string where it may not.

    Only http and https are links. Everything but printable ASCII is percent-encoded, so that
    nothing in an address can end the escape sequence it is sent in.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            return ""
    except ValueError:
        return ""
    return quote(url, safe=_SAFE)


def inline_pieces(tokens: Sequence["Token"], ink: Ink, base: Style) -> list[Piece]:
    """Pieces of an inline token's children.

    Args:
        tokens: As markdown-it gives them.
        ink: Styles by role.
        base: Style of plain text here.
    """
    pieces: list[Piece] = []
    modifiers: list[Style] = []
    links: list[tuple[str, int]] = []
    style = base
    for token in tokens:
        match token.type:
            case "text" | "html_inline":
                if links:
                    pieces.append((token.content, _link_style(links[-1][0], ink, style)))
                else:
                    pieces.extend(_with_urls(token.content, ink, style))
            case "code_inline":
                text = token.content.replace("\n", " ")
                if not ink.has_colour:
                    text = f"`{text}`"
                pieces.append((text, ink.surface + Style(bold=style.bold)))
            case "softbreak":
                pieces.append((" ", style))
            case "hardbreak":
                pieces.append(("\n", style))
            case "image":
                pieces.append((f"[image: {token.content}]({token.attrGet('src') or ''})", style))
            case "strong_open":
                modifiers.append(_BOLD)
            case "em_open":
                modifiers.append(_ITALIC)
            case "s_open":
                modifiers.append(_STRIKE)
            case "strong_close" | "em_close" | "s_close":
                modifiers.pop()
            case "link_open":
                links.append((str(token.attrGet("href") or ""), len(pieces)))
            case "link_close":
                url, start = links.pop()
                said = "".join(text for text, _ in pieces[start:])
                if url and not _says(said, url):
                    pieces.append((f" ({url})", ink.muted))
            case _:
                pieces.append((token.content, style))
        style = Style.combine([base, *modifiers])
    return pieces


def _says(text: str, url: str) -> bool:
    """Whether a link's text is its own target."""
    said = text.strip().rstrip("/")
    target = url.rstrip("/")
    return said in {target, target.removeprefix("mailto:")} or (
        target.partition("://")[2] == said and safe_link(url) != ""
    )


def _link_style(url: str, ink: Ink, style: Style) -> Style:
    target = safe_link(url)
    if not target:
        return style
    return style + ink.link + Style(link=target)


def _with_urls(text: str, ink: Ink, style: Style) -> Iterable[Piece]:
    """Plain text with bare addresses as links."""
    if "://" not in text:
        yield text, style
        return
    place = 0
    for found in _URL.finditer(text):
        if found.start() > place:
            yield text[place : found.start()], style
        url = found.group()
        yield url, _link_style(url, ink, style)
        place = found.end()
    if place < len(text):
        yield text[place:], style
