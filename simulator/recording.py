"""What the simulator was sent, with credentials masked."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

MASK = "***"

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-codex-api-key"}
)

SECRET_FIELDS = frozenset(
    {
        "access_token",
        "api_key",
        "authorization_code",
        "client_secret",
        "code",
        "code_verifier",
        "device_auth_id",
        "id_token",
        "key",
        "password",
        "refresh_token",
        "subject_token",
        "token",
        "user_code",
        "usercode",
    }
)

KEPT_BYTES = 64 * 1024 * 1024
"""Bodies kept altogether; beyond it the oldest requests are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case, credentials as `***`."""
    raw: bytes = field(repr=False)
    at: float
    """Unix seconds."""
    closed: threading.Event = field(default_factory=threading.Event, compare=False)
    """Set when the client went away before the answer was whole."""
    ended: threading.Event = field(default_factory=threading.Event, compare=False)
    """Set when the answer is over, whole or not."""

    @property
    def body(self) -> Any:
        """Parsed where it is JSON, a text otherwise, None where there is none."""
        if not self.raw:
            return None
        text = self.raw.decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            is_form = "form-urlencoded" in self.headers.get("content-type", "")
            return _masked(dict(parse_qsl(text))) if is_form else text
        return _masked(value)

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_sim/requests`."""
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "headers": dict(self.headers),
            "body": self.body,
            "at": self.at,
        }


class Recording:
    """The requests that came, oldest first."""

    def __init__(self) -> None:
        self._requests: deque[Recorded] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def add(
        self,
        *,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        raw: bytes,
        at: float,
    ) -> Recorded:
        """Keep a request; its credentials are masked here."""
        request = Recorded(
            method=method,
            path=path,
            query={k: MASK if k.lower() in SECRET_FIELDS else v for k, v in query.items()},
            headers={name.lower(): mask_header(name, value) for name, value in headers.items()},
            raw=raw,
            at=at,
        )
        with self._lock:
            self._requests.append(request)
            self._size += len(raw)
            while self._size > KEPT_BYTES and len(self._requests) > 1:
                self._size -= len(self._requests.popleft().raw)
        return request

    def all(self) -> list[Recorded]:
        """A copy, oldest first."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._requests.clear()
            self._size = 0


def mask_header(name: str, value: str) -> str:
    """The value as it may be shown; of cookies the names."""
    if name.lower() == "cookie":
        names = (cookie.partition("=")[0].strip() for cookie in value.split(";"))
        return "; ".join(f"{each}={MASK}" for each in names)
    if name.lower() not in SECRET_HEADERS:
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and scheme.lower() in {"bearer", "basic"} else MASK


def _masked(value: object) -> object:
    """Credentials of token requests stand at the top level; what a user wrote is left alone."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    return {k: MASK if k in SECRET_FIELDS and isinstance(v, str) else v for k, v in fields.items()}
