"""What the backend demands of a call: a live token, and headers that say who calls."""

from collections.abc import Mapping

from simulator.auth.clock import Clock
from simulator.auth.ledger import Access, Ledger
from simulator.auth.replies import token_refused
from simulator.replies import detail
from simulator.script import Status

COOKIES = (
    "__cf_bm=sim-allowed; Path=/; HttpOnly",
    "session=sim-must-not-come-back; Path=/; HttpOnly",
)
"""Set by every answer of the backend: one that clients keep, and one that they must not."""


class Guard:
    """Checks calls of the backend."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def check_model_call(
        self, headers: Mapping[str, str], query: Mapping[str, str], *, wants_version: bool
    ) -> Status | None:
        """Why a call of `/backend-api/codex` is refused; None if it is not.

        Args:
            headers: Names in lower case.
            query: The query.
            wants_version: Whether `client_version` must be in the query.
        """
        refusal = self.check(headers)
        if refusal is not None:
            return refusal
        if not headers.get("originator", "").strip():
            return detail(400, "Missing required header: originator")
        if wants_version and not query.get("client_version", "").strip():
            return detail(400, "Missing required query parameter: client_version")
        return None

    def check(self, headers: Mapping[str, str]) -> Status | None:
        """Why a call of the backend is refused; None if it is not."""
        found = self.find(headers)
        if isinstance(found, Status):
            return found
        sent = headers.get("chatgpt-account-id")
        if sent is None and found.account.account_id is not None:
            return detail(400, "Missing required header: ChatGPT-Account-ID")
        if sent != found.account.account_id:
            return detail(403, "The account is not one of the token's")
        if not headers.get("user-agent", "").strip():
            return detail(400, "Missing required header: User-Agent")
        return None

    def find(self, headers: Mapping[str, str]) -> Access | Status:
        """The record of the bearer's token, or why it is refused."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return detail(401, "Unauthorized")
        access = self._ledger.find_access(token.strip())
        if access is None:
            return detail(401, "Could not validate the authentication token")
        if access.is_revoked or (access.family and access.family.end == "revoked"):
            return token_refused("token_revoked")
        if access.family and access.family.end == "reused":
            return token_refused("token_invalidated")
        if self._clock.now() >= access.ends_at:
            return token_refused("token_expired")
        return access
