"""The address that a browser ended at, as a person copies it: where no callback can arrive."""

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from services.auth.provider import SignInProvider
from services.errors import UsageError
from services.hosts import is_loopback

LIMIT: Final = 16 * 1024
"""Characters."""
_MARKS: Final = re.compile(r"\x1b\[20[01]~")
_WRAPPING: Final = "<>\"'`()“”„‘’«»"
_SCHEME: Final = re.compile(r"(?i)^https?://")
_BARE_HOST: Final = re.compile(r"(?i)^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?/")
_COPY: Final = "Copy the whole address of the page that the browser ended at, which begins with {}"


def query_in(text: str, provider: SignInProvider) -> str:
    """The query of a pasted redirect: of a whole address on this machine, or by itself.

    What a terminal or a mail breaks into lines is joined.

    Args:
        text: As pasted.
        provider: Whose sign-in it should answer.

    Raises:
        UsageError: It is something else; the message says what.
    """
    if len(text) > LIMIT:
        raise UsageError("What was pasted is too long for an address", code="pasted")
    address = "".join(_MARKS.sub("", text).split()).strip(_WRAPPING)
    if not address:
        raise UsageError("Nothing was pasted", next_step=_next_step(provider), code="pasted")
    if _BARE_HOST.match(address):
        address = f"http://{address}"
    query = _query(address, provider) if _SCHEME.match(address) else _bare_query(address, provider)
    names = parse_qs(query, keep_blank_values=True)
    if not names.keys() & {"code", "error"}:
        raise UsageError(
            "There is no code in what was pasted", next_step=_next_step(provider), code="pasted"
        )
    if "state" not in names:
        raise UsageError(
            "What was pasted is not whole: its state is missing",
            next_step=_next_step(provider),
            code="pasted",
        )
    return query


def _query(address: str, provider: SignInProvider) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError(
            "This is no address", next_step=_next_step(provider), code="pasted"
        ) from None
    if is_loopback(host) and parts.path == provider.callback_path:
        return parts.query
    issuer = urlsplit(provider.issuer)
    is_issuer = (host, port) == (issuer.hostname, issuer.port)
    if is_issuer or "code_challenge" in parse_qs(parts.query):
        raise UsageError(
            "This is the address of the page to sign in at, not of the one after it",
            next_step=_next_step(provider),
            code="pasted",
        )
    raise UsageError(
        "This is not the address that the issuer sends the browser to",
        next_step=_next_step(provider),
        code="pasted",
    )


def _bare_query(text: str, provider: SignInProvider) -> str:
    query = text.removeprefix(provider.callback_path).lstrip("?&").partition("#")[0]
    if not re.match(r"[a-z_]+=", query):
        raise UsageError(
            "This is no address, and no code with its state",
            next_step=_next_step(provider),
            code="pasted",
        )
    return query


def _next_step(provider: SignInProvider) -> str:
    return _COPY.format(f"http://{provider.redirect_host}")
