"""How this run signs in, as one value. Made from configuration by `app/accounts.py`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from services.auth.provider import DEFAULT_OPENAI_BASE_URL, SignInProvider, openai_base_url
from services.provider import Secret

StoreMode = Literal["file", "keyring", "auto", "ephemeral"]
LoginMethod = Literal["chatgpt", "api"]


class LoginMemory:
    """Where a login lies that ends with this process; one for all its runs."""

    def __init__(self) -> None:
        self.storage: object | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Where credentials lie, who gives them, and which hosts may see them."""

    mode: Literal["shared", "own", "read_only"] = "shared"
    """`shared`: Codex's home. `own`: a home of ours. `read_only`: Codex's, never written."""
    store: StoreMode = "file"
    home: Path
    """Folder of `auth.json`, absolute and without links: Codex's, or ours where `mode` is own."""
    keyring_timeout: float = 5.0
    """Seconds that the keyring may take for one call."""
    provider: SignInProvider = field(default_factory=SignInProvider)
    allow_token_hosts: tuple[str, ...] = ()
    """Hosts beyond the usual ones and loopback that may see tokens."""

    only_method: LoginMethod | None = None
    """The only way to sign in that the configuration allows; None for any."""
    openai_base_url: str = DEFAULT_OPENAI_BASE_URL
    """Where a stored API key may be used."""

    uses_encrypted_file: bool = False
    """Codex keeps its login in an encrypted file of its own, which we leave alone."""

    problems: tuple[str, ...] = ()
    """What of Codex's configuration cannot be used, a sentence each."""

    notices: tuple[str, ...] = ()
    """What the user should know of the place that was chosen, a sentence each."""

    memory: LoginMemory = field(default_factory=LoginMemory, repr=False)
    """Of this process, for `ephemeral`."""

    def base_url_of(self, key: Secret) -> str:
        """Where an API key is good: at the configured server, or at that of OpenAI's it is for."""
        if self.openai_base_url != DEFAULT_OPENAI_BASE_URL:
            return self.openai_base_url
        return openai_base_url(key.reveal())

    @property
    def is_at_codex(self) -> bool:
        """Whether the home is Codex's; whether the login is too, only its storage knows."""
        return self.mode != "own"
