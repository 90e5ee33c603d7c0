"""Facts of a chat in a few words: what titles, state lines and the composer say."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.models.catalogue import ModelInfo
    from services.models.chat import ChatSummary, Usage


def model_words(
    summary: "ChatSummary | None", model: "ModelInfo | None", *, is_short: bool, dot: str
) -> str:
    """Model and effort, as they stand at the composer.

    Args:
        summary: The open chat.
        model: What is known of its model.
        is_short: Whether there is room for the effort only.
        dot: Stands between two facts.
    """
    effort = (summary.effort if summary else None) or (model.default_effort if model else None)
    if is_short:
        return effort or ""
    slug = slug_of(summary, model)
    return f" {dot} ".join(p for p in (slug, f"effort {effort}" if effort else "") if p)


def slug_of(summary: "ChatSummary | None", model: "ModelInfo | None") -> str:
    """The model's name as it is sent, as far as it is known."""
    return (summary.model if summary else None) or (model.slug if model else "") or ""


def title_facts(
    summary: "ChatSummary | None", model: "ModelInfo | None", *, is_narrow: bool, dot: str
) -> str:
    """What stands at the right of the chat's title.

    Args:
        summary: The open chat.
        model: What is known of its model.
        is_narrow: Whether the composer has no row for the model.
        dot: Stands between two facts.
    """
    parts: list[str] = []
    if is_narrow and (slug := slug_of(summary, model)):
        parts.append(slug)
    if summary is not None and summary.turns:
        parts.append(f"{summary.turns} turn{'' if summary.turns == 1 else 's'}")
    return f" {dot} ".join(parts)


def turn_summary(seconds: float, usage: "Usage | None", model: str, *, dot: str) -> str:
    """One turn in a line: how long, how much, by whom."""
    parts = [duration(seconds)]
    if usage is not None and usage.output_tokens:
        parts.append(f"{usage.output_tokens:,} tokens")
    if model:
        parts.append(model)
    return f" {dot} ".join(parts)


def context_words(tokens: int | None, model: "ModelInfo | None") -> str:
    """How full the context window is; empty where it is not known."""
    if tokens is None or model is None or not model.context_window:
        return ""
    share = 100 * tokens / model.context_window
    return f"context {min(100, round(share))}%" if share >= 0.5 else ""


def duration(seconds: float) -> str:
    """`0.8 s`, `12 s`, `3 min 5 s`."""
    if seconds < 1:
        return f"{max(0.1, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s"
