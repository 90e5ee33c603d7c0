"""What was issued: codes, families of refresh tokens, access tokens, and what became of them.

A sign-in begins a family. Each refresh token of it is good once and is replaced by the answer; one
that comes a second time kills the family, as the real issuer does: its newest refresh token and
all its access tokens are dead from then on.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from simulator.auth.account import Account
from simulator.auth.clock import Clock
from simulator.auth.jwt import Issue, access_token, id_token
from simulator.recording import Recorded

End = Literal["alive", "reused", "revoked", "expired"]
"""How a family stands: used twice, revoked, or its refresh token out of date."""

Outcome = Literal["unserved", "refused", "rotated", "reused", "invalidated", "expired", "unknown"]
"""What a refresh came to: `unserved` if a fault or a script stood before it, `refused` if the
request was wrong in another way than its token."""

CODE_LIFE = 300.0
"""Seconds for which an authorization code is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code, to be exchanged once."""

    account: Account
    client_id: str
    redirect_uri: str
    challenge: str
    issuer: str
    ends_at: float


@dataclass(slots=True, kw_only=True)
class Family:
    """One sign-in and all that was renewed of it."""

    name: str
    account: Account
    client_id: str
    issuer: str
    end: End = "alive"


@dataclass(slots=True, kw_only=True)
class Access:
    """A token for the backend."""

    account: Account
    family: Family | None
    ends_at: float
    is_revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Tokens of one answer."""

    account: Account
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Refresh:
    """A refresh token that was sent."""

    token: str
    """The first 16 hexadecimal digits of its SHA-256."""
    reason: str | None
    """`refresh_reason` as it was sent."""
    at: float
    """Unix seconds of the machine's clock."""
    request: Recorded
    outcome: Outcome = "unserved"
    family: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether the client went away before it had the answer."""
        return self.request.closed.is_set()

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_sim/auth`."""
        return {
            "token": self.token,
            "reason": self.reason,
            "at": self.at,
            "outcome": self.outcome,
            "family": self.family,
            "cut": self.is_cut,
        }


class Ledger:
    """Everything that was issued. Safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: dict[str, Code] = {}
        self._families: list[Family] = []
        self._live: dict[str, Family] = {}
        self._used: dict[str, Family] = {}
        self._access: dict[str, Access] = {}
        self._id_tokens: dict[str, Family] = {}
        self._api_keys: set[str] = set()
        self._refreshes: list[Refresh] = []
        self.codes_exchanged = 0
        self.revocations = 0
        self.life = 10 * 86400.0
        """Seconds that an access token lives, from `iat` to `exp`."""
        self.spent = 0.0
        """Seconds of that life that are over when it is issued."""

    def add_code(
        self, account: Account, *, client_id: str, redirect_uri: str, challenge: str, issuer: str
    ) -> str:
        """A fresh authorization code."""
        code = f"ac_{secrets.token_urlsafe(32)}"
        with self._lock:
            self._codes[code] = Code(
                account=account,
                client_id=client_id,
                redirect_uri=redirect_uri,
                challenge=challenge,
                issuer=issuer,
                ends_at=self._clock.now() + CODE_LIFE,
            )
        return code

    def take_code(self, code: str) -> Code | None:
        """The code's record, once and while it is good."""
        with self._lock:
            found = self._codes.pop(code, None)
        return found if found is not None and self._clock.now() < found.ends_at else None

    def sign_in(
        self,
        account: Account,
        *,
        client_id: str,
        issuer: str,
        life: float | None = None,
        spent: float | None = None,
        is_opaque: bool = False,
    ) -> Login:
        """Begin a family; the tokens of its first answer."""
        family = Family(
            name=secrets.token_hex(8), account=account, client_id=client_id, issuer=issuer
        )
        with self._lock:
            self._families.append(family)
            return self._tokens(family, life, spent, is_opaque=is_opaque)

    def refresh(self, token: str, entry: Refresh) -> Login | None:
        """Rotate; None if the token is not good, for the reason that `entry` then has."""
        with self._lock:
            if (family := self._used.get(token)) is not None:
                entry.outcome, entry.family = "reused", family.name
                family.end = "reused"
                return None
            if (family := self._live.get(token)) is None:
                entry.outcome = "unknown"
                return None
            entry.family = family.name
            if family.end != "alive":
                entry.outcome = "expired" if family.end == "expired" else "invalidated"
                return None
            entry.outcome = "rotated"
            self._used[token] = self._live.pop(token)
            return self._tokens(family, None, None)

    def note_refresh(self, token: str, reason: str | None, request: Recorded) -> Refresh:
        """Keep that this refresh token was sent."""
        entry = Refresh(token=digest(token), reason=reason, at=request.at, request=request)
        with self._lock:
            self._refreshes.append(entry)
        return entry

    def revoke(self, token: str) -> bool:
        """Revoke a refresh token with its family, or one access token; whether it was known."""
        with self._lock:
            self.revocations += 1
            if (family := self._live.get(token) or self._used.get(token)) is not None:
                if family.end == "alive":
                    family.end = "revoked"
                return True
            if (access := self._access.get(token)) is not None:
                access.is_revoked = True
                return True
            return False

    def end_all(self, end: End) -> int:
        """End every live family so; says how many there were."""
        with self._lock:
            living = [family for family in self._families if family.end == "alive"]
            for family in living:
                family.end = end
            return len(living)

    def add_personal_token(self, account: Account) -> str:
        """A personal access token, good until revoked."""
        token = f"at-{secrets.token_urlsafe(32)}"
        with self._lock:
            self._access[token] = Access(account=account, family=None, ends_at=float("inf"))
        return token

    def add_api_key(self) -> str:
        """An API key that a token was exchanged for."""
        key = f"sk-sim-{secrets.token_hex(20)}"
        with self._lock:
            self._api_keys.add(key)
        return key

    def is_api_key(self, key: str) -> bool:
        """Whether the key came out of an exchange."""
        with self._lock:
            return key in self._api_keys

    def find_access(self, token: str) -> Access | None:
        """The record of a token for the backend."""
        with self._lock:
            return self._access.get(token)

    def find_subject(self, token: str) -> Account | None:
        """The account of an id_token whose family lives."""
        with self._lock:
            family = self._id_tokens.get(token)
        return family.account if family is not None and family.end == "alive" else None

    def refreshes(self) -> list[Refresh]:
        """Every refresh token that was ever sent, oldest first."""
        with self._lock:
            return list(self._refreshes)

    def families(self) -> list[Family]:
        """Every sign-in, oldest first."""
        with self._lock:
            return list(self._families)

    def _tokens(
        self, family: Family, life: float | None, spent: float | None, *, is_opaque: bool = False
    ) -> Login:
        issue = Issue(
            issuer=family.issuer,
            client_id=family.client_id,
            session=family.name,
            at=self._clock.now() - (self.spent if spent is None else spent),
            life=self.life if life is None else life,
        )
        make: Callable[[Account, Issue], str] = _opaque_token if is_opaque else access_token
        login = Login(
            account=family.account,
            id_token=id_token(family.account, issue),
            access_token=make(family.account, issue),
            refresh_token=f"rt_{secrets.token_urlsafe(64)}",
        )
        self._live[login.refresh_token] = family
        self._id_tokens[login.id_token] = family
        self._access[login.access_token] = Access(
            account=family.account, family=family, ends_at=issue.ends_at
        )
        return login


def digest(token: str) -> str:
    """A name for a token that gives nothing away."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()[:16]


def _opaque_token(account: Account, issue: Issue) -> str:
    del account, issue
    return f"opaque_{secrets.token_urlsafe(48)}"
