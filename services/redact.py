"""Takes secrets out of text that leaves the program: logs, reports, recordings, error messages.

Known secrets go first, in each form they may have been written in, then whatever looks like one.
What a model or the user said is never redacted on the screen or in the store: a false hit would
falsify it.
"""

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

REDACTED: Final = "[REDACTED]"
"""Stands where a secret was."""
SHORTEST: Final = 4
"""Characters; a shorter word is in too much text to be taken out of it."""

# Each with the words of which one must be in the lower-cased text for the pattern to match: most
# lines hold none, and a search for a word is far cheaper than a pattern. Group 1, if any, stays.
_PATTERNS: Final = tuple(
    (words, re.compile(pattern))
    for words, pattern in (
        (("apk_", "cog_"), r"(?<![A-Za-z0-9])(?:apk|cog)_[A-Za-z0-9_\-.~+/=%]{6,}"),
        (
            ("authorization",),
            (
                r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?"
                r"(?:(?:bearer|basic|token|digest|negotiate|apikey)\s+)?)[^\s\"',;}]+"
            ),
        ),
        (
            ("bearer", "basic"),
            # The look-ahead spares prose such as "Bearer authentication failed".
            r"(?i)\b((?:bearer|basic)\s+)(?=[^\s\[]*[\d_=/+])[A-Za-z0-9._~+/=%-]{6,}",
        ),
        (
            ("?", "&"),
            (
                r"(?i)([?&](?:x-amz-[a-z-]+|signature|sig|token|access_token|api[_-]?key|key)=)"
                r"[^&\s\"'<>]+"
            ),
        ),
        (("://",), r"(?<=://)[^\s/@\"'<>]+(?=@)"),
        (
            ("sk", "sess", "rt", "at", "ac", "pat"),
            r"(?<![A-Za-z0-9])(?:sk|sess|rt|at|ac|pat)[-_][\w.-]{16,}",
        ),
        (("eyj",), r"(?<![\w-])eyJ[\w-]{5,}(?:\.[\w-]*){1,4}"),
        (("cookie",), r"(?i)((?:set-)?cookie[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+"),
        (
            (
                "_token",
                "client_secret",
                "code_verifier",
                "openai_api_key",
                "device_auth_id",
                "user_code",
            ),
            (
                r"(?i)([\"']?(?:access_token|refresh_token|id_token|client_secret|code_verifier"
                r"|openai_api_key|device_auth_id|user_code)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;}&]+"
            ),
        ),
        (
            ("?", "&", "#"),
            r"(?i)([?&#](?:code|state|id_token|token|key)=)[^&\s\"'<>]+",
        ),
    )
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without secrets. Redacting twice changes nothing more.

    Args:
        text: Any text; 64 KiB take a few milliseconds.
        secrets: Secrets that are known; those shorter than `SHORTEST` are not looked for.
    """
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    if any(form in text for form in forms):
        # The mark itself comes first, so that no secret that is part of it can break it.
        known = re.compile("|".join(map(re.escape, (REDACTED, *forms))))
        text = known.sub(REDACTED, text)
    folded = text.lower()
    for words, pattern in _PATTERNS:
        if any(word in folded for word in words):
            text = pattern.sub(_replacement(pattern), text)
    return text


def _replacement(pattern: re.Pattern[str]) -> str:
    return rf"\g<1>{REDACTED}" if pattern.groups else REDACTED


def _forms(secret: str) -> Iterable[str]:
    """As it is, stripped, in a URL, in a form, in JSON."""
    stripped = secret.strip()
    forms = (
        secret,
        stripped,
        quote(stripped, safe="", errors="replace"),
        quote_plus(stripped, errors="replace"),
        json.dumps(stripped)[1:-1],
        json.dumps(stripped, ensure_ascii=False)[1:-1],
    )
    return (form for form in forms if len(form) >= SHORTEST)
