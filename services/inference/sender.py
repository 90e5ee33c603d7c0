"""Sends what one provider is asked: addresses, headers, bodies, credentials.

Wire format: docs/protocols/turns.md. Headers of a login: docs/protocols/auth.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import httpx

from services.clean import clean_line
from services.clock import Clock
from services.errors import CredentialsError, RefusedError, ServiceError, UsageError
from services.headers import is_header, is_header_name, is_sendable
from services.inference.bodies import completions_body, responses_body
from services.inference.encoding import BodyEncoder
from services.inference.stream import InferenceRequest
from services.provider import Provider
from services.transport.failures import Identity
from services.transport.http import read_json, send
from services.transport.retry import Budget
from services.transport.signing import Signer

MODELS_TIMEOUT: Final = 15.0
"""Seconds for the list of models."""
OPENAI: Final = frozenset({"openai", "chatgpt"})
"""Providers whose server knows the headers of a conversation."""


class Sender:
    """The way to one provider, with what was learnt on it.

    Args:
        http: From `services.transport.http.create_client`.
        provider: The server, and how it is spoken to.
        clock: Time.
        new_id: Makes ids that are never used again.
        signers: Makes what signs the requests of one action, where the provider wants a login.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        provider: Provider,
        clock: Clock,
        new_id: Callable[[], str],
        signers: Callable[[], Signer] | None,
    ) -> None:
        self._http = http
        self._provider = provider
        self._clock = clock
        self._new_id = new_id
        self._signers = signers
        self._without_reasoning: set[str] = set()
        """Models that refused to be asked for reasoning."""
        self._with_usage = True
        self._encoder = BodyEncoder()

    @property
    def identity(self) -> Identity:
        """Whom the requests speak for."""
        signer = self.signer()
        if signer is not None:
            return signer.identity
        key, source = self._provider.key, self._provider.key_source
        return Identity(has_key=key is not None, key_source=source)

    def signer(self) -> Signer | None:
        """What signs the requests of one action; None where there is no login."""
        return self._signers() if self._signers is not None else None

    async def models(self) -> tuple[object, httpx.Headers]:
        """The answer to `GET /models`.

        Raises:
            ServiceError: The list cannot be had.
        """
        url = self._url("models")
        if self._provider.client_version:
            url += f"{'&' if '?' in url else '?'}client_version={self._provider.client_version}"
        return await read_json(
            self._http,
            self._http.build_request(
                "GET", url, headers={**self._headers(), "accept": "application/json"}
            ),
            identity=self.identity,
            clock=self._clock,
            timeout=MODELS_TIMEOUT,
            retries=Budget.of(self._provider.request_retries, 0).request,
            signer=self.signer(),
        )

    async def post(
        self,
        request: InferenceRequest,
        history: Sequence[Mapping[str, Any]],
        turn_state: str | None,
        signer: Signer | None,
    ) -> httpx.Response:
        """Ask the model; the caller closes the open answer.

        Args:
            request: What is asked for.
            history: The whole conversation, with what earlier tries of this request finished.
            turn_state: Opaque routing value that the server gave.
            signer: From `signer`, the same one for all tries of an action.

        Raises:
            ServiceError: Nothing was reached, or the server refused.
        """
        extra = self._provider.extra_body
        if self._provider.wire == "chat":
            path = "chat/completions"
            body = completions_body(request, history, extra, with_usage=self._with_usage)
        else:
            path = "responses"
            with_reasoning = request.model not in self._without_reasoning
            body = responses_body(request, history, extra, with_reasoning=with_reasoning)
        headers = {
            **self._headers(),
            "accept": "text/event-stream",
            "content-type": "application/json",
        }
        if turn_state:
            headers["x-codex-turn-state"] = turn_state
        if self._provider.id in OPENAI:
            headers["session-id"] = headers["thread-id"] = request.conversation_id
            headers["x-client-request-id"] = self._new_id()
        idle = self._provider.idle_timeout
        connect = self._provider.connect_timeout
        return await send(
            self._http,
            self._http.build_request(
                "POST",
                self._url(path),
                headers={name: value for name, value in headers.items() if is_header(value)},
                content=self._encoder.encode(body, request.conversation_id),
                timeout=httpx.Timeout(idle, connect=connect),
            ),
            identity=self.identity,
            clock=self._clock,
            timeout=connect + idle,
            signer=signer,
        )

    def can_do_without(self, error: ServiceError, model: str) -> bool:
        """Whether the same request may pass without something optional; remembered.

        Models that do not reason refuse to be asked for it, and some servers know no
        `stream_options`.
        """
        if not isinstance(error, RefusedError) or error.status not in {200, 400, 422}:
            return False
        said = error.message.lower()
        if self._provider.wire == "chat":
            if self._with_usage and "stream_options" in said:
                self._with_usage = False
                return True
        elif (
            model not in self._without_reasoning
            and ("reasoning" in said or "encrypted" in said)
            and ("not supported" in said or "unsupported" in said or "unrecognized" in said)
        ):
            self._without_reasoning.add(model)
            return True
        return False

    def _headers(self) -> dict[str, str]:
        """Those of the configuration and the key.

        Raises:
            CredentialsError: The key cannot be sent.
            UsageError: A header cannot be sent.
        """
        headers = {name.lower(): value for name, value in self._provider.headers}
        for name, value in headers.items():
            if not is_header_name(name) or not is_header(value):
                raise UsageError(
                    f"The header {clean_line(name, 100)} of {self._provider.name} cannot be sent",
                    next_step="Correct it in the configuration",
                    code="header",
                )
        key = self._provider.key
        if key is not None:
            # Left out, the request would be one of somebody whom the server does not know.
            if not is_sendable(key.reveal()):
                raise CredentialsError(
                    f"{self._provider.key_source or 'The key'} holds characters that no key has",
                    next_step="Set it again, whole and in one line",
                    code="key",
                )
            headers["authorization"] = f"Bearer {key.reveal()}"
        return headers

    def _url(self, path: str) -> str:
        url = f"{self._provider.base_url.rstrip('/')}/{path}"
        query = "&".join(f"{name}={value}" for name, value in self._provider.query)
        return f"{url}?{query}" if query else url
