"""The issuer as a whole: its endpoints, and what tests can ask and tell it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.routing import BaseRoute

from simulator.auth.account import Account
from simulator.auth.authorize import Authorize
from simulator.auth.clock import Clock
from simulator.auth.device import Device
from simulator.auth.guard import Guard
from simulator.auth.identity import Identity
from simulator.auth.ledger import Ledger, Refresh
from simulator.auth.policy import CLIENT_ID, Policy
from simulator.auth.serving import Serving
from simulator.auth.token import TokenEndpoint
from simulator.stage import Stage


class Issuer:
    """Signs in, renews, revokes, and knows what it issued. Safe to use from any thread."""

    def __init__(self, stage: Stage, url: Callable[[], str], clock: Clock) -> None:
        """Serve at `url`, which is known once the server listens."""
        self.clock = clock
        self.policy = Policy()
        self.ledger = Ledger(self.clock)
        self.guard = Guard(self.ledger, self.clock)
        self._url = url
        serving = Serving(stage, self.clock)
        self.device = Device(serving, self.ledger, self.policy)
        self._parts = (
            Authorize(serving, self.ledger, self.policy),
            TokenEndpoint(serving, self.ledger, self.policy),
            self.device,
            Identity(serving, self.ledger, self.policy, self.guard),
        )

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [route for part in self._parts for route in part.routes()]

    def issue(
        self,
        account: Account | None = None,
        *,
        life: float | None = None,
        spent: float | None = None,
        is_opaque: bool = False,
        has_provenance: bool = True,
        last_refresh: datetime | None = None,
    ) -> dict[str, Any]:
        """A fresh sign-in without a flow, in the form of Codex's `auth.json`.

        Args:
            account: Whose; the policy's account if None.
            life: Seconds from `iat` to `exp` of the access token; the usual if None.
            spent: Seconds of it that are over; the usual if None.
            is_opaque: Whether the access token is no JWT.
            has_provenance: Whether it names issuer and client, as Codex 0.169 does.
            last_refresh: Now if None.
        """
        login = self.ledger.sign_in(
            account or self.policy.account,
            client_id=CLIENT_ID,
            issuer=self._url(),
            life=life,
            spent=spent,
            is_opaque=is_opaque,
        )
        tokens: dict[str, Any] = {
            "id_token": login.id_token,
            "access_token": login.access_token,
            "refresh_token": login.refresh_token,
            "account_id": login.account.account_id if login.account.has_claims else None,
        }
        if has_provenance:
            tokens["oauth_provenance"] = {"issuer": self._url(), "client_id": CLIENT_ID}
        at = (last_refresh or datetime.now(UTC)).astimezone(UTC)
        return {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": None,
            "tokens": tokens,
            "last_refresh": at.isoformat().replace("+00:00", "Z"),
        }

    @property
    def refreshes(self) -> list[Refresh]:
        """Every refresh token that was ever sent, oldest first."""
        return self.ledger.refreshes()

    @property
    def reuses(self) -> int:
        """How many refresh tokens came a second time."""
        return sum(refresh.outcome == "reused" for refresh in self.refreshes)

    @property
    def live_families(self) -> int:
        """How many sign-ins are alive."""
        return sum(family.end == "alive" for family in self.ledger.families())

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_sim/auth`."""
        families = self.ledger.families()
        ends = [family.end for family in families]
        return {
            "refreshes": [refresh.as_json() for refresh in self.refreshes],
            "reuses": self.reuses,
            "families": {
                "alive": ends.count("alive"),
                "dead": len(ends) - ends.count("alive"),
                "revoked": ends.count("revoked"),
                "reused": ends.count("reused"),
                "expired": ends.count("expired"),
            },
            "revocations": self.ledger.revocations,
            "codes": self.ledger.codes_exchanged,
            "devices": self.device.waiting(),
        }
