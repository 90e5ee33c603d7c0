"""Who signs users in, as one value: another provider of sign-in is data, not code.

Source of the values: docs/protocols/auth.md.
"""

from dataclasses import dataclass
from typing import Final, Literal

DEFAULT_ISSUER: Final = "https://auth.openai.com"
DEFAULT_CHATGPT_BASE_URL: Final = "https://chatgpt.com/backend-api"
DEFAULT_OPENAI_BASE_URL: Final = "https://api.openai.com/v1"
GOV_OPENAI_BASE_URL: Final = "https://gov.api.openai.com/v1"
CHATGPT_HOSTS: Final = ("chatgpt.com", "*.chatgpt.com", "chat.openai.com")
_GOV_KEYS: Final = ("sk-proj-fedramp-", "sk-svcacct-fedramp-")
CLIENT_ID: Final = "app_EMoamEEZ73f0CkXaXp7hrann"

Encoding = Literal["form", "json"]


def openai_base_url(key: str) -> str:
    """Where a key is good, if nothing else is configured: those of FedRAMP have their own server.

    Args:
        key: An API key; empty for none.
    """
    return GOV_OPENAI_BASE_URL if key.startswith(_GOV_KEYS) else DEFAULT_OPENAI_BASE_URL


def is_among(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether a host is in a list in which `*.` takes all below a name."""
    return any(
        host.endswith(entry[1:]) if entry.startswith("*.") else host == entry for entry in hosts
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInProvider:
    """An issuer of tokens, and how its endpoints are spoken to."""

    id: str = "chatgpt"
    name: str = "ChatGPT"
    issuer: str = DEFAULT_ISSUER
    """Without a slash at the end; the paths below are joined to it."""
    own_issuer: str = DEFAULT_ISSUER
    """The origin of the provider's own issuer, which needs nobody's leave to see its tokens; it
    stays this one where the configuration puts another into `issuer`."""
    client_id: str = CLIENT_ID
    scope: str = "openid profile email offline_access api.connectors.read api.connectors.invoke"
    authorize_path: str = "/oauth/authorize"
    token_path: str = "/oauth/token"  # noqa: S105 a path
    revoke_path: str = "/oauth/revoke"
    user_code_path: str = "/api/accounts/deviceauth/usercode"
    device_token_path: str = "/api/accounts/deviceauth/token"  # noqa: S105 a path
    device_page_path: str = "/codex/device"
    device_redirect_path: str = "/deviceauth/callback"
    accounts_path: str = "/api/accounts"
    whoami_path: str = "/v1/user-auth-credential/whoami"
    """Below the API of accounts."""
    accounts_base_url: str = ""
    """Stands in for the API of accounts below the issuer; empty for that one."""
    callback_path: str = "/auth/callback"
    callback_ports: tuple[int, ...] = (1455, 1457)
    """Registered at the issuer, in the order in which they are tried."""
    redirect_host: Literal["127.0.0.1", "localhost"] = "127.0.0.1"
    authorize_extra: tuple[tuple[str, str], ...] = (
        ("id_token_add_organizations", "true"),
        ("codex_cli_simplified_flow", "true"),
    )
    token_extra: tuple[tuple[str, str], ...] = ()
    """What each call of the token endpoint says besides (`resource`)."""
    exchange_encoding: Encoding = "form"
    refresh_encoding: Encoding = "json"
    device_encoding: Encoding = "json"
    revoke_encoding: Encoding = "json"
    originator: str = "foredeck"
    chatgpt_base_url: str = DEFAULT_CHATGPT_BASE_URL
    """Where tokens of this provider may be used; the two paths below and `/wham` lie there."""
    inference_path: str = "/codex"
    routes_path: str = "/wham/accounts/check"
    """Where it is asked which server a workspace lives on; empty where there is but one."""
    token_hosts: tuple[str, ...] = CHATGPT_HOSTS
    """The provider's own hosts, which may see its tokens over https and send a workspace from one
    to the other; `*.` takes all below a name."""
    workspaces: tuple[str, ...] = ()
    """Ids of the only workspaces that may sign in; empty for any."""
    wants_api_key: bool = False
    """Whether the id_token is exchanged for an API key after a browser login."""

    def url(self, path: str) -> str:
        """An address of the issuer."""
        return f"{self.issuer}{path}"

    @property
    def device_page(self) -> str:
        """The page on which a person types the device code."""
        return self.url(self.device_page_path)

    @property
    def whoami_url(self) -> str:
        """Where a personal access token is asked for its owner."""
        return f"{self.accounts_base_url or self.url(self.accounts_path)}{self.whoami_path}"

    def owns(self, host: str) -> bool:
        """Whether a host, in lower case, is one of `token_hosts`."""
        return is_among(host, self.token_hosts)
