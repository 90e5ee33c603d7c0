"""Whose limits they are. A workspace has limits for each of its users."""

from services.models.account import Account, AccountMode
from services.models.limits import Standing


def limits_id(account: Account) -> str:
    """Id under which the limits of an account are kept; empty where it has none."""
    if account.mode is not AccountMode.CHATGPT:
        return ""
    return f"{account.account_id or ''}/{account.user_id or account.email or ''}"


def is_other(limits: str, account_id: str | None, user_id: str | None) -> bool:
    """Whether somebody else is named than the one whose limits these are.

    Args:
        limits: As `limits_id` makes it.
        account_id: Workspace; None or empty where it is not known, which names nobody else.
        user_id: The same of the user.
    """
    account, _, user = limits.partition("/")
    is_other_user = user_id and user and "@" not in user and user_id != user
    return bool((account_id and account and account_id != account) or is_other_user)


def standing_of(limits: str, account: Account) -> Standing:
    """How these limits stand when this account is the one that is signed in.

    Returns:
        KNOWN where it is the one that they are of, UNKNOWN where it is another one.
    """
    match account.mode:
        case AccountMode.NONE:
            return Standing.SIGNED_OUT
        case AccountMode.API_KEY:
            return Standing.API_KEY
        case AccountMode.CHATGPT:
            is_theirs = not is_other(limits, account.account_id, account.user_id)
            return Standing.KNOWN if is_theirs else Standing.UNKNOWN
