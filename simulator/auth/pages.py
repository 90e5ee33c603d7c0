"""Pages for the human: static, without scripts, one form at most."""

from collections.abc import Mapping
from html import escape

from simulator.script import Status

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}
"""No `form-action`: browsers hold it against the redirect to the client's port as well."""

STYLE = "body{font:1.1rem/1.5 sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"


def message(title: str, text: str, code: int = 200) -> Status:
    """A page that only says something."""
    return _page(title, f"<p>{escape(text)}</p>", code)


def authorize(action: str, email: str, scopes: str) -> Status:
    """The page that asks whether the client may sign in."""
    body = (
        f"<p>Sign in as <strong>{escape(email)}</strong> and allow: {escape(scopes)}.</p>"
        f'<form method="post" action="{escape(action)}">{_buttons()}</form>'
    )
    return _page("Sign in", body)


def device(action: str) -> Status:
    """The page that asks for the code of a device."""
    body = (
        "<p>Enter the code only if you started this sign-in yourself.</p>"
        f'<form method="post" action="{escape(action)}">'
        '<p><label>Code <input name="user_code" autocomplete="off" required></label></p>'
        f"{_buttons()}</form>"
    )
    return _page("Sign in a device", body)


def redirect(location: str) -> Status:
    """Off to the client."""
    return Status(302, {"location": location, "cache-control": "no-store"}, "")


def _buttons() -> str:
    names: Mapping[str, str] = {"allow": "Allow", "deny": "Deny"}
    return " ".join(
        f'<button type="submit" name="answer" value="{value}">{label}</button>'
        for value, label in names.items()
    )


def _page(title: str, body: str, code: int = 200) -> Status:
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>"
    )
    return Status(code, HEADERS, html)
