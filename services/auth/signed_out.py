"""The failure that nobody is signed in, which the app answers with the screen of sign-in."""

from typing import Final

from services.errors import CredentialsError

SIGNED_OUT: Final = "signed_out"
"""Its code."""
NOT_SET_UP: Final = "not_set_up"
"""Code of the failure that nothing is set up at all, which the app answers with its welcome."""


def signed_out(problem: str = "") -> CredentialsError:
    """Nobody is signed in, or what is stored cannot be used.

    Args:
        problem: Why it cannot be used, a sentence.
    """
    return CredentialsError(
        problem or "Nobody is signed in",
        next_step="Sign in: foredeck login, or :login in the app",
        code=SIGNED_OUT,
    )
