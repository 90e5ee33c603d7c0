"""Which login a document of Codex's holds, from its members alone. Facts: docs/protocols/auth.md.

Loaded before the first frame, so it knows nothing of tokens.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.clean import clean_line
from services.models.account import AccountMode

FOREIGN: Final = {
    "personal_access_token": "a personal access token",
    "agent_identity": "the identity of an agent",
}
"""Members by which Codex signs in with something that is not ours, and their names."""


def mode_of(members: Mapping[str, Any]) -> tuple[AccountMode, str]:
    """The mode that Codex would take, and why it cannot be used here.

    `auth_mode` decides where it is there; without it a key comes before tokens.

    Returns:
        The mode, NONE where nobody is signed in or it is not ours; and what the document holds
        then, for a sentence with "it holds", empty where it holds no login at all.
    """
    named = members.get("auth_mode")
    if named == "apikey":
        return AccountMode.API_KEY, ""
    if named == "chatgpt":
        return AccountMode.CHATGPT, ""
    foreign = next((name for key, name in FOREIGN.items() if members.get(key) is not None), "")
    if named == "chatgptAuthTokens":
        return AccountMode.NONE, "tokens that another program renews"
    if named is not None:
        kind = clean_line(named, 40) if isinstance(named, str) else "no text"
        return AccountMode.NONE, foreign or f"a kind of login that is not known ({kind})"
    if members.get("OPENAI_API_KEY") is not None:
        return AccountMode.API_KEY, ""
    if foreign:
        return AccountMode.NONE, foreign
    has_tokens = members.get("tokens") is not None
    return (AccountMode.CHATGPT if has_tokens else AccountMode.NONE), ""
