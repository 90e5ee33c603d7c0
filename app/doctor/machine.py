"""This program and its files: version, configuration, folders, and what the environment changes."""

import os
import platform
import stat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.children import CREDENTIALS
from app.doctor.finding import Surroundings, Verdict, failed, fine, warning
from app.settings import Settings, Table, read_config
from app.version import __version__

SHOWN: Final = (
    "FOREDECK_HOME",
    "FOREDECK_CONFIG",
    "FOREDECK_KEYRING_TIMEOUT",
    "CODEX_HOME",
    "CODEX_CA_CERTIFICATE",
    "SSL_CERT_FILE",
)
"""Variables that change what is done, named with their values."""
ADDRESSES: Final = (
    "FOREDECK_ISSUER",
    "FOREDECK_CHATGPT_BASE_URL",
    "FOREDECK_OPENAI_BASE_URL",
    "DEVIN_API_BASE",
)
"""Those that hold an address, of which the host is named."""
"""Those that hold a secret, of which only the name is named."""
UNKNOWN: Final = " is not a setting"
"""How the sentence about a key ends that does no harm."""
_MORE: Final = 3
"""Problems that are told one by one."""


def program(around: Surroundings) -> Verdict:
    """What runs, on what."""
    del around
    return fine(
        f"foredeck {__version__}, Python {platform.python_version()},"
        f" {platform.system()} {platform.release()} {platform.machine()}"
    )


def environment(around: Surroundings) -> Verdict:
    """Which variables change what is done."""
    environ = around.environ
    said = [f"{name}={environ[name]}" for name in SHOWN if environ.get(name)]
    said += [f"{name} ({_host(environ[name])})" for name in ADDRESSES if environ.get(name)]
    said += [
        f"{name} (set, not shown)" for name in sorted(CREDENTIALS) if environ.get(name, "").strip()
    ]
    found = ", ".join(said) or "nothing is overridden"
    if environ.get("CODEX_ACCESS_TOKEN", "").strip():
        return warning(
            f"{found}; CODEX_ACCESS_TOKEN goes before a stored login",
            "Unset CODEX_ACCESS_TOKEN unless that is meant",
        )
    return fine(found)


def _host(url: str) -> str:
    """Host and port of an address, without what may be secret in it."""
    try:
        return urlsplit(url.strip()).netloc.rpartition("@")[2] or "no address"
    except ValueError:
        return "no address"


def configuration(around: Surroundings) -> Verdict:
    """Whether the configuration file says what can be meant."""
    settings = around.settings
    path = settings.folders.config_file
    is_named = bool(around.environ.get("FOREDECK_CONFIG"))
    table, unreadable = read_config(path, is_named=is_named)
    wrong = [*unreadable, *settings.errors, *_wrong_keys(settings)]
    # What both have found is not told twice, in other words.
    found = list(dict.fromkeys(wrong or _invalid(table)))
    if found:
        rest = f"; and {len(found) - _MORE} more" if len(found) > _MORE else ""
        words = "; ".join(found[:_MORE]) + rest
        step = f"Correct {path}; see foredeck config validate"
        is_harmless = all(each.endswith(UNKNOWN) for each in found)
        return warning(words, step) if is_harmless else failed(words, step)
    if not path.exists():
        return fine(f"{path} does not exist; defaults are used")
    return fine(f"{path} is valid")


def _wrong_keys(settings: Settings) -> tuple[str, ...]:
    from app.keymap import Keymap

    _, problems = Keymap().with_overrides(settings.key_bindings, flavor=settings.key_flavor)
    return problems


def _invalid(table: Table) -> tuple[str, ...]:
    from app.settings_model import validate

    return validate(table)


def folders(around: Surroundings) -> Verdict:
    """Whether data and logs can be written, and by nobody else be read."""
    places = around.settings.folders
    named = {"data": places.data, "state": places.state, "cache": places.cache}
    for name, path in named.items():
        if trouble := _trouble(path):
            return failed(f"the {name} folder {path} {trouble}", f"Correct it: ls -ld {path}")
    log_file = around.settings.log_file or places.state / "foredeck.log"
    seen = (*named.values(), places.data / "foredeck.db", log_file)
    if open_ones := [str(path) for path in seen if _is_open_to_others(path)]:
        return warning(
            f"others can read {', '.join(open_ones)}", f"chmod go-rwx {' '.join(open_ones)}"
        )
    return fine(f"data in {places.data}, log {log_file}")


def _trouble(path: Path) -> str:
    """What keeps a folder from being used; empty where nothing does."""
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"cannot be made, since {nearest} is no folder" if nearest != path else "is none"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"cannot be made in {nearest}" if nearest != path else "cannot be written"
    if nearest == path and path.stat().st_uid != os.geteuid():
        return "belongs to another user"
    return ""


def _is_open_to_others(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # A device such as /dev/stderr may be named as the log.
    return (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and bool(mode & 0o077)
