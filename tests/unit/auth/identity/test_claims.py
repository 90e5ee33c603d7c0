import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.auth.claims import (
    AUTH,
    PROFILE,
    TOKEN_LIMIT,
    IdClaims,
    Life,
    decode,
    read_id_token,
    read_life,
)
from services.auth.credentials import Tokens
from services.errors import BadPayloadError
from services.models.account import PLAN_NAMES, Account, AccountMode
from services.provider import Secret
from tests.unit.auth.rows import row


def packed(payload: bytes) -> str:
    return base64.urlsafe_b64encode(payload).rstrip(b"=").decode()


def jwt(payload: object, head: str = "eyJhbGciOiJub25lIn0", end: str = "c2ln") -> Secret:
    return Secret(f"{head}.{packed(json.dumps(payload).encode())}.{end}")


def with_auth(**claims: object) -> Secret:
    return jwt({AUTH: claims})


WHOLE = {
    "email": "ada@example.test",
    "exp": 1_900_000_000,
    "iat": 1_899_996_400,
    AUTH: {
        "chatgpt_account_id": "11111111-2222-3333-4444-555555555555",
        "chatgpt_user_id": "user-FAKE",
        "chatgpt_plan_type": "plus",
        "chatgpt_account_is_fedramp": True,
        "organizations": [{"id": "org-1"}],
    },
    PROFILE: {"email": "other@example.test"},
}


def test_a_whole_token_says_whose_it_is() -> None:
    assert read_id_token(jwt(WHOLE)) == IdClaims(
        email="ada@example.test",
        account_id="11111111-2222-3333-4444-555555555555",
        user_id="user-FAKE",
        plan="plus",
        is_fedramp=True,
    )
    assert read_life(jwt(WHOLE)) == Life(begins_at=1_899_996_400.0, ends_at=1_900_000_000.0)


GOOD = packed(b'{"email": "a@b"}')


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="E13 nothing"),
        pytest.param("opaque", id="E13 opaque"),
        pytest.param(f"a.{GOOD}", id="E13 2 parts"),
        pytest.param(f".{GOOD}.c", id="E13 empty head"),
        pytest.param("a..c", id="E13 empty payload"),
        pytest.param(f"a.{GOOD}.", id="E13 empty signature"),
        pytest.param(f"a.{base64.urlsafe_b64encode(b'{ }').decode()}=.c", id="E13 padding"),
        pytest.param(f"a.{packed(b'[1]')}.c", id="E13 payload array"),
        pytest.param(f"a.{packed(b'1')}.c", id="E13 payload number"),
        pytest.param(f"a.{packed(b'null')}.c", id="E13 payload null"),
        pytest.param(f"a.{packed(b'{')}.c", id="E13 payload no JSON"),
        pytest.param(f"a.{packed(b'')}.c", id="E13 payload of no bytes"),
        pytest.param(f"a.{packed(bytes(range(256)))}.c", id="E13 payload binary"),
        pytest.param(f"a.{packed(b'[' * 20_000)}.c", id="E13 payload deep"),
        pytest.param(f"a.{packed(b'9' * 5000)}.c", id="E13 payload of many digits"),
        pytest.param(f"a.{GOOD}\n.c", id="E13 newline"),
        pytest.param(f"a.{GOOD}!.c", id="E13 other character"),
        pytest.param("a.äöü.c", id="E13 non-ASCII"),
        pytest.param("a.\ud800.c", id="E13 surrogate"),
        pytest.param("a." + "A" * TOKEN_LIMIT + ".c", id="E13 huge"),
        pytest.param("." * 100_000, id="E13 dots"),
    ],
)
def test_what_is_no_token_is_one_kind_of_error(token: str) -> None:
    with pytest.raises(BadPayloadError) as caught:
        decode(Secret(token))
    assert caught.value.__cause__ is None
    assert read_life(Secret(token)) == Life()


@pytest.mark.parametrize("end", ["c", "c.d", "c.d.e", "c.d.e.f.g", "c."], ids="E13 {}".format)
def test_more_than_three_parts_are_read_from_the_first_three(end: str) -> None:
    assert read_id_token(Secret(f"a.{GOOD}.{end}")).email == "a@b"


