"""How this run signs in, as one value. Made from configuration by `app/accounts.py`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from services.auth.provider import SignInProvider

StoreMode = Literal["file", "keyring", "auto", "ephemeral"]


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

    @property
    def is_shared(self) -> bool:
        """Whether Codex uses the same home."""
        return self.mode != "own"
