"""Settings as plain values: defaults, then the file, then the environment, then the flags.

This runs before the first frame, so it knows no pydantic: a value of the wrong type is left out
and named in `problems`; `app.settings_model` validates in full once the screen is there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from app import quiet_hours
from app.folders import Folders, find_folders
from services.auth.settings import LoginMemory

MAX_CONFIG_BYTES = 64 * 1024
MAX_KEYRING_TIMEOUT = 600.0

Table: TypeAlias = Mapping[str, Any]


def _no_bindings() -> dict[str, str]:
    return {}


def _no_tables() -> dict[str, Table]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run is told from outside. Names of fields are names of configuration keys."""

    folders: Folders
    profile: str | None = None
    view: str = "chat"
    model: str | None = None
    effort: str | None = None
    provider: str | None = None
    """Id of a provider; None picks one by what is set up."""
    transport: Literal["sse", "websocket", "chat"] | None = None
    theme: str = "auto"
    """`auto`, `dark`, `light`, `ansi-dark` or `ansi-light`."""
    ascii: bool = False
    no_color: bool = False
    reduced_motion: bool = False
    mouse: bool = True
    max_width: int = 100
    """Columns of an answer at most; 0 for as wide as the pane."""
    log_level: str = "info"
    log_file: Path | None = None
    """None for the usual place."""
    instructions: str | None = None
    """Instead of our own instructions to the model."""
    openai_base_url: str | None = None
    """None for OpenAI itself."""
    chatgpt_base_url: str | None = None
    """None for ChatGPT itself."""
    issuer: str | None = None
    """None for OpenAI's own."""
    oauth_redirect_host: Literal["127.0.0.1", "localhost"] = "127.0.0.1"
    auth_mode: Literal["shared", "own", "read_only"] = "shared"
    auth_store: Literal["file", "keyring", "auto", "ephemeral"] | None = None
    """None for what Codex is configured to, or the file."""
    auth_workspaces: tuple[str, ...] = ()
    """Ids of the only workspaces that may sign in; empty for any."""
    auth_exchange_api_key: bool = False
    """Whether a browser login also asks for an API key."""
    keyring_timeout: float = 5.0
    """Seconds that the keyring may take for one call."""
    memory: LoginMemory = field(default_factory=LoginMemory, repr=False, compare=False)
    """Holds a login that is kept nowhere else; no setting."""
    allow_token_hosts: tuple[str, ...] = ()
    key_flavor: Literal["readline", "modern"] = "readline"
    key_esc: Literal["leave", "interrupt"] = "leave"
    key_bindings: Mapping[str, str] = field(default_factory=_no_bindings)
    """Keys by action id, several separated by commas."""
    limits_show: Literal["left", "used"] = "left"
    """The percentage of a limit that is shown."""
    limits_quiet_hours: str = ""
    """`22:00-07:00`, in which alerts are not told; empty for none."""
    limits_notify: bool = True
    """Whether alerts reach the desktop while the terminal is not looked at."""
    providers: Mapping[str, Table] = field(default_factory=_no_tables, repr=False)
    """Tables `[providers.ID]`, as written."""
    demo: bool = False
    plain: bool = False
    no_input: bool = False
    problems: tuple[str, ...] = ()
    """What is wrong with the configuration, a sentence each; the app goes on and says so."""
    errors: tuple[str, ...] = ()
    """Those after which a command does not guess: what was named is missing, or is wrong."""


FLAT_KEYS: Mapping[str, tuple[type, ...]] = {
    "view": (str,),
    "model": (str,),
    "effort": (str,),
    "provider": (str,),
    "transport": (str,),
    "theme": (str,),
    "ascii": (bool,),
    "reduced_motion": (bool,),
    "mouse": (bool,),
    "max_width": (int,),
    "log_level": (str,),
    "log_file": (str,),
    "instructions": (str,),
    "openai_base_url": (str,),
    "chatgpt_base_url": (str,),
    "issuer": (str,),
    "oauth_redirect_host": (str,),
    "plain": (bool,),
    "no_input": (bool,),
    "demo": (bool,),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "view": ("chat", "limits"),
    "transport": ("sse", "chat"),
    "theme": ("auto", "dark", "light", "ansi-dark", "ansi-light"),
    "log_level": ("debug", "info", "warning", "error"),
    "oauth_redirect_host": ("127.0.0.1", "localhost"),
    "mode": ("shared", "own", "read_only"),
    "store": ("file", "keyring", "auto", "ephemeral"),
    "flavor": ("readline", "modern"),
    "esc": ("leave", "interrupt"),
    "show": ("left", "used"),
}
TABLE_KEYS = ("auth", "keys", "limits", "providers", "profiles", "allow_token_hosts")
TYPE_WORDS: Mapping[type, str] = {str: "text", bool: "true or false", int: "a whole number"}


