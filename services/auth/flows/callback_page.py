"""What the browser shows in the end: static pages without scripts, which repeat nothing."""

from typing import Final, Literal

Kind = Literal["done", "failed", "waiting", "used", "idle"]

HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)
"""Of each page. Source: docs/protocols/auth.md."""

_WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "done": (
        "The sign-in is confirmed",
        "You can close this tab and go back to the terminal.",
    ),
    "failed": (
        "The sign-in did not succeed",
        "The terminal says why. You can close this tab.",
    ),
    "waiting": (
        "The sign-in is not finished yet",
        "The terminal says how it goes on. You can close this tab.",
    ),
    "used": (
        "This sign-in was answered already",
        "Nothing more happens here. You can close this tab.",
    ),
    "idle": (
        "Nothing to see here",
        "The terminal says how the sign-in goes. You can close this tab.",
    ),
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - Foredeck</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; min-height: 100vh; display: flex; align-items: center; justify-content: center;
  font: 1.1rem/1.6 system-ui, sans-serif; background: #f6f7f9; color: #1b1f24; }}
main {{ max-width: 32rem; padding: 2rem; }}
h1 {{ font-size: 1.5rem; line-height: 1.3; margin: 0 0 0.75rem; }}
p {{ margin: 0; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14171b; color: #e8eaed; }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
</main>
</body>
</html>
"""


def page(kind: Kind) -> bytes:
    """One of the pages."""
    title, text = _WORDS[kind]
    return _PAGE.format(title=title, text=text).encode("utf-8")
