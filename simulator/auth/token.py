"""`/oauth/token`: codes for tokens, refresh tokens for new ones, an id_token for an API key."""

import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.auth.jwt import SCOPES, base64url
from simulator.auth.ledger import Ledger, Login, Refresh
from simulator.auth.policy import Policy
from simulator.auth.replies import oauth_error, refresh_refused
from simulator.auth.serving import FORM, JSON, Serving, media_type, read_form, read_json
from simulator.recording import Recorded
from simulator.replies import openai_error
from simulator.script import Status

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105

NO_STORE = {"cache-control": "no-store"}


class TokenEndpoint:
    """Exchanges by form, refreshes by JSON, and nothing the other way round."""

    def __init__(self, serving: Serving, ledger: Ledger, policy: Policy) -> None:
        self._serving = serving
        self._ledger = ledger
        self._policy = policy

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [Route("/oauth/token", self.serve, methods=["POST"])]

    async def serve(self, request: Request) -> Response:
        """One exchange or refresh."""
        recorded = await self._serving.stage.record(request)
        kind = media_type(recorded)
        fields: Mapping[str, Any] = {}
        if kind == FORM:
            fields = read_form(recorded)
        elif kind == JSON:
            fields = read_json(recorded)
        entry = self._note(fields, recorded)
        return self._serving.play(
            "oauth/token", recorded, lambda: self._answer(kind, fields, entry)
        )

    def _note(self, fields: Mapping[str, Any], recorded: Recorded) -> Refresh | None:
        """A refresh token counts as sent, whatever a script or a fault makes of the call."""
        token, reason = fields.get("refresh_token"), fields.get("refresh_reason")
        if not isinstance(token, str) or fields.get("grant_type") != "refresh_token":
            return None
        reason = reason if isinstance(reason, str) else None
        return self._ledger.note_refresh(token, reason, recorded)

    def _answer(self, kind: str, fields: Mapping[str, Any], entry: Refresh | None) -> Status:
        if entry is not None:
            entry.outcome = "refused"
        grant = fields.get("grant_type")
        wanted = JSON if grant == "refresh_token" else FORM
        if kind != wanted:
            return oauth_error("invalid_request", f"The body must be {wanted}.")
        if fields.get("client_id") not in self._policy.client_ids:
            return oauth_error("invalid_client", "There is no client with this client_id.", 401)
        match grant:
            case "authorization_code":
                return self._exchange_code(fields)
            case "refresh_token":
                return self._refresh(fields, entry)
            case _ if grant == EXCHANGE:
                return self._exchange_api_key(fields)
            case _:
                return oauth_error("unsupported_grant_type", "This grant_type is not known.")

    def _exchange_code(self, fields: Mapping[str, Any]) -> Status:
        code = self._ledger.take_code(str(fields.get("code", "")))
        if code is None:
            return oauth_error("invalid_grant", "The code is unknown, used, or too old.")
        if fields["client_id"] != code.client_id:
            return oauth_error("invalid_grant", "The code was made for another client.")
        if fields.get("redirect_uri") != code.redirect_uri:
            return oauth_error("invalid_grant", "The redirect_uri is not the one authorized.")
        if challenge_of(str(fields.get("code_verifier", ""))) != code.challenge:
            return oauth_error("invalid_grant", "The code_verifier does not match.")
        self._ledger.codes_exchanged += 1
        login = self._ledger.sign_in(code.account, client_id=code.client_id, issuer=code.issuer)
        return self._tokens(login)

    def _refresh(self, fields: Mapping[str, Any], entry: Refresh | None) -> Status:
        token = fields.get("refresh_token")
        if entry is None or not isinstance(token, str) or not token:
            return openai_error(
                400,
                "Invalid 'refresh_token': empty string. "
                "Expected a string with minimum length 1, but got an empty string instead.",
                code="empty_string",
                param="refresh_token",
            )
        login = self._ledger.refresh(token, entry)
        if login is not None:
            return self._tokens(login)
        if entry.outcome == "unknown":
            return refresh_refused("invalid_refresh_token")
        return refresh_refused(f"refresh_token_{entry.outcome}")

    def _exchange_api_key(self, fields: Mapping[str, Any]) -> Status:
        if fields.get("requested_token") != "openai-api-key":
            return oauth_error("invalid_request", "The requested_token is not known.")
        if fields.get("subject_token_type") != ID_TOKEN:
            return oauth_error("invalid_request", "The subject_token_type must be the id_token.")
        account = self._ledger.find_subject(str(fields.get("subject_token", "")))
        if account is None:
            return oauth_error("invalid_grant", "The subject_token is not good.")
        if account.organization_id is None:
            message = "Invalid ID token: missing organization_id"
            return openai_error(401, message, code="invalid_subject_token")
        return Status(200, NO_STORE, {"access_token": self._ledger.add_api_key()})

    def _tokens(self, login: Login) -> Status:
        body = {
            "access_token": login.access_token,
            "id_token": login.id_token,
            "refresh_token": login.refresh_token,
            "token_type": "Bearer",
            "expires_in": int(self._ledger.life - self._ledger.spent),
            "scope": " ".join(SCOPES),
        }
        return Status(200, NO_STORE, body)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64url(hashlib.sha256(verifier.encode("utf-8", "replace")).digest())
