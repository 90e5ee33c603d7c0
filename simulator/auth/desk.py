"""`/_sim/auth`: how tests in other processes see what was issued and say what happens next."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from simulator.auth.account import Account
from simulator.auth.issuer import Issuer

ENDS = ("revoked", "reused", "expired")


class Desk:
    """Serves `/_sim/auth`."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def routes(self) -> list[BaseRoute]:
        """Routes of the application."""
        return [
            Route("/_sim/auth", self.look, methods=["GET"]),
            Route("/_sim/auth", self.change, methods=["POST"]),
            Route("/_sim/auth/issue", self.issue, methods=["POST"]),
        ]

    async def look(self, request: Request) -> Response:
        """What was issued and what came of it."""
        del request
        return JSONResponse(self._issuer.as_json())

    async def change(self, request: Request) -> Response:
        """Change what the issuer does; the answer is that of `look`."""
        try:
            self._change(_members(await request.body()))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._issuer.as_json())

    async def issue(self, request: Request) -> Response:
        """A fresh sign-in in the form of `auth.json`."""
        try:
            members = dict(_members(await request.body()))
            account = members.pop("account", None)
            if account is not None:
                members["account"] = self._account(account)
            return JSONResponse(self._issuer.issue(**members))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    def _change(self, members: Mapping[str, Any]) -> None:
        policy, ledger = self._issuer.policy, self._issuer.ledger
        for name, value in members.items():
            match name, value:
                case "account", {}:
                    policy.account = self._account(value)
                case "authorizing", "page" | "allow" | "deny":
                    policy.authorizing = value
                case "denial", [str(error), str(description)]:
                    policy.denial = (error, description)
                case "interval", _:
                    policy.interval = value
                case "approve_at", int() | None:
                    policy.approve_at = value
                case "token_life", int() | float():
                    ledger.life = float(value)
                case "token_spent", int() | float():
                    ledger.spent = float(value)
                case "advance", int() | float():
                    self._issuer.clock.advance(float(value))
                case "end", str() if value in ENDS:
                    ledger.end_all(value)
                case "allow" | "deny", str():
                    if not self._issuer.device.decide(value, cast("Any", name)):
                        raise ValueError(f"no device waits with the code {value!r}")
                case _:
                    raise ValueError(f"{name!r} with that value means nothing")

    def _account(self, members: Mapping[str, Any]) -> Account:
        unknown = set(members) - {field.name for field in fields(Account)}
        if unknown:
            raise ValueError(f"an account has no {', '.join(sorted(unknown))}")
        return replace(self._issuer.policy.account, **members)


def _members(raw: bytes) -> Mapping[str, Any]:
    value: object = json.loads(raw or b"{}")
    if not isinstance(value, dict):
        raise ValueError("a JSON object is wanted")
    return cast("Mapping[str, Any]", value)
