"""The words of the sign-in screen."""

from services.auth.settings import AuthSettings
from services.models.account import Account, AccountMode

TITLES = {
    "browser": "Sign in with your browser",
    "device": "Sign in with a code",
    "key": "Use an API key",
}
"""By way."""
UNDER_WAY = {"browser": "Taking a port for the answer", "device": "Asking for a code", "key": ""}
"""What happens before a way can be shown, by way."""
VERBS = {
    "device": {"copy": "copy code"},
    "browser": {"copy": "copy link"},
}
"""What a key is called on one way, by the name of its action."""
STORES = {
    "file": "in {home}/auth.json",
    "keyring": "in your keyring",
    "auto": "in your keyring, else in {home}/auth.json",
    "ephemeral": "for this run only",
}
"""Where a login will be kept, by the mode of the store."""
STORING = "Storing the login, which goes on also when you leave"
KEPT = "It is kept under another name when you sign in."


def what_becomes_of(settings: AuthSettings) -> str:
    """What a login does to one that cannot be used; empty where that cannot be told.

    A login that the configuration forbids is ended rather than kept, and which of the two it is
    only the storage knows.
    """
    is_restricted = settings.only_method is not None or bool(settings.provider.workspaces)
    return "" if is_restricted else KEPT


def key_facts(settings: AuthSettings, account: Account, *, is_shared: bool) -> list[str]:
    """What becomes of an API key, a sentence each.

    Args:
        settings: Of sign-in.
        account: Who is signed in now.
        is_shared: Whether Codex uses the place where it will be kept.
    """
    place = STORES[settings.store].format(home=settings.home)
    facts = [f"It is tried once, then kept {place}.", "Chats are paid by the token."]
    if is_shared:
        facts.append("Codex looks there too, and will use it.")
    if account.mode is AccountMode.CHATGPT:
        facts.append("It takes the place of the login that is there.")
    return facts
