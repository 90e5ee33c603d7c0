"""Sign-in by device code: the code, the polls, and the page where a human types it."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.auth import pages
from simulator.auth.account import Account
from simulator.auth.jwt import base64url
from simulator.auth.ledger import Ledger
from simulator.auth.policy import Policy
from simulator.auth.replies import BY_NAME, device_error, oauth_error
from simulator.auth.serving import JSON, Serving, base_of, media_type, read_form, read_json
from simulator.auth.token import challenge_of
from simulator.recording import Recorded
from simulator.script import Status

LIFE = 15 * 60.0
"""Seconds for which a device's code is good."""

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
DIGITS = "0123456789"


@dataclass(slots=True, kw_only=True)
class Waiting:
    """A device that waits for its code to be typed."""

    user_code: str
    client_id: str
    issuer: str
    ends_at: float
    polls: int = 0
    decision: Literal["", "allow", "deny"] = ""
    account: Account | None = None
    code: str = ""
    verifier: str = field(default_factory=lambda: base64url(secrets.token_bytes(64)), repr=False)


class Device:
    """The device endpoints and their page."""

    def __init__(self, serving: Serving, ledger: Ledger, policy: Policy) -> None:
        self._serving = serving
        self._ledger = ledger
        self._policy = policy
        self._lock = threading.Lock()
        self._waiting: dict[str, Waiting] = {}
        self._has_visitor = False

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        base = "/api/accounts/deviceauth"
        return [
            Route(f"{base}/usercode", self.begin, methods=["POST"]),
            Route(f"{base}/token", self.poll, methods=["POST"]),
            Route("/codex/device", self.page, methods=["GET", "POST"]),
        ]

    def decide(self, user_code: str, decision: Literal["allow", "deny"]) -> bool:
        """Allow or deny a device as the page does; whether there is such a code."""
        wanted = "".join(user_code.upper().split())
        with self._lock:
            for device in self._waiting.values():
                if device.user_code == wanted and self._serving.clock.now() < device.ends_at:
                    device.decision = decision
                    device.account = self._policy.account
                    return True
        return False

    def waiting(self) -> list[str]:
        """User codes that nobody decided on, oldest first."""
        with self._lock:
            return [d.user_code for d in self._waiting.values() if not d.decision]

    async def begin(self, request: Request) -> Response:
        """`POST usercode`."""
        return await self._serving.answer(
            "deviceauth/usercode", request, lambda recorded: self._begin(request, recorded)
        )

    async def poll(self, request: Request) -> Response:
        """`POST token`."""
        return await self._serving.answer("deviceauth/token", request, self._poll)

    async def page(self, request: Request) -> Response:
        """`/codex/device`."""
        return await self._serving.answer(
            "codex/device", request, lambda recorded: self._visit(request, recorded)
        )

    def _begin(self, request: Request, recorded: Recorded) -> Status:
        if media_type(recorded) != JSON:
            return oauth_error("invalid_request", f"The body must be {JSON}.")
        client_id = read_json(recorded).get("client_id")
        if client_id not in self._policy.client_ids:
            return oauth_error("invalid_client", "There is no client with this client_id.", 401)
        name = f"deviceauth_{secrets.token_hex(16)}"
        start = "".join(secrets.choice(LETTERS) for _ in range(4))
        end = "".join(secrets.choice(DIGITS) for _ in range(5))
        ends_at = self._serving.clock.now() + LIFE
        device = Waiting(
            user_code=f"{start}-{end}",
            client_id=str(client_id),
            issuer=base_of(request),
            ends_at=ends_at,
        )
        with self._lock:
            self._waiting[name] = device
        body = {
            "device_auth_id": name,
            "user_code": device.user_code,
            "interval": self._policy.interval,
            "expires_at": datetime.fromtimestamp(ends_at, UTC).isoformat(timespec="seconds"),
        }
        return Status(200, {"cache-control": "no-store"}, body)

    def _poll(self, recorded: Recorded) -> Status:
        if media_type(recorded) != JSON:
            return oauth_error("invalid_request", f"The body must be {JSON}.")
        fields = read_json(recorded)
        with self._lock:
            device = self._waiting.get(str(fields.get("device_auth_id", "")))
            if device is None or fields.get("user_code") != device.user_code:
                return device_error("deviceauth_not_found", "There is no such code.", 404)
            if self._serving.clock.now() >= device.ends_at:
                return BY_NAME["device_expired"]()
            device.polls += 1
            is_due = self._policy.approve_at is not None and device.polls >= self._policy.approve_at
            if not device.decision and is_due and not self._has_visitor:
                device.decision, device.account = "allow", self._policy.account
            if device.decision == "deny":
                return BY_NAME["device_denied"]()
            if not device.decision or device.account is None:
                return BY_NAME["authorization_pending"]()
            return self._approved(device, device.account)

    def _approved(self, device: Waiting, account: Account) -> Status:
        """The code; the same again for a client that lost the first answer."""
        challenge = challenge_of(device.verifier)
        if not device.code:
            device.code = self._ledger.add_code(
                account,
                client_id=device.client_id,
                redirect_uri=f"{device.issuer}/deviceauth/callback",
                challenge=challenge,
                issuer=device.issuer,
            )
        body = {
            "authorization_code": device.code,
            "code_challenge": challenge,
            "code_verifier": device.verifier,
        }
        return Status(200, {"cache-control": "no-store"}, body)

    def _visit(self, request: Request, recorded: Recorded) -> Status:
        self._has_visitor = True
        if request.method != "POST":
            return pages.device(request.url.path)
        fields = read_form(recorded)
        answer = fields.get("answer")
        if answer not in {"allow", "deny"}:
            return pages.device(request.url.path)
        decision = "allow" if answer == "allow" else "deny"
        if not self.decide(fields.get("user_code", ""), decision):
            return pages.message("No such code", "The code is unknown or has expired.", 404)
        if decision == "deny":
            return pages.message("Denied", "The device will not be signed in.")
        return pages.message("Allowed", "The device is signed in. You can close this page.")
