"""The configuration file in full: validated by pydantic, after the first frame or on request."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ProviderTable(_Table):
    """A server that answers. Keys as in Codex's `model_providers`."""

    base_url: str = Field(description="Address; /responses or /chat/completions lies below it.")
    name: str | None = Field(default=None, description="Shown instead of the id.")
    wire_api: Literal["responses", "chat"] = Field(
        default="responses", description="What the server speaks."
    )
    model: str | None = Field(default=None, description="Model to ask for when none is named.")
    env_key: str | None = Field(
        default=None, description="Environment variable that holds the key."
    )
    env_key_instructions: str | None = Field(default=None, description="Said where it is not set.")
    http_headers: dict[str, str] = Field(default={}, description="Headers sent with each call.")
    env_http_headers: dict[str, str] = Field(
        default={}, description="Header to environment variable."
    )
    query_params: dict[str, str] = Field(default={}, description="Added to each address.")
    request_max_retries: int = Field(default=4, ge=0, le=100)
    stream_max_retries: int = Field(default=5, ge=0, le=100)
    stream_idle_timeout_ms: int = Field(
        default=300_000, ge=0, description="Silence that ends a stream."
    )
    body: dict[str, Any] = Field(default={}, description="Members added to each request's body.")


class KeysTable(_Table):
    """Keys."""

    flavor: Literal["readline", "modern"] = Field(
        default="readline", description="modern gives Ctrl-P to the command palette."
    )
    esc: Literal["leave", "interrupt"] = Field(
        default="leave", description="What one Esc does while an answer streams."
    )
    bind: dict[str, str] = Field(default={}, description="Action id to keys, separated by commas.")


class LimitsTable(_Table):
    """Limits."""

    show: Literal["left", "used"] = Field(
        default="left", description="The percentage that is shown; colours go by use."
    )
    quiet_hours: str = Field(
        default="",
        pattern=r"^$|^\s*([01]?\d|2[0-3]):[0-5]\d\s*-\s*([01]?\d|2[0-3]):[0-5]\d\s*$",
        description='Local hours in which alerts are not told: "22:00-07:00".',
    )
    notify: bool = Field(
        default=True,
        description="Alerts reach the desktop, through the terminal, while nobody looks at it.",
    )


class AuthTable(_Table):
    """Signing in with ChatGPT."""

    mode: Literal["shared", "own", "read_only"] = Field(
        default="shared",
        description="shared: Codex's login. own: a login of our own. read_only: Codex's login, "
        "which only Codex renews.",
    )
    store: Literal["file", "keyring", "auto", "ephemeral"] | None = Field(
        default=None, description="Where the login lies; as Codex is configured if not given."
    )
    workspaces: list[str] | str = Field(
        default=[], description="Ids of the only workspaces that may sign in."
    )
    exchange_api_key: bool = Field(
        default=False, description="Also ask for an API key after a browser login."
    )


class _Flat(_Table):
    view: Literal["chat", "limits"] = Field(default="chat", description="View at the start.")
    model: str | None = Field(default=None, description="Model of new chats.")
    effort: str | None = Field(default=None, description="Reasoning effort of new chats.")
    provider: str | None = Field(default=None, description="Id of the provider that answers.")
    transport: Literal["sse", "chat"] | None = Field(
        default=None, description="Wire to use instead of the provider's own."
    )
    theme: Literal["auto", "dark", "light", "ansi-dark", "ansi-light"] = Field(default="auto")
    ascii: bool = Field(default=False, description="ASCII glyphs only.")
    reduced_motion: bool = Field(default=False, description="Nothing moves but text.")
    mouse: bool = Field(default=True)
    max_width: int = Field(
        default=100, ge=0, description="Columns of an answer at most; 0: no limit."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug also writes what you type."
    )
    log_file: str | None = None
    instructions: str | None = Field(default=None, description="Instructions to the model.")
    openai_base_url: str | None = Field(default=None, description="As FOREDECK_OPENAI_BASE_URL.")
    chatgpt_base_url: str | None = Field(default=None, description="As FOREDECK_CHATGPT_BASE_URL.")
    issuer: str | None = Field(default=None, description="As FOREDECK_ISSUER.")
    oauth_redirect_host: Literal["127.0.0.1", "localhost"] = Field(
        default="127.0.0.1", description="Host in the address that a browser login comes back to."
    )
    plain: bool = Field(default=False, description="Line output for pipes and screen readers.")
    no_input: bool = Field(default=False, description="Never ask.")
    demo: bool = Field(default=False, description="Run against the built-in simulator.")
    allow_token_hosts: list[str] = Field(default=[], description="Other hosts that may see tokens.")
    auth: AuthTable = Field(default_factory=AuthTable)
    keys: KeysTable = Field(default_factory=KeysTable)
    limits: LimitsTable = Field(default_factory=LimitsTable)
    providers: dict[str, ProviderTable] = Field(default={}, description="Servers by id.")


class ConfigFile(_Flat):
    """config.toml of Foredeck."""

    profiles: dict[str, _Flat] = Field(
        default={}, description="Settings that --profile lays on top."
    )


def validate(table: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with a configuration table.

    Returns:
        One sentence for each problem, in the order of the file; empty where all is well.
    """
    try:
        ConfigFile.model_validate(dict(table))
    except ValidationError as error:
        return tuple(
            _sentence(".".join(str(part) for part in problem["loc"]), problem["type"], problem)
            for problem in error.errors(include_input=False, include_url=False)
        )
    return ()


def _sentence(place: str, kind: str, problem: Any) -> str:
    if kind == "extra_forbidden":
        return f"{place} is not a setting"
    if kind == "missing":
        return f"{place} is missing"
    return f"{place}: {str(problem['msg']).removeprefix('Input ')}"


def schema() -> dict[str, Any]:
    """The JSON schema of config.toml, for editors."""
    return ConfigFile.model_json_schema()