def load_settings(flags: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of this run.

    Args:
        flags: What the command line named: keys of `Settings` and `config`, `profile`; a None
            counts as not named.
        environ: Environment variables.

    Returns:
        Settings with every problem of the file in `problems`; never raises for a bad file.
    """
    named = {key: value for key, value in flags.items() if value is not None}
    folders = find_folders(environ, named.get("config"))
    is_named = bool(named.get("config") or environ.get("FOREDECK_CONFIG"))
    table, unreadable = read_config(folders.config_file, is_named=is_named)
    found = _Findings(unreadable)
    values: dict[str, Any] = {}
    _take(table, values, found, where="")
    profile = named.get("profile")
    if profile is not None:
        _take_profile(str(profile), table, values, found)
        values["profile"] = profile
    if environ.get("FOREDECK_OPENAI_BASE_URL"):
        values["openai_base_url"] = environ["FOREDECK_OPENAI_BASE_URL"]
    for name, key in (
        ("FOREDECK_CHATGPT_BASE_URL", "chatgpt_base_url"),
        ("FOREDECK_ISSUER", "issuer"),
    ):
        if environ.get(name):
            values[key] = environ[name]
    _take_keyring_timeout(environ.get("FOREDECK_KEYRING_TIMEOUT"), values, found)
    if environ.get("NO_COLOR"):
        values["no_color"] = True
    known = {entry.name for entry in fields(Settings)}
    values |= {key: value for key, value in named.items() if key in known}
    if isinstance(values.get("log_file"), str):
        values["log_file"] = Path(values["log_file"]).expanduser()
    values.pop("folders", None)
    settings = Settings(folders=folders, problems=tuple(found.problems), errors=tuple(found.errors))
    return replace(settings, **values)


def read_config(path: Path, *, is_named: bool = False) -> tuple[Table, list[str]]:
    """The configuration file as a table; empty where there is none.

    Args:
        path: The file.
        is_named: Whether the user named it, so that its absence is a problem.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONFIG_BYTES + 1)
        if len(content) > MAX_CONFIG_BYTES:
            return {}, [f"{path} is larger than 64 kB and was not read"]
    except FileNotFoundError:
        return {}, [f"There is no configuration file {path}"] if is_named else []
    except OSError as error:
        return {}, [f"{path} cannot be read: {error.strerror}"]
    # Many have no such file, and are not to wait for its grammar.
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8")), []
    except UnicodeDecodeError:
        return {}, [f"{path} is not UTF-8 text"]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply"
        return {}, [f"{path} is not valid TOML: {reason}"]


class _Findings:
    """What is wrong with a configuration."""

    def __init__(self, unreadable: list[str]) -> None:
        self.problems = list(unreadable)
        self.errors = list(unreadable)

    def unknown(self, text: str) -> None:
        """Something that does no harm."""
        self.problems.append(text)

    def wrong(self, text: str, instead: str = "") -> None:
        """Something that was meant otherwise, and what the app does instead."""
        self.errors.append(text)
        self.problems.append(text + instead)


def _take_profile(name: str, table: Table, values: dict[str, Any], found: _Findings) -> None:
    profiles: Any = table.get("profiles", {})
    chosen: Any = cast("Table", profiles).get(name) if isinstance(profiles, dict) else None
    if isinstance(chosen, dict):
        _take(cast("Table", chosen), values, found, where=f"profiles.{name}.")
    elif name != "api":
        found.wrong(f'There is no profile "{name}" in the configuration')


