"""What an error body says, whichever of its forms it has. Source: docs/protocols/errors.md."""

import base64
import binascii
import html
import re
from dataclasses import dataclass
from typing import Final

from services.clean import clean_line
from services.errors import BadPayloadError
from services.redact import redact
from services.wire.reading import JsonObject, as_list, as_number, as_object, as_text, loads

TEXT_LIMIT: Final = 1000
"""Characters of a server's message that are shown."""
_LOOKED_AT: Final = 65_536

_HIDDEN_HTML = re.compile(r"(?is)<(script|style|head|svg)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_EVENT = re.compile(r"\A\s*(?:event:[^\r\n]*[\r\n]+)?data: ?(\{[^\r\n]*)")
_LOOKS_LIKE_HTML = re.compile(
    r"(?i)\A\s*(?:<!--.{0,200}-->\s*)?<(?:!doctype|html|head|body|h\d|p\b)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """The parts of an error body that we know what to do with."""

    message: str = ""
    """Clean, one line, no secret, at most `TEXT_LIMIT` characters; may be empty."""
    code: str | None = None
    """`error.code`, else `error.type`."""
    type: str | None = None
    param: str | None = None
    plan: str | None = None
    resets_at: float | None = None
    """Unix seconds."""
    resets_in: float | None = None
    """Seconds."""
    is_html: bool = False
    is_json: bool = False


def read_error_body(body: bytes) -> ErrorBody:
    """Read an error body: OpenAI's `error`, ChatGPT's `detail`, HTML, plain text, or nothing.

    LiteLLM's proxy sends its error as the first event of a stream; what that holds counts.
    """
    text = body.decode("utf-8", "replace")
    if first := _EVENT.match(text):
        text = first.group(1)
    if text.strip("\ufeff \t\r\n") in {"{}", "[]", '""', "null"}:
        return ErrorBody(is_json=True)
    if text.lstrip("\ufeff \t\r\n")[:1] in {"{", "[", '"'}:
        try:
            document = loads(text)
        except BadPayloadError:
            document = None
        if members := as_object(document):
            return read_error_object(members)
        if isinstance(document, str):
            return ErrorBody(message=_line(document), is_json=True)
    if _LOOKS_LIKE_HTML.match(text[:1000]):
        return ErrorBody(message=strip_html(text), is_html=True)
    return ErrorBody(message=_line(text[: TEXT_LIMIT * 4]))


def read_error_object(document: JsonObject) -> ErrorBody:
    """Read an error that is a JSON object: `error` or `detail` inside it, or its own members."""
    for name in ("error", "detail"):
        inner = document.get(name)
        if isinstance(inner, str) and inner:
            return ErrorBody(message=_shown(inner), code=_word(document.get("code")), is_json=True)
        if members := as_object(inner):
            return _from_members(members)
        if entries := as_list(inner):
            # Validation errors of FastAPI: a list of objects with `msg`.
            first = as_object(entries[0])
            return ErrorBody(message=_shown(as_text(first.get("msg")) or ""), is_json=True)
    return _from_members(document)


def _from_members(members: JsonObject) -> ErrorBody:
    kind = _word(members.get("type"))
    message = as_text(members.get("message")) or as_text(members.get("detail")) or ""
    return ErrorBody(
        message=_shown(message),
        code=_word(members.get("code")) or kind,
        type=kind,
        param=_word(members.get("param")),
        plan=_word(members.get("plan_type")),
        resets_at=as_number(members.get("resets_at")),
        resets_in=as_number(members.get("resets_in_seconds")),
        is_json=True,
    )


def _shown(text: str) -> str:
    if _LOOKS_LIKE_HTML.match(text[:1000]):
        return strip_html(text)
    return _line(text)


def _line(text: str, limit: int = TEXT_LIMIT) -> str:
    """Clean, short, and without the key or token that some servers repeat in their refusal."""
    return clean_line(redact(clean_line(text, _LOOKED_AT)), limit)


def _word(value: object) -> str | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else as_text(value)
    return _line(text, 100) or None if text else None


def strip_html(page: str) -> str:
    """The words of an HTML page on one line: its title first."""
    page = page[:_LOOKED_AT]
    title = _TITLE.search(page)
    words = _TAG.sub(" ", _HIDDEN_HTML.sub(" ", page))
    text = html.unescape(words).strip()
    text = " ".join(text.split())
    if title is not None:
        named = " ".join(html.unescape(_TAG.sub(" ", title[1])).split())
        # Most pages say their title again as their first heading.
        text = f"{named}: {text.removeprefix(named).strip()}"
    return _line(text.strip(": "))


def read_error_header(value: str | None) -> str | None:
    """The code inside an `x-error-json` header (base64 of a JSON object)."""
    if not value or len(value) > 65536:
        return None
    try:
        document = as_object(loads(base64.b64decode(value, validate=True)))
    except (binascii.Error, ValueError, BadPayloadError):
        return None
    return read_error_object(document).code
