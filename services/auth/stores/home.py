"""Codex's home: where it lies, what its configuration says, and a first look at the login.

Loaded before the first frame: nothing slow is imported here. Facts: docs/protocols/auth.md.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from services.auth.settings import AuthSettings, LoginMethod, StoreMode
from services.auth.stores.auth_mode import mode_of
from services.errors import UsageError
from services.models.account import AccountMode

CONFIG_LIMIT: Final = 1024 * 1024
"""Bytes of `config.toml`, which grows with every project that Codex was told to trust."""
_PEEK_LIMIT: Final = 1024 * 1024
_STORES: Final[tuple[StoreMode, ...]] = ("file", "keyring", "auto", "ephemeral")
_METHODS: Final[tuple[LoginMethod, ...]] = ("chatgpt", "api")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodexConfig:
    """What Codex's configuration says about signing in."""

    store: StoreMode | None = None
    """None where it does not say."""
    workspaces: tuple[str, ...] = ()
    """Ids of the only workspaces that may sign in; empty for any."""
    login_method: LoginMethod | None = None
    """The only way to sign in that is allowed; None for any."""
    uses_encrypted_file: bool = False
    """Whether Codex keeps what would be in the keyring in an encrypted file of its own."""
    errors: tuple[str, ...] = ()
    """Settings of sign-in with a value that means nothing, a sentence each. Guessing could take the
    login from the wrong place, or allow what shall not be."""
    problems: tuple[str, ...] = ()
    """What of it cannot be used, a sentence each."""


def find_codex_home(environ: Mapping[str, str]) -> Path:
    """The folder of Codex's `auth.json`, absolute and without links; it may not exist yet.

    Raises:
        UsageError: `CODEX_HOME` names no folder, or nobody has a home here.
    """
    named = environ.get("CODEX_HOME")
    if named:
        try:
            home = Path(named).resolve(strict=True)
            is_folder = home.is_dir()
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(
                f"CODEX_HOME names {_shown(named)}, which cannot be found",
                next_step="Make that folder, or unset CODEX_HOME",
            ) from error
        if not is_folder:
            raise UsageError(
                f"CODEX_HOME names {_shown(named)}, which is no folder",
                next_step="Name a folder, or unset CODEX_HOME",
            )
        return home
    try:
        user = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        return (user / ".codex").resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            "There is no home folder to keep the login in",
            next_step="Set HOME or CODEX_HOME to a folder of yours",
        ) from error


def read_codex_config(home: Path) -> CodexConfig:
    """What `config.toml` in this home says about signing in; nothing where there is none."""
    path = home / "config.toml"
    try:
        content = _content(path, CONFIG_LIMIT)
    except FileNotFoundError:
        return CodexConfig()
    except OSError as error:
        return CodexConfig(problems=(f"{_shown(str(path))} cannot be read: {error.strerror}",))
    except ValueError:
        return CodexConfig(problems=(f"{_shown(str(path))} is no TOML that can be read",))
    # Only who has such a file waits for its grammar.
    import tomllib

    shown = _shown(str(path))
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # The parser's own words may quote the file, which may hold keys.
        return CodexConfig(problems=(f"{shown} is no TOML that can be read",))
    errors: list[str] = []
    store: object = table.get("cli_auth_credentials_store")
    if store is not None and store not in _STORES:
        errors.append(_wrong(shown, "cli_auth_credentials_store", " or ".join(_STORES)))
    method: object = table.get("forced_login_method")
    if method is not None and method not in _METHODS:
        errors.append(_wrong(shown, "forced_login_method", " or ".join(_METHODS)))
    features: object = table.get("features")
    return CodexConfig(
        store=next((known for known in _STORES if known == store), None),
        workspaces=_workspaces(table.get("forced_chatgpt_workspace_id"), shown, errors),
        login_method=next((known for known in _METHODS if known == method), None),
        uses_encrypted_file=isinstance(features, dict)
        and cast("Mapping[str, Any]", features).get("secret_auth_storage") is True,
        errors=tuple(errors),
    )


def peek(settings: AuthSettings) -> AccountMode | None:
    """Who seems to be signed in, at the price of reading one small file.

    Returns:
        None where that cannot be told so cheaply: it lies in a keyring, or cannot be read.
    """
    if settings.store == "ephemeral":
        return AccountMode.NONE if settings.memory.storage is None else None
    if settings.store != "file":
        return None
    try:
        content = _content(settings.home / "auth.json", _PEEK_LIMIT)
        members: object = json.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        return AccountMode.NONE
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(members, dict):
        return None
    known = cast("Mapping[str, Any]", members)
    mode, _ = mode_of(known)
    if mode is AccountMode.CHATGPT and not isinstance(known.get("tokens"), dict):
        return AccountMode.NONE
    return mode


def _content(path: Path, limit: int) -> bytes:
    """What a file holds.

    Raises:
        OSError: It cannot be read; a pipe in its place does not make us wait.
        ValueError: It is larger than the limit.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        # A pipe that nobody writes to gives None here, whatever the annotation says.
        content = file.read(limit + 1) or b""
    if len(content) > limit:
        raise ValueError
    return content


def _shown(path: str) -> str:
    from services.clean import clean_code, clean_line

    return clean_line(clean_code(path), 300)


def _workspaces(value: object, shown: str, errors: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    ids = cast("list[object]", value) if isinstance(value, list) else [value]
    from services.clean import clean_line

    texts = [text for text in ids if isinstance(text, str) and text.strip()]
    if len(texts) != len(ids):
        errors.append(_wrong(shown, "forced_chatgpt_workspace_id", "the id of a workspace"))
    return tuple(clean_line(text, 200) for text in texts)


def _wrong(shown: str, key: str, wanted: str) -> str:
    return f"{key} in {shown} must be {wanted}"