@pytest.mark.parametrize(
    ("exp", "ends_at"),
    [
        (1_900_000_000, 1_900_000_000.0),
        (1, 1.0),
        (1_900_000_000.0, None),
        (1_900_000_000.5, None),
        ("1900000000", None),
        (-1, None),
        (0, None),
        (10**12, None),
        (10**400, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        (None, None),
        ([1_900_000_000], None),
        ({}, None),
    ],
    ids=lambda value: f"E13 exp {value!r}"[:40],
)
def test_an_end_that_is_none_counts_as_absent(exp: object, ends_at: float | None) -> None:
    assert read_life(jwt({"exp": exp})).ends_at == ends_at
    assert read_life(jwt({"exp": 1_900_000_000, "iat": exp})).begins_at == ends_at


@pytest.mark.parametrize(
    ("payload", "claims"),
    [
        ({}, IdClaims()),
        ({AUTH: None, PROFILE: None}, IdClaims()),
        ({AUTH: [], PROFILE: "x"}, IdClaims()),
        ({"email": None, PROFILE: {"email": "p@b"}}, IdClaims(email="p@b")),
        ({"email": "", PROFILE: {"email": "p@b"}}, IdClaims(email="p@b")),
        ({"email": 5}, IdClaims()),
        ({"email": "a\x1b]0;x\x07@b\n"}, IdClaims(email="a␛]0;x␇@b")),
        ({"email": "a\ud800@b"}, IdClaims(email="a\ufffd@b")),
        ({AUTH: {"user_id": "u"}}, IdClaims(user_id="u")),
        ({AUTH: {"chatgpt_user_id": "c", "user_id": "u"}}, IdClaims(user_id="c")),
        ({AUTH: {"chatgpt_account_id": 5}}, IdClaims()),
        ({AUTH: {"chatgpt_account_is_fedramp": "true"}}, IdClaims()),
        ({AUTH: {"chatgpt_account_is_fedramp": 1}}, IdClaims()),
        ({"chatgpt_account_id": "outside"}, IdClaims()),
    ],
)
def test_claims_of_a_wrong_type_count_as_absent(payload: object, claims: IdClaims) -> None:
    assert read_id_token(jwt(payload)) == claims


PLANS = [
    "free", "go", "plus", "pro", "prolite", "promax", "team", "self_serve_business_prolite",
    "self_serve_business_usage_based", "business", "ent26", "enterprise_cbp_automation",
    "enterprise_cbp_usage_based", "enterprise", "edu", "edu_plus", "edu_pro", "sci", "sci_plus",
    "hc", "education",
]  # fmt: skip


@pytest.mark.parametrize("plan", PLANS)
def test_every_known_plan_has_a_name(plan: str) -> None:
    claims = read_id_token(with_auth(chatgpt_plan_type=plan))
    assert Account(mode=AccountMode.CHATGPT, plan=claims.plan).plan_name == PLAN_NAMES[plan]


@pytest.mark.parametrize(
    "plan",
    [
        None,
        7,
        7.5,
        True,
        [],
        {},
        ["plus"],
        "",
        " ",
        "Plus",
        "PRO",
        "brand_new",
        "\x1b[31m",
        "unknown",
    ],
    ids=lambda plan: f"E24 {plan!r}",
)
def test_any_other_plan_is_shown_as_unknown(plan: object) -> None:
    claims = read_id_token(with_auth(chatgpt_plan_type=plan, chatgpt_account_id="a"))
    assert claims.account_id == "a"
    assert Account(mode=AccountMode.CHATGPT, plan=claims.plan).plan_name == "unknown"


def test_a_plan_that_is_missing_is_shown_as_unknown() -> None:
    assert read_id_token(with_auth()).plan is None
    assert Account().plan_name == "unknown"


@row("E22 claim")
def test_the_claim_stands_in_for_an_account_id_that_is_not_stored() -> None:
    def held(account_id: str | None) -> Tokens:
        return Tokens(
            id_token=with_auth(chatgpt_account_id="claimed"),
            access_token=Secret("opaque"),
            refresh_token=Secret("rt_x"),
            account_id=account_id,
        )

    assert held(None).workspace == "claimed"
    assert held("stored").workspace == "stored"


@row("E13 nothing of it in the error")
def test_no_part_of_a_token_is_in_what_is_raised_or_shown() -> None:
    for token in (f"canary.{packed(b'canary')}.canary", "canary", f"a.{packed(b'[')}canary=.c"):
        with pytest.raises(BadPayloadError) as caught:
            decode(Secret(token))
        assert "canary" not in repr(caught.value) + str(caught.value.__context__)


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300),
    st.floats(),
    st.text(),
    st.characters(exclude_categories=[]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "email", "exp", "iat", AUTH, PROFILE, "chatgpt_account_id", "chatgpt_user_id", "user_id",
        "chatgpt_plan_type", "chatgpt_account_is_fedramp", "x",
    ]
)  # fmt: skip
objects = st.dictionaries(names, st.one_of(anything, st.dictionaries(names, anything)))


def check(token: Secret) -> None:
    """Whatever it is: values of the promised types, or the one error."""
    life = read_life(token)
    for time in (life.begins_at, life.ends_at):
        assert time is None or 0 < time < 4_102_444_800
    try:
        claims: Any = read_id_token(token)
    except BadPayloadError:
        return
    for text in (claims.email, claims.account_id, claims.user_id, claims.plan):
        assert text is None or (0 < len(text) <= 200 and "\n" not in text and "\x1b" not in text)
    assert claims.is_fedramp in {True, False}
    account = Account(email=claims.email, plan=claims.plan)
    assert account.plan_name
    assert isinstance(account.masked_email, str)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_token_or_the_one_error(text: str) -> None:
    check(Secret(text))


@given(st.lists(st.binary(max_size=40), max_size=6), st.sampled_from(["", "=", "\n", "é"]))
@settings(max_examples=500, deadline=None)
def test_any_bytes_in_any_number_of_parts_are_a_token_or_the_one_error(
    parts: list[bytes], noise: str
) -> None:
    check(Secret(".".join(packed(part) for part in parts) + noise))


@given(objects, st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1"]))
@settings(max_examples=200, deadline=None)
def test_any_payload_gives_claims_of_the_promised_types(payload: object, encoding: str) -> None:
    text = json.dumps(payload)
    check(Secret(f"h.{packed(text.encode(encoding))}.s"))
    check(Secret(f"h.{packed(text[: len(text) // 2].encode())}.s"))
