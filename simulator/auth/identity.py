"""Who a token is about, where its calls go, and the end of it: whoami, routing, revocation."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.auth.guard import COOKIES, Guard
from simulator.auth.ledger import Ledger
from simulator.auth.policy import Policy
from simulator.auth.replies import oauth_error
from simulator.auth.serving import JSON, Serving, media_type, read_json
from simulator.recording import Recorded
from simulator.replies import detail
from simulator.script import Status

HINTS = frozenset({"refresh_token", "access_token"})


class Identity:
    """`oauth/revoke`, `whoami`, `accounts/check` and the managed configuration."""

    def __init__(self, serving: Serving, ledger: Ledger, policy: Policy, guard: Guard) -> None:
        self._serving = serving
        self._ledger = ledger
        self._policy = policy
        self._guard = guard

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        whoami = "/api/accounts/v1/user-auth-credential/whoami"
        wham = "/backend-api/wham"
        return [
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
            Route(whoami, self.whoami, methods=["GET"]),
            Route(f"{wham}/accounts/check", self.accounts_check, methods=["GET"]),
            Route(f"{wham}/config/bundle", self.config_bundle, methods=["GET"]),
        ]

    async def revoke(self, request: Request) -> Response:
        """`POST /oauth/revoke`."""
        return await self._serving.answer("oauth/revoke", request, self._revoke)

    async def whoami(self, request: Request) -> Response:
        """`GET whoami`."""
        return await self._serving.answer(
            "whoami", request, lambda _recorded: self._whoami(request.headers)
        )

    async def accounts_check(self, request: Request) -> Response:
        """`GET accounts/check`."""
        return await self._serving.answer(
            "accounts/check",
            request,
            lambda _recorded: self._accounts_check(request.headers),
            cookies=COOKIES,
        )

    async def config_bundle(self, request: Request) -> Response:
        """`GET config/bundle`."""
        return await self._serving.answer(
            "config/bundle",
            request,
            lambda _recorded: self._guard.check(request.headers) or Status(200, {}, {}),
            cookies=COOKIES,
        )

    def _revoke(self, recorded: Recorded) -> Status:
        if media_type(recorded) != JSON:
            return oauth_error("invalid_request", f"The body must be {JSON}.")
        fields = read_json(recorded)
        token, hint = fields.get("token"), fields.get("token_type_hint")
        if not isinstance(token, str) or not token:
            return oauth_error("invalid_request", "The token is missing.")
        if hint not in HINTS:
            return oauth_error("unsupported_token_type", "The token_type_hint is not known.")
        is_client = fields.get("client_id") in self._policy.client_ids
        if hint == "refresh_token" and not is_client:
            return oauth_error("invalid_client", "There is no client with this client_id.", 401)
        self._ledger.revoke(token)
        return Status(200, {}, {})

    def _whoami(self, headers: Mapping[str, str]) -> Status:
        found = self._guard.find(headers)
        if isinstance(found, Status):
            return found
        if found.family is not None:
            return detail(401, "Unauthorized")
        account = found.account
        body = {
            "chatgpt_user_id": account.user_id,
            "chatgpt_account_id": account.account_id,
            "chatgpt_plan_type": account.plan,
            "chatgpt_account_is_fedramp": account.is_fedramp,
            "email": account.email,
        }
        return Status(200, {}, body)

    def _accounts_check(self, headers: Mapping[str, str]) -> Status:
        found = self._guard.find(headers)
        refusal = self._guard.check(headers)
        if refusal is not None or isinstance(found, Status):
            return refusal or detail(401, "Unauthorized")
        account = found.account
        entry = {
            "id": account.account_id,
            "plan_type": account.plan,
            "structure": "personal",
            "workspace_backend_origin": account.backend_origin,
            "account_routing_override": account.routing_override,
        }
        body = {
            "accounts": [entry],
            "account_ordering": [account.account_id],
            "default_account_id": account.account_id,
        }
        return Status(200, {}, body)
