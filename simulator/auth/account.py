"""Who signs in: the account that tokens are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AUTH_CLAIM = "https://api.openai.com/auth"
PROFILE_CLAIM = "https://api.openai.com/profile"

NO_CONSTRAINT = "NO_CONSTRAINT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of ChatGPT, with what tokens and the routing answer say of it."""

    email: str | None = "ada@example.test"
    plan: Any = "plus"
    """`chatgpt_plan_type`, whatever JSON value it is; left out if None."""
    account_id: str | None = "11111111-2222-4333-8444-555555555555"
    """The workspace; None for tokens that name none."""
    user_id: str | None = "user-sim0000000000000000ada"
    is_fedramp: bool = False
    organization_id: str | None = "org-sim0000000000000000ada"
    """None for an account without API organisation: it gets no API key."""
    project_id: str | None = "proj_sim000000000000000ada"
    is_onboarded: bool = True
    is_org_owner: bool = True
    has_claims: bool = True
    """Whether tokens carry the auth object at all."""
    backend_origin: str | None = NO_CONSTRAINT
    """`workspace_backend_origin` of the routing answer."""
    routing_override: str | None = NO_CONSTRAINT
    """`account_routing_override` of the routing answer."""

    def claims(self) -> dict[str, Any]:
        """The auth object of both tokens."""
        named: Mapping[str, Any] = {
            "chatgpt_account_id": self.account_id,
            "chatgpt_user_id": self.user_id,
            "user_id": self.user_id,
            "chatgpt_plan_type": self.plan,
            "organization_id": self.organization_id,
            "project_id": self.project_id,
        }
        return {name: value for name, value in named.items() if value is not None} | {
            "chatgpt_account_is_fedramp": self.is_fedramp,
            "chatgpt_compute_residency": "no_constraint",
            "completed_platform_onboarding": self.is_onboarded,
            "is_org_owner": self.is_org_owner,
            "groups": [],
            "organizations": self._organizations(),
        }

    def _organizations(self) -> list[dict[str, Any]]:
        if self.organization_id is None:
            return []
        role = "owner" if self.is_org_owner else "member"
        return [{"id": self.organization_id, "is_default": True, "role": role, "title": "Personal"}]
