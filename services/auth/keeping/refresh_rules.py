"""When a login is renewed, when it is not tried again, and what a renewal changes.

Pure but for what it is handed. Facts: docs/protocols/auth.md.
"""

import logging
import random
from dataclasses import replace
from typing import Final, Literal

from services.auth.claims import IdClaims, read_id_token
from services.auth.credentials import Credentials, Tokens
from services.auth.issuer.endpoint import Renewed
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.errors import BadPayloadError, ServiceError
from services.models.account import AccountMode

SHARED_MARGIN: Final = 600.0
"""Seconds before its end at which a token is renewed; Codex does so at 300 and then reads first."""
OWN_MARGIN: Final = 300.0
SHORT_LIFE: Final = 660.0
"""A token that lives no longer is renewed at half of its life."""
FALLBACK_AGE: Final = 8 * 86_400.0
"""Seconds after which a token that does not tell its end is renewed."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0
"""Seconds between two tries of one refresh token: doubled from the first to the longest."""
_log = logging.getLogger(__name__)

Reason = Literal["proactive_expiry", "scheduled", "unauthorized_recovery"]


def needs_refresh(credentials: Credentials, now: float, *, is_shared: bool) -> Reason | None:
    """Why these credentials should be renewed before they are used; None if they need not."""
    tokens = credentials.tokens
    if credentials.mode is not AccountMode.CHATGPT or tokens is None:
        return None
    life = tokens.life
    if life.ends_at is None:
        age_from = credentials.last_refresh
        is_old = age_from is not None and age_from < now - FALLBACK_AGE
        return "scheduled" if is_old else None
    margin = SHARED_MARGIN if is_shared else OWN_MARGIN
    begins_at = life.begins_at if life.begins_at is not None else credentials.last_refresh
    if begins_at is not None and life.ends_at - begins_at < SHORT_LIFE:
        margin = min(margin, max(0.0, life.ends_at - begins_at) / 2)
    return "proactive_expiry" if life.ends_at <= now + margin else None


class Pause:
    """When one refresh token may be tried again."""

    def __init__(self) -> None:
        self.snapshot = ""
        self.until = 0.0
        self._length = FIRST_PAUSE
        self.failure: ServiceError | None = None
        """Final for this snapshot where it is a `RefreshFailedError` that is permanent."""

    def after(
        self,
        snapshot: str,
        failure: ServiceError,
        now: float,
        wall: float,
        *,
        sent: str | None = None,
    ) -> None:
        """Note a failure.

        Args:
            snapshot: What may not be tried for a while.
            failure: Of its last try.
            now: By the monotonic clock.
            wall: Unix seconds.
            sent: What was tried, where the answer has replaced it: the pause goes on to grow.
        """
        if self.snapshot not in {snapshot, sent}:
            self._length = FIRST_PAUSE
        self.snapshot, self.failure = snapshot, failure
        wait = self._length * random.uniform(1.0, 1.1)  # noqa: S311 spreads processes
        if failure.retry_at is not None:
            wait = max(wait, min(failure.retry_at - wall, LONGEST_PAUSE))
        self.until = now + wait
        if not (isinstance(failure, RefreshFailedError) and failure.is_permanent):
            failure.retry_at = wall + wait
        self._length = min(self._length * 2, LONGEST_PAUSE)

    def holds(self, snapshot: str, now: float) -> ServiceError | None:
        """The failure that stands in the way of trying this snapshot now."""
        if self.snapshot != snapshot or self.failure is None:
            return None
        if isinstance(self.failure, RefreshFailedError) and self.failure.is_permanent:
            return self.failure
        return self.failure if now < self.until else None


def is_same_account(one: Credentials, other: Credentials) -> bool:
    """Whether two logins are of the same mode and workspace, and of no two users."""
    if one.mode is not other.mode:
        return False
    if one.tokens is None or other.tokens is None:
        return True
    users = {one.tokens.claims.user_id, other.tokens.claims.user_id} - {None}
    return one.tokens.workspace == other.tokens.workspace and len(users) < 2


def merged(old: Tokens, renewed: Renewed) -> Tokens | None:
    """The old tokens with what came; None where it belongs to somebody else.

    An id_token that cannot be read is left out: losing the new refresh token with it would end
    the login.
    """
    claims: IdClaims | None = None
    if renewed.id_token is not None:
        try:
            claims = read_id_token(renewed.id_token)
        except BadPayloadError:
            _log.warning("the renewed id_token cannot be read; the old one is kept")
    before = old.claims
    if claims is not None:
        is_other_account = claims.account_id and old.workspace not in {None, claims.account_id}
        is_other_user = claims.user_id and before.user_id not in {None, claims.user_id}
        if is_other_account or is_other_user:
            return None
    return replace(
        old,
        id_token=renewed.id_token if claims is not None and renewed.id_token else old.id_token,
        access_token=renewed.access_token or old.access_token,
        refresh_token=renewed.refresh_token or old.refresh_token,
        account_id=old.workspace,
    )
