"""What a check finds, and what it looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.settings import Settings
from services.auth.settings import AuthSettings
from services.errors import ServiceError

State: TypeAlias = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one thing stands."""

    state: State
    found: str
    """A sentence without a final full stop. May hold remote text; it is cleaned on its way out."""
    next_step: str = ""
    """What the user can do, one sentence; empty where there is nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict with the name of its check: clean, on one line, without a secret."""

    id: str
    title: str
    state: State
    found: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a check may look at."""

    settings: Settings
    environ: Mapping[str, str]
    is_offline: bool = False
    auth: AuthSettings | ServiceError
    """How this run would sign in, or why that cannot be said."""


def fine(found: str) -> Verdict:
    """All is well."""
    return Verdict(state="ok", found=found)


def warning(found: str, next_step: str) -> Verdict:
    """It works, but not as well as it could."""
    return Verdict(state="warning", found=found, next_step=next_step)


def failed(found: str, next_step: str) -> Verdict:
    """It does not work."""
    return Verdict(state="failed", found=found, next_step=next_step)


def skipped(found: str) -> Verdict:
    """Not looked at, and why."""
    return Verdict(state="skipped", found=found)
