"""Models that a provider offers. Wire format: docs/protocols/models.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One model of the picker."""

    slug: str
    """The value that is sent as `model`."""
    name: str
    description: str = ""
    context_window: int | None = None
    """Tokens."""
    efforts: tuple[str, ...] = ()
    """Reasoning efforts in the catalogue's order; empty where there is no choice."""
    default_effort: str | None = None
    is_default: bool = False
    is_listed: bool = True
    """Whether the picker shows it."""
    provider: str
    """Id of the provider that offers it."""
    takes_images: bool = True
    supports_reasoning: bool = True
    """Whether a `reasoning` object may be sent."""
    supports_verbosity: bool = False
    priority: int = 99