def _take(table: Table, values: dict[str, Any], found: _Findings, where: str) -> None:
    for key, value in table.items():
        if key in FLAT_KEYS:
            kinds = FLAT_KEYS[key]
            fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
            if not fits:
                words = TYPE_WORDS[kinds[0]]
                found.wrong(f"{where}{key} must be {words}", "; the default is used")
            elif key in CHOICES and value not in CHOICES[key]:
                found.wrong(_no_choice(f"{where}{key}", CHOICES[key]), "; the default is used")
            else:
                values[key] = value
        elif key not in TABLE_KEYS:
            found.unknown(f"{where}{key} is not a setting; it is left out")
    _take_keys(table.get("keys", {}), values, found, where)
    _take_auth(table.get("auth", {}), values, found, where)
    _take_limits(table.get("limits", {}), values, found, where)
    providers: Any = table.get("providers", {})
    if _is_table_of_tables(providers):
        values["providers"] = {**values.get("providers", {}), **providers}
    else:
        found.wrong(f"{where}providers must hold tables, such as [providers.local]")
    hosts: Any = table.get("allow_token_hosts")
    if hosts is None:
        return
    if isinstance(hosts, list) and all(isinstance(h, str) for h in cast("list[Any]", hosts)):
        values["allow_token_hosts"] = tuple(cast("list[str]", hosts))
    else:
        found.wrong(f"{where}allow_token_hosts must be a list of host names")


def _take_keys(keys: Any, values: dict[str, Any], found: _Findings, where: str) -> None:
    if not isinstance(keys, dict):
        found.wrong(f"{where}keys must be a table")
        return
    for key, value in cast("dict[str, Any]", keys).items():
        match key:
            case "flavor" | "esc":
                if value in CHOICES[key]:
                    values[f"key_{key}"] = value
                else:
                    found.wrong(
                        _no_choice(f"{where}keys.{key}", CHOICES[key]), "; the default is used"
                    )
            case "bind":
                if isinstance(value, dict) and all(
                    isinstance(k, str) for k in cast("dict[str, Any]", value).values()
                ):
                    values["key_bindings"] = dict(cast("dict[str, str]", value))
                else:
                    found.wrong(f"{where}keys.bind must map action ids to keys")
            case _:
                found.unknown(f"{where}keys.{key} is not a setting; it is left out")


def _take_auth(auth: Any, values: dict[str, Any], found: _Findings, where: str) -> None:
    if not isinstance(auth, dict):
        found.wrong(f"{where}auth must be a table")
        return
    for key, value in cast("dict[str, Any]", auth).items():
        match key:
            case "mode" | "store":
                if value in CHOICES[key]:
                    values[f"auth_{key}"] = value
                else:
                    # Guessed wrong, the login would be looked for in the wrong place.
                    found.wrong(_no_choice(f"{where}auth.{key}", CHOICES[key]))
            case "workspaces":
                ids = cast("list[Any]", value) if isinstance(value, list) else [value]
                if all(isinstance(each, str) and each for each in ids):
                    values["auth_workspaces"] = tuple(cast("list[str]", ids))
                else:
                    found.wrong(f"{where}auth.workspaces must be a list of ids")
            case "exchange_api_key":
                if isinstance(value, bool):
                    values["auth_exchange_api_key"] = value
                else:
                    found.wrong(f"{where}auth.exchange_api_key must be true or false")
            case _:
                found.unknown(f"{where}auth.{key} is not a setting; it is left out")


def _take_limits(limits: Any, values: dict[str, Any], found: _Findings, where: str) -> None:
    if not isinstance(limits, dict):
        found.wrong(f"{where}limits must be a table")
        return
    for key, value in cast("dict[str, Any]", limits).items():
        match key:
            case "show":
                if value in CHOICES[key]:
                    values["limits_show"] = value
                else:
                    found.wrong(
                        _no_choice(f"{where}limits.show", CHOICES[key]), "; the default is used"
                    )
            case "quiet_hours":
                if isinstance(value, str) and (not value or quiet_hours.parse(value)):
                    values["limits_quiet_hours"] = value
                else:
                    found.wrong(f'{where}limits.quiet_hours must be like "22:00-07:00"')
            case "notify":
                if isinstance(value, bool):
                    values["limits_notify"] = value
                else:
                    found.wrong(f"{where}limits.notify must be true or false")
            case _:
                found.unknown(f"{where}limits.{key} is not a setting; it is left out")


def _take_keyring_timeout(text: str | None, values: dict[str, Any], found: _Findings) -> None:
    if not text:
        return
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= MAX_KEYRING_TIMEOUT:
        values["keyring_timeout"] = seconds
    else:
        found.wrong("FOREDECK_KEYRING_TIMEOUT must be a number of seconds up to 600")


def _is_table_of_tables(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(entry, dict) for entry in cast("dict[str, Any]", value).values()
    )


def _no_choice(name: str, choices: tuple[str, ...]) -> str:
    return f"{name} must be one of {', '.join(choices)}"
