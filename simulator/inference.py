"""The routes that answer: models, Responses, Chat Completions, for OpenAI and for Codex."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.auth.account import Account
from simulator.auth.guard import COOKIES
from simulator.auth.issuer import Issuer
from simulator.catalogue import models_body, models_etag
from simulator.conversation import Wire
from simulator.limits.keeping import Limits
from simulator.playback import Playback
from simulator.recording import Recorded
from simulator.replies import detail, missing_key, not_found, openai_error, wrong_key
from simulator.script import Status, Step
from simulator.stage import Stage, request_id
from simulator.teller import Teller
from simulator.validation import check_chat, check_responses

CODEX = "/backend-api/codex"

EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Inference:
    """Serves `/v1` and `/backend-api/codex`."""

    def __init__(
        self, stage: Stage, teller: Teller, limits: Limits, issuer: Issuer, api_key: str | None
    ) -> None:
        """Serve the backend for `issuer`'s tokens, and `/v1` for `api_key` unless it is None."""
        self._stage = stage
        self._teller = teller
        self._api_key = api_key
        self._limits = limits
        self._issuer = issuer
        self._etag = models_etag()

    def routes(self) -> list[BaseRoute]:
        """Routes of the application; the last takes every path, so it goes to the end."""
        known = [
            Route(f"{base}/{path}", endpoint, methods=[method])
            for base in ("/v1", CODEX)
            for path, method, endpoint in (
                ("models", "GET", self.models),
                ("responses", "POST", self.responses),
                ("responses", "GET", self.websocket),
                ("chat/completions", "POST", self.chat),
            )
        ]
        return [*known, Route("/{path:path}", self.nothing, methods=EVERY_METHOD)]

    async def nothing(self, request: Request) -> Response:
        """Any other path."""
        recorded = await self._stage.record(request)
        return self._play("nothing", recorded, [], self._headers(), not_found())

    async def models(self, request: Request) -> Response:
        """`GET /models`."""
        recorded = await self._stage.record(request)
        refusal = self._check_key(request)
        headers = self._headers() | {"etag": self._etag}
        whole = Status(200, {}, models_body())
        return self._play("models", recorded, [whole], headers, refusal, cookies=_cookies(request))

    async def responses(self, request: Request) -> Response:
        """`POST /responses`."""
        return await self._turn(request, "responses", "responses")

    async def websocket(self, request: Request) -> Response:
        """`GET /responses`, asked to become a WebSocket: there is none yet, and clients go on."""
        recorded = await self._stage.record(request)
        headers, refusal = self._headers(), self._check_key(request)
        none = detail(426, "Upgrade Required")
        return self._play("responses_websocket", recorded, [none], headers, refusal)

    async def chat(self, request: Request) -> Response:
        """`POST /chat/completions`."""
        return await self._turn(request, "chat/completions", "chat")

    async def _turn(self, request: Request, route: str, wire: Wire) -> Response:
        recorded = await self._stage.record(request)
        is_codex = _is_codex(request)
        body: Any = None
        refusal = self._check_key(request) or _check_encoding(request)
        if refusal is None:
            body = _parse(recorded.raw)
            check = check_responses if wire == "responses" else check_chat
            refusal = check(body, is_codex=is_codex)
        headers = self._headers() | self._turn_headers(request, body)
        cookies = _cookies(request)
        if refusal is not None:
            return self._play(route, recorded, [], headers, refusal, cookies=cookies)
        account = self._account(request)
        full = self._limits.take_turn(account)
        if full is not None:
            return self._play(route, recorded, [full], headers, None, cookies=cookies)
        fields = cast("Mapping[str, Any]", body)
        answer, steps = self._teller.tell(
            wire, fields, len(recorded.raw), lambda: dict(self._limits.event(account))
        )
        if answer.model is not None:
            headers["openai-model"] = answer.model
        is_named = wire == "responses"
        return self._play(route, recorded, steps, headers, None, is_named=is_named, cookies=cookies)

    def _play(
        self,
        route: str,
        recorded: Recorded,
        steps: Iterable[Step],
        headers: Mapping[str, str],
        refusal: Status | None,
        *,
        is_named: bool = True,
        cookies: Sequence[str] = (),
    ) -> Response:
        """What the stage has for this call; a refused one takes no script and meets no fault."""
        if refusal is not None:
            playback = Playback.of_status(refusal, headers, cookies)
            recorded.ended.set()
        else:
            playback = self._stage.answer(
                route,
                recorded,
                lambda: steps,
                headers=headers,
                cookies=cookies,
                is_named=is_named,
            )
        return cast("Response", playback)

    def _check_key(self, request: Request) -> Status | None:
        if _is_codex(request):
            return self._issuer.guard.check_model_call(
                request.headers,
                request.query_params,
                wants_version=request.url.path.endswith("/models"),
            )
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        is_given = scheme.lower() == "bearer" and bool(key.strip())
        if self._api_key is None or (is_given and key.strip() == self._api_key):
            return None
        if is_given and self._issuer.ledger.is_api_key(key.strip()):
            return None
        return wrong_key(f"{key.strip()[:6]}***") if is_given else missing_key()

    def _account(self, request: Request) -> Account | None:
        """Whose turn it is; None for calls with an API key."""
        if not _is_codex(request):
            return None
        found = self._issuer.guard.find(request.headers)
        return None if isinstance(found, Status) else found.account

    def _headers(self) -> dict[str, str]:
        name = request_id()
        return {
            "date": self._issuer.clock.date(),
            "x-request-id": name,
            "x-oai-request-id": name,
            "openai-version": "2020-10-01",
            "openai-processing-ms": "142",
        }

    def _turn_headers(self, request: Request, body: object) -> dict[str, str]:
        fields: Mapping[str, Any] = {}
        if isinstance(body, dict):
            fields = cast("Mapping[str, Any]", body)
        state = request.headers.get("x-codex-turn-state") or f"ts_{uuid.uuid4().hex}"
        return self._limits.headers(self._account(request)) | {
            "openai-model": str(fields.get("model", "")),
            "x-models-etag": self._etag,
            "x-codex-turn-state": state,
            "x-reasoning-included": "true",
        }


def _is_codex(request: Request) -> bool:
    return request.url.path.startswith(CODEX)


def _cookies(request: Request) -> Sequence[str]:
    return COOKIES if _is_codex(request) else ()


def _check_encoding(request: Request) -> Status | None:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() == "identity":
        return None
    return openai_error(415, f"Unsupported content encoding: {encoding}")


def _parse(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
