"""Where answers come from: one server, how it is spoken to, and who we are there."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Wire: TypeAlias = Literal["responses", "chat"]


class Secret:
    """A string that never shows itself: not in repr, str, format or a dataclass's repr."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A server that answers. Source of the limits: docs/protocols/turns.md."""

    id: str
    name: str
    base_url: str
    """Without a slash at the end; `/responses`, `/chat/completions`, `/models` lie below it."""
    wire: Wire = "responses"
    key: Secret | None = None
    """Sent as a bearer token; none where the server wants none."""
    key_source: str = ""
    """Where the key came from (`OPENAI_API_KEY`), for messages."""
    wants_login: bool = False
    """Whether the login that is stored signs its calls, instead of `key`."""
    owner: str = ""
    """Whose login it is, where the server's list of models depends on it."""
    client_version: str = ""
    """Version of Codex whose protocol we speak, for a server that lists models by it."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    idle_timeout: float = 300.0
    """Seconds without a byte after which a stream counts as dead."""
    connect_timeout: float = 15.0
    request_retries: int = 4
    stream_retries: int = 5
    default_model: str | None = None
    extra_body: tuple[tuple[str, object], ...] = field(default=())
    """Members that the user configured for this server (`temperature`, …), added to each body."""
