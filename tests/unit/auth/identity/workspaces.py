"""Answers that say where workspaces live."""

from typing import Any

ME = "11111111-2222-3333-4444-555555555555"


def entry(
    origin: object = "https://chatgpt.com",
    override: object = "NO_CONSTRAINT",
    **members: object,
) -> dict[str, Any]:
    return {
        "id": ME,
        "plan_type": "plus",
        "structure": "personal",
        "workspace_backend_origin": origin,
        "account_routing_override": override,
    } | members


def accounts(*entries: object) -> dict[str, Any]:
    return {"accounts": [*entries], "account_ordering": [ME], "default_account_id": ME}
