"""Lists of models, Codex's and plain OpenAI's. Wire format: docs/protocols/models.md."""

from dataclasses import dataclass, replace
from typing import Any, Final

from services.clean import clean_line
from services.errors import BadPayloadError
from services.models.catalogue import ModelInfo
from services.provider import Provider
from services.wire.reading import (
    JsonObject,
    as_bool,
    as_list,
    as_number,
    as_object,
    as_text,
)

MAX_MODELS: Final = 1000
NAME_LIMIT: Final = 256
_EFFORT_LIMIT: Final = 40
_DESCRIPTION_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """An answer to `GET /models`."""

    models: tuple[ModelInfo, ...]
    etag: str | None = None
    skipped: int = 0
    """Entries that could not be read."""


def read_models(document: object, provider: Provider, *, etag: str | None = None) -> ModelPage:
    """Read a list of models entry by entry; what cannot be read is skipped.

    Raises:
        BadPayloadError: It is no list of models, or none of its entries can be read.
    """
    members = as_object(document)
    entries = as_list(members.get("models"))
    is_plain = not entries
    if is_plain:
        entries = as_list(members.get("data")) or as_list(document)
    if not entries and not isinstance(members.get("models", members.get("data")), list):
        raise BadPayloadError(
            "The server's list of models cannot be read", next_step="Check the base URL"
        )
    found: dict[str, ModelInfo] = {}
    skipped = max(0, len(entries) - MAX_MODELS)
    for entry in entries[:MAX_MODELS]:
        model = _plain(entry, provider) if is_plain else _codex(entry, provider)
        if model is None:
            skipped += 1
        else:
            found.setdefault(model.slug, model)
    if entries and not found:
        raise BadPayloadError(
            "No entry of the server's list of models can be read", next_step="Check the base URL"
        )
    ordered = list(found.values())
    if not is_plain:
        ordered.sort(key=lambda model: model.priority)
    return ModelPage(
        models=_with_default(ordered, provider),
        etag=clean_line(etag) if etag else None,
        skipped=skipped,
    )


def fallback(slug: str, provider_id: str) -> ModelInfo:
    """What is assumed of a model that no list tells about."""
    return ModelInfo(
        slug=slug[:NAME_LIMIT],
        name=clean_line(slug, NAME_LIMIT),
        context_window=272_000,
        provider=provider_id,
        is_listed=False,
    )


def _with_default(models: list[ModelInfo], provider: Provider) -> tuple[ModelInfo, ...]:
    wanted = provider.default_model
    listed = [model for model in models if model.is_listed] or models
    default = next((model for model in models if model.slug == wanted), None)
    if default is None and listed:
        default = listed[0]
    return tuple(replace(model, is_default=True) if model is default else model for model in models)


def _is_slug(slug: str) -> bool:
    """Whether a slug can be sent and shown as it is."""
    return 0 < len(slug) <= NAME_LIMIT and slug.isprintable()


def _plain(entry: object, provider: Provider) -> ModelInfo | None:
    slug = as_text(as_object(entry).get("id"))
    if slug is None or not _is_slug(slug):
        return None
    return ModelInfo(slug=slug, name=clean_line(slug, NAME_LIMIT), provider=provider.id)


def _codex(entry: object, provider: Provider) -> ModelInfo | None:
    members = as_object(entry)
    slug = as_text(members.get("slug"))
    if slug is None or not _is_slug(slug):
        return None
    efforts: list[str] = []
    for level in as_list(members.get("supported_reasoning_levels"))[:32]:
        effort = as_text(level) or as_text(as_object(level).get("effort"))
        if effort and len(effort) <= _EFFORT_LIMIT and effort.isprintable():
            efforts.append(effort)
    modalities = as_list(members.get("input_modalities"))
    window = as_number(members.get("context_window"))
    priority = as_number(members.get("priority"))
    visibility = as_text(members.get("visibility")) or "list"
    is_offered = as_bool(members.get("supported_in_api")) is not False
    return ModelInfo(
        slug=slug,
        name=_line(members, "display_name", NAME_LIMIT) or clean_line(slug, NAME_LIMIT),
        description=_line(members, "description", _DESCRIPTION_LIMIT),
        context_window=int(window) if window is not None and window > 0 else None,
        efforts=tuple(dict.fromkeys(efforts)),
        default_effort=_effort(as_text(members.get("default_reasoning_level"))),
        is_listed=visibility == "list" and is_offered,
        provider=provider.id,
        takes_images=not modalities or "image" in modalities,
        supports_reasoning=as_bool(members.get("supports_reasoning_summaries")) is not False,
        supports_verbosity=bool(as_bool(members.get("support_verbosity"))),
        priority=int(priority) if priority is not None else 99,
    )


def _line(members: JsonObject, name: str, limit: int) -> str:
    """A member in one clean line; empty where it is no text."""
    return clean_line(as_text(members.get(name)) or "", limit)


def _effort(value: str | None) -> str | None:
    if value and len(value) <= _EFFORT_LIMIT and value.isprintable():
        return value
    return None


def as_wire(model: ModelInfo) -> dict[str, Any]:
    """A model as an entry of Codex's list, for the cache on disk."""
    return {
        "slug": model.slug,
        "display_name": model.name,
        "description": model.description,
        "default_reasoning_level": model.default_effort,
        "supported_reasoning_levels": [
            {"effort": effort, "description": ""} for effort in model.efforts
        ],
        "visibility": "list" if model.is_listed else "hide",
        "supported_in_api": True,
        "priority": model.priority,
        "context_window": model.context_window,
        "supports_reasoning_summaries": model.supports_reasoning,
        "support_verbosity": model.supports_verbosity,
        "input_modalities": ["text", "image"] if model.takes_images else ["text"],
    }
