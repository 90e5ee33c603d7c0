"""An account in words: for the header, for a line, and row by row."""

from services.models.account import Account, AccountMode, StoragePlace
from widgets.glyphs import Glyphs

NOBODY = "no account"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
STORAGE = {
    StoragePlace.FILE: "a file",
    StoragePlace.KEYRING: "the keyring",
    StoragePlace.MEMORY: "memory, for this run only",
    StoragePlace.ENVIRONMENT: "the environment",
}


def header_words(account: Account, glyphs: Glyphs) -> tuple[str, ...]:
    """Who is signed in, in as many words as there is room for: longest first."""
    match account.mode:
        case AccountMode.NONE:
            return (NOBODY,)
        case AccountMode.API_KEY:
            return ("API key",)
        case AccountMode.CHATGPT:
            names = dict.fromkeys((_clear(account), _masked(account, glyphs)))
            plan = _plan(account)
            words = [f"{name} {glyphs.dot} {plan}" if plan else name for name in names]
            return tuple(dict.fromkeys((*words, plan or _masked(account, glyphs))))


def one_line(account: Account, glyphs: Glyphs) -> str:
    """Who is signed in, for a sentence that others may read over the shoulder."""
    match account.mode:
        case AccountMode.NONE:
            return NOBODY
        case AccountMode.API_KEY:
            return f"API key {account.key_hint}".rstrip()
        case AccountMode.CHATGPT:
            name, plan = _masked(account, glyphs), _plan(account)
            return f"{name} {glyphs.dot} {plan}" if plan else name


def place_words(account: Account) -> str:
    """Where the login lies: the kind of place, then the place itself."""
    if account.storage is None:
        return "nowhere"
    words = STORAGE[account.storage]
    place = account.place.removeprefix("keyring, ")
    return f"{words}: {place}" if place else words


def sharing_words(account: Account) -> str:
    """What Codex has to do with this login."""
    if account.storage is StoragePlace.ENVIRONMENT:
        return "no, the login is that of this environment"
    if not account.shared_with_codex:
        return "no, Codex has its own login"
    if account.is_read_only:
        return "yes, read only: Codex signs in and renews"
    return "yes, Codex uses the same login"


def account_rows(account: Account, now: float) -> tuple[tuple[str, str], ...]:
    """The account as names and values.

    Args:
        account: Whose page it is.
        now: Unix seconds.
    """
    from widgets.transcript.cards import when

    where = (("Kept in", place_words(account)),)
    if account.mode is AccountMode.NONE:
        return (("Signed in", "nobody"), *(where if account.storage else ()))
    where = (*where, ("Codex", sharing_words(account)))
    if account.mode is AccountMode.API_KEY:
        return (("Mode", "API key, paid by the token"), ("Key", account.key_hint), *where)
    rows = [
        ("Signed in", account.email or "the login names no address"),
        ("Plan", account.plan_name),
        ("Mode", "ChatGPT, on the limits of the plan"),
        ("Workspace", account.account_id or "none"),
        *where,
    ]
    if account.refreshed_at is not None:
        past = since(now - account.refreshed_at)
        rows.append(("Renewed", f"{past}, {when(account.refreshed_at)}"))
    if account.expires_at is not None:
        rest = until(account.expires_at - now)
        rows.append(("Token ends", f"{rest}, {when(account.expires_at)}"))
    if account.issuer:
        rows.append(("Issuer", account.issuer))
    return tuple(rows)


def since(seconds: float) -> str:
    """How long ago: `just now`, `4 min ago`, `3 h ago`, `2 d ago`."""
    return "just now" if seconds < MINUTE else f"{_amount(seconds)} ago"


def until(seconds: float) -> str:
    """How long to go: `in 4 min`, `in 3 h`, `in 2 d`; `over` where it has passed."""
    return "over" if seconds < 0 else f"in {_amount(max(seconds, MINUTE))}"


def _amount(seconds: float) -> str:
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min"
    if seconds < DAY:
        return f"{seconds // HOUR:.0f} h"
    return f"{seconds // DAY:.0f} d"


def _clear(account: Account) -> str:
    return account.email or "ChatGPT"


def _masked(account: Account, glyphs: Glyphs) -> str:
    return account.masked_email.replace("…", glyphs.ellipsis) or "ChatGPT"


def _plan(account: Account) -> str:
    """Name of the plan; empty where it is not known."""
    return account.plan_name if account.plan_name != "unknown" else ""
