"""When a login is renewed, and when a refresh token is left alone."""

import base64
import json
from dataclasses import replace

import pytest

from services.auth.credentials import Credentials, Tokens
from services.auth.issuer.endpoint import Renewed
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.keeping.refresh_rules import Pause, merged, needs_refresh
from services.models.account import AccountMode
from services.provider import Secret
from tests.unit.auth.rows import row

NOW = 1_800_000_000.0
DAY = 86_400.0


def jwt(**claims: object) -> Secret:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"eyJhbGciOiJub25lIn0.{body}.sig")


def id_token(account: str = "acc", user: str = "user") -> Secret:
    auth = {"chatgpt_account_id": account, "chatgpt_user_id": user}
    return jwt(**{"https://api.openai.com/auth": auth})


def login(access: Secret, *, last_refresh: float | None = NOW, **more: object) -> Credentials:
    tokens = Tokens(
        id_token=id_token(), access_token=access, refresh_token=Secret("rt_1"), account_id="acc"
    )
    return Credentials(
        mode=AccountMode.CHATGPT, tokens=replace(tokens, **more), last_refresh=last_refresh
    )


@pytest.mark.parametrize(
    ("left", "is_shared", "is_due"),
    [
        (599, True, True),
        (601, True, False),
        (299, False, True),
        (301, False, False),
        (-5, True, True),
    ],
)
def test_a_long_token_is_renewed_before_codex_would(
    left: int, is_shared: bool, is_due: bool
) -> None:
    access = jwt(iat=int(NOW + left - 10 * DAY), exp=int(NOW + left))
    reason = needs_refresh(login(access), NOW, is_shared=is_shared)
    assert reason == ("proactive_expiry" if is_due else None)


@pytest.mark.parametrize(
    ("life", "left", "is_due"),
    [(720, 599, True), (720, 620, False), (60, 31, False), (60, 29, True), (4, 3, False)],
)
def test_a_short_token_is_renewed_at_half_of_its_life(life: int, left: int, is_due: bool) -> None:
    access = jwt(iat=int(NOW + left - life), exp=int(NOW + left))
    assert (needs_refresh(login(access), NOW, is_shared=True) is not None) is is_due


def test_a_token_without_a_beginning_counts_from_the_last_refresh() -> None:
    access = jwt(exp=int(NOW + 31))
    assert needs_refresh(login(access, last_refresh=NOW - 29), NOW, is_shared=True) is None
    assert needs_refresh(login(access, last_refresh=NOW - 32), NOW, is_shared=True) is not None


@pytest.mark.parametrize(("age", "reason"), [(9 * DAY, "scheduled"), (7 * DAY, None), (None, None)])
def test_an_opaque_token_is_renewed_by_its_age(age: float | None, reason: str | None) -> None:
    last = None if age is None else NOW - age
    held = login(Secret("opaque"), last_refresh=last)
    assert needs_refresh(held, NOW, is_shared=True) == reason


def test_a_valid_end_outranks_the_age() -> None:
    access = jwt(iat=int(NOW - 9 * DAY), exp=int(NOW + DAY))
    assert needs_refresh(login(access, last_refresh=NOW - 9 * DAY), NOW, is_shared=True) is None


def test_a_key_is_never_renewed() -> None:
    key = Credentials(mode=AccountMode.API_KEY, api_key=Secret("sk-1"))
    assert needs_refresh(key, NOW, is_shared=True) is None


def failed(*, is_permanent: bool = False, retry_at: float | None = None) -> RefreshFailedError:
    return RefreshFailedError("No", is_permanent=is_permanent, retry_at=retry_at)


@row("3.4 pause after a failure")
def test_failures_space_themselves_out_up_to_ten_minutes() -> None:
    pause, now = Pause(), 0.0
    waits: list[float] = []
    for _ in range(7):
        pause.after("one", failed(), now, NOW)
        waits.append(pause.until - now)
        assert pause.holds("one", pause.until - 0.1) is not None
        now = pause.until
        assert pause.holds("one", now) is None
    assert [round(w / 10) * 10 for w in waits[:2]] in ([30, 60], [30, 70])
    assert all(600 <= wait <= 660 for wait in waits[5:])


@row("E15 each answer replaces the token")
def test_the_pause_grows_on_where_the_answer_replaced_what_was_sent() -> None:
    pause, now = Pause(), 0.0
    waits: list[float] = []
    for number in range(3):
        pause.after(f"token {number + 1}", failed(), now, NOW, sent=f"token {number}")
        waits.append(pause.until - now)
        now = pause.until
    assert [30 * 2**number <= wait <= 33 * 2**number for number, wait in enumerate(waits)] == (
        [True] * 3
    )
    pause.after("a new login", failed(), now, NOW, sent="a new login")
    assert pause.until - now <= 33


@row("3.4 Retry-After")
def test_the_issuer_may_ask_for_a_longer_pause() -> None:
    pause = Pause()
    pause.after("one", failed(retry_at=NOW + 200), 0.0, NOW)
    assert pause.until == pytest.approx(200)  # pyright: ignore[reportUnknownMemberType]


@row("3.4 permanent")
def test_a_final_failure_holds_for_ever_but_only_for_its_login() -> None:
    pause = Pause()
    error = failed(is_permanent=True)
    pause.after("one", error, 0.0, NOW)
    assert pause.holds("one", 1e9) is error
    assert pause.holds("two", 0.0) is None


def test_what_a_refresh_leaves_out_is_kept() -> None:
    held = login(Secret("old")).tokens
    assert held is not None
    new = merged(held, Renewed(access_token=Secret("new")))
    assert new == replace(held, access_token=Secret("new"))


def test_the_refresh_token_is_kept_when_the_id_token_is_unreadable() -> None:
    held = login(Secret("old")).tokens
    assert held is not None
    new = merged(held, Renewed(id_token=Secret("junk"), refresh_token=Secret("rt_2")))
    assert new == replace(held, refresh_token=Secret("rt_2"))


@pytest.mark.parametrize(("account", "user"), [("other", "user"), ("acc", "other")])
def test_tokens_of_somebody_else_are_refused(account: str, user: str) -> None:
    held = login(Secret("old")).tokens
    assert held is not None
    stranger = Renewed(id_token=id_token(account, user), access_token=Secret("new"))
    assert merged(held, stranger) is None


@row("E22 written at the next save")
def test_a_missing_account_id_is_filled_in_from_the_claim() -> None:
    held = login(Secret("old"), account_id=None).tokens
    assert held is not None
    new = merged(held, Renewed(access_token=Secret("new")))
    assert new is not None
    assert new.account_id == "acc"
