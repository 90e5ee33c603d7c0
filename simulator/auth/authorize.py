"""`/oauth/authorize`: where the browser is sent, and sent back from."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.auth import pages
from simulator.auth.ledger import Ledger
from simulator.auth.policy import Policy
from simulator.auth.serving import LOOPBACK, Serving, base_of, read_form
from simulator.recording import Recorded
from simulator.script import Status

CALLBACK = "/auth/callback"

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")

ONCE = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "state",
)


class Authorize:
    """Asks the human, and sends the browser back with a code or an error."""

    def __init__(self, serving: Serving, ledger: Ledger, policy: Policy) -> None:
        self._serving = serving
        self._ledger = ledger
        self._policy = policy

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [Route("/oauth/authorize", self.serve, methods=["GET", "POST"])]

    async def serve(self, request: Request) -> Response:
        """The page, and where its form leads."""
        return await self._serving.answer(
            "oauth/authorize", request, lambda recorded: self._answer(request, recorded)
        )

    def _answer(self, request: Request, recorded: Recorded) -> Status:
        problem = self._problem(request)
        if problem:
            return pages.message("This sign-in cannot go on", problem, 400)
        asked = dict(request.query_params)
        decision: object = self._policy.authorizing
        if request.method == "POST":
            decision = read_form(recorded).get("answer")
        match decision:
            case "allow":
                return self._allow(asked, base_of(request))
            case "deny":
                return self._deny(asked)
            case _:
                action = f"{request.url.path}?{request.url.query}"
                return pages.authorize(action, self._policy.account.email or "?", asked["scope"])

    def _allow(self, asked: Mapping[str, str], issuer: str) -> Status:
        code = self._ledger.add_code(
            self._policy.account,
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            issuer=issuer,
        )
        answer = {"code": code, "scope": asked["scope"], "state": asked["state"]}
        return pages.redirect(f"{asked['redirect_uri']}?{urlencode(answer)}")

    def _deny(self, asked: Mapping[str, str]) -> Status:
        error, description = self._policy.denial
        answer = {"error": error, "state": asked["state"]}
        if description:
            answer["error_description"] = description
        return pages.redirect(f"{asked['redirect_uri']}?{urlencode(answer)}")

    def _problem(self, request: Request) -> str:
        """What is wrong with the request; empty if nothing is."""
        for name in ONCE:
            values = request.query_params.getlist(name)
            if len(values) != 1 or not values[0].strip():
                return f"The parameter {name} must be there once."
        asked = dict(request.query_params)
        if asked["response_type"] != "code":
            return "The response_type must be code."
        if asked["client_id"] not in self._policy.client_ids:
            return "There is no client with this client_id."
        if not is_registered(asked["redirect_uri"]):
            return "The redirect_uri is not registered for this client."
        if asked["code_challenge_method"] != "S256":
            return "The code_challenge_method must be S256."
        if not CHALLENGE.fullmatch(asked["code_challenge"]):
            return "The code_challenge is not a SHA-256 in base64url."
        if "offline_access" not in asked["scope"].split():
            return "The scope lacks offline_access."
        return ""


def is_registered(redirect_uri: str) -> bool:
    """Whether a code may go there: the callback's path on any port of loopback."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return False
    return (
        redirect_uri == f"http://{parts.hostname}:{port}{CALLBACK}"
        and parts.hostname in LOOPBACK
        and bool(port)
    )
