"""The models that the simulator offers, in the shapes of OpenAI and of Codex."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EFFORTS = {
    "minimal": "Answers almost at once",
    "low": "Fast answers with light reasoning",
    "medium": "Balances speed and depth for everyday work",
    "high": "Thinks longer for hard problems",
    "xhigh": "Thinks longest, for the hardest problems",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of the catalogue."""

    slug: str
    name: str
    description: str
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh")
    default_effort: str | None = "medium"
    context_window: int = 272_000
    is_listed: bool = True
    takes_images: bool = True
    has_verbosity: bool = True
    plans: tuple[str, ...] = ("plus", "pro", "business", "enterprise", "edu")


MODELS = (
    Model(slug="gpt-5.5", name="GPT-5.5", description="Strong everyday model for coding and prose"),
    Model(
        slug="gpt-5.5-codex",
        name="GPT-5.5 Codex",
        description="Tuned for long coding tasks",
        has_verbosity=False,
    ),
    Model(
        slug="gpt-5.5-mini",
        name="GPT-5.5 mini",
        description="Quick and inexpensive",
        efforts=("minimal", "low", "medium"),
        default_effort="low",
        context_window=128_000,
        plans=("free", "go", "plus", "pro", "business", "enterprise", "edu"),
    ),
    Model(
        slug="gpt-4.1",
        name="GPT-4.1",
        description="Answers without reasoning",
        efforts=(),
        default_effort=None,
        context_window=1_000_000,
    ),
    Model(
        slug="codex-auto-review",
        name="Codex Auto Review",
        description="Reviews what other models want to run",
        is_listed=False,
        takes_images=False,
    ),
)


def find_model(slug: object) -> Model | None:
    """The model of that slug."""
    return next((model for model in MODELS if model.slug == slug), None)


def models_body() -> dict[str, Any]:
    """Answer of `GET /models`: `data` for OpenAI's clients, `models` for Codex."""
    return {
        "object": "list",
        "data": [_plain(model) for model in MODELS],
        "models": [_codex(index, model) for index, model in enumerate(MODELS)],
    }


def models_etag() -> str:
    """Changes with the catalogue."""
    text = json.dumps(models_body(), sort_keys=True)
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def _plain(model: Model) -> Mapping[str, Any]:
    return {"id": model.slug, "object": "model", "created": 1_788_220_800, "owned_by": "simulator"}


def _codex(index: int, model: Model) -> Mapping[str, Any]:
    return {
        "slug": model.slug,
        "display_name": model.name,
        "description": model.description,
        "default_reasoning_level": model.default_effort,
        "supported_reasoning_levels": [
            {"effort": effort, "description": EFFORTS[effort]} for effort in model.efforts
        ],
        "shell_type": "shell_command",
        "visibility": "list" if model.is_listed else "hide",
        "supported_in_api": True,
        "priority": index,
        "availability_nux": None,
        "upgrade": None,
        "base_instructions": "You are a coding assistant that works in a terminal.",
        "model_messages": {
            "instructions_template": "You are a coding assistant. {{ personality }}",
            "instructions_variables": {
                "personality_default": "",
                "personality_friendly": "Be warm.",
                "personality_pragmatic": "Be brief.",
            },
        },
        "supports_reasoning_summaries": bool(model.efforts),
        "supports_reasoning_summary_parameter": bool(model.efforts),
        "default_reasoning_summary": "auto" if model.efforts else "none",
        "support_verbosity": model.has_verbosity,
        "default_verbosity": "medium" if model.has_verbosity else None,
        "apply_patch_tool_type": "freeform",
        "web_search_tool_type": "text",
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": True,
        "supports_image_detail_original": False,
        "context_window": model.context_window,
        "max_context_window": model.context_window,
        "auto_compact_token_limit": None,
        "effective_context_window_percent": 95,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"] if model.takes_images else ["text"],
        "supports_search_tool": False,
        "service_tiers": [
            {"id": "priority", "name": "Fast", "description": "Answers sooner, costs more"}
        ],
        "default_service_tier": None,
        "additional_speed_tiers": ["fast"],
        "available_in_plans": list(model.plans),
        "minimal_client_version": "0.99.0",
        "use_responses_lite": False,
        "prefer_websockets": False,
    }
