"""Where configuration, data and state lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Places on this machine. None of them is created before something is written."""

    config_file: Path
    data: Path
    """The database."""
    state: Path
    """Logs and crash reports."""
    cache: Path


def find_folders(environ: Mapping[str, str], config_file: str | None = None) -> Folders:
    """Places by `FOREDECK_HOME`, else those of the platform.

    Args:
        environ: Environment variables.
        config_file: What `--config` named; it beats `FOREDECK_CONFIG`.
    """
    home = environ.get("FOREDECK_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        config, data, state, cache = root, root / "data", root / "state", root / "cache"
    else:
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("foredeck", appauthor=False)
        config, data = dirs.user_config_path, dirs.user_data_path
        state, cache = dirs.user_state_path, dirs.user_cache_path
    named = config_file or environ.get("FOREDECK_CONFIG")
    return Folders(
        config_file=Path(named).expanduser().absolute() if named else config / "config.toml",
        data=data,
        state=state,
        cache=cache,
    )
