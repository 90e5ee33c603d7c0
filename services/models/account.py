"""Who is signed in, as widgets and scripts may see it: no secret is in here."""

from dataclasses import dataclass
from enum import StrEnum


class AccountMode(StrEnum):
    """How calls are paid for and signed; docs/protocols/auth.md."""

    CHATGPT = "chatgpt"
    API_KEY = "api_key"
    NONE = "none"


class StoragePlace(StrEnum):
    """Where the credentials lie."""

    FILE = "file"
    KEYRING = "keyring"
    MEMORY = "memory"
    ENVIRONMENT = "environment"


PLAN_NAMES = {
    "free": "Free",
    "go": "Go",
    "plus": "Plus",
    "pro": "Pro",
    "prolite": "Pro Lite",
    "promax": "Pro Max",
    "team": "Team",
    "self_serve_business_prolite": "Business Pro Lite",
    "self_serve_business_usage_based": "Business",
    "business": "Business",
    "ent26": "Enterprise",
    "enterprise_cbp_automation": "Enterprise",
    "enterprise_cbp_usage_based": "Enterprise",
    "enterprise": "Enterprise",
    "hc": "Enterprise",
    "edu": "Edu",
    "education": "Edu",
    "edu_plus": "Edu Plus",
    "edu_pro": "Edu Pro",
    "sci": "Science",
    "sci_plus": "Science Plus",
}
"""What a plan of an id_token is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of this run; `mode` NONE where nobody is signed in."""

    mode: AccountMode = AccountMode.NONE
    email: str | None = None
    """Clean; None where the token names none."""
    plan: str | None = None
    """As the token has it (`plus`); None where it is missing or no text."""
    account_id: str | None = None
    """Workspace that calls are made for."""
    user_id: str | None = None
    key_hint: str = ""
    """Start and end of an API key (`sk-proj-***abcde`); empty in other modes."""
    storage: StoragePlace | None = None
    """None where nothing is stored."""
    place: str = ""
    """Path of the file, or the keyring's entry; for people."""
    expires_at: float | None = None
    """Unix seconds: end of the access token; None for opaque tokens and keys."""
    refreshed_at: float | None = None
    """Unix seconds: when the tokens were last renewed."""
    shared_with_codex: bool = False
    is_read_only: bool = False
    """`auth.mode = "read_only"`: never refreshed by us."""
    issuer: str = ""
    """Host of an issuer that is not OpenAI's; empty for the usual one."""
    notices: tuple[str, ...] = ()
    """What the user should know of the storage, a sentence each."""

    @property
    def plan_name(self) -> str:
        """The plan in words; `unknown` for one that is not known."""
        return PLAN_NAMES.get(self.plan or "", "unknown")

    @property
    def masked_email(self) -> str:
        """The address with all but its ends hidden: `a…@e….test`."""
        name, at, host = (self.email or "").partition("@")
        if not at:
            return name[:1] + "…" if name else ""
        label, dot, rest = host.rpartition(".")
        return f"{name[:1]}…@{label[:1]}…{dot}{rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutResult:
    """What a logout came to."""

    was_signed_in: bool
    is_revoked: bool | None
    """None where there was nothing to revoke, or it was not wanted."""
    problem: str = ""
    """What could not be revoked, and why; a sentence."""
    is_other_left: bool = False
    """Whether another program has signed in as somebody else, which stays."""
