"""The text of `auth.json`: one case a row."""

import json
from typing import Any

import pytest

from services.auth.credentials import Credentials
from services.auth.stores.document import SIZE_LIMIT, parse, render
from services.models.account import AccountMode
from services.provider import Secret
from tests.unit.auth.storage.logins import (
    AUTH,
    ID_TOKEN,
    document,
    jwt,
    refresh_token,
)


def read(value: object) -> Any:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse(content, "auth.json")


def written(credentials: Credentials, beneath: object = None) -> dict[str, Any]:
    content = None if beneath is None else json.dumps(beneath).encode()
    return json.loads(render(credentials, beneath=content, compact=False))


API_KEY, CHATGPT = AccountMode.API_KEY, AccountMode.CHATGPT


@pytest.mark.parametrize(
    ("value", "mode"),
    [
        pytest.param(document(), CHATGPT, id="as Codex writes it"),
        pytest.param(document(auth_mode=None), CHATGPT, id="older, without a mode"),
        pytest.param({"OPENAI_API_KEY": "sk-one"}, API_KEY, id="key alone"),
        pytest.param(
            {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-one"}, API_KEY, id="key as Codex has it"
        ),
        pytest.param(
            document(auth_mode=None, OPENAI_API_KEY="sk-one"), API_KEY, id="key before tokens"
        ),
        pytest.param(
            document(OPENAI_API_KEY="sk-one"), CHATGPT, id="mode before key: both are there"
        ),
        pytest.param(
            document(auth_mode="apikey", OPENAI_API_KEY=" sk-one\n"),
            API_KEY,
            id="E25 key with blanks around it",
        ),
        pytest.param(
            document(tokens={"refresh_token": "rt-one\r\n"}), CHATGPT, id="E25 token with newline"
        ),
        pytest.param(
            document(OPENAI_API_KEY=17, personal_access_token="at-x"),
            CHATGPT,
            id="members that do not matter in this mode",
        ),
        pytest.param(document(last_refresh="yesterday"), CHATGPT, id="time that is none"),
        pytest.param(document(last_refresh=None), CHATGPT, id="no time"),
        pytest.param(b"\xef\xbb\xbf" + json.dumps(document()).encode(), CHATGPT, id="with a BOM"),
        pytest.param(
            document(tokens={"id_token": jwt({AUTH: {"chatgpt_plan_type": 7}})}),
            CHATGPT,
            id="E24 plan that is a number",
        ),
        pytest.param(
            document(tokens={"id_token": jwt({}), "account_id": None}), CHATGPT, id="no account"
        ),
    ],
)
def test_document_holds_a_login(value: object, mode: AccountMode) -> None:
    reading = read(value)
    assert (reading.problem, reading.is_broken, reading.notices) == ("", False, ())
    assert reading.credentials.mode is mode
    if mode is API_KEY:
        assert reading.credentials.api_key == Secret("sk-one")
    else:
        assert refresh_token(reading.credentials) == "rt-one"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({}, id="empty object"),
        pytest.param({"auth_mode": None, "OPENAI_API_KEY": None}, id="nulls"),
        pytest.param({"auth_mode": "chatgpt", "tokens": None}, id="mode without tokens"),
        pytest.param({"something": "else"}, id="unknown members alone"),
    ],
)
def test_document_holds_no_login(value: object) -> None:
    reading = read(value)
    assert (reading.credentials, reading.problem, reading.is_broken) == (None, "", False)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \n", "is empty", id="blank"),
        pytest.param(b'{"auth_mode": "chatg', "is no JSON that can be read", id="E21 cut off"),
        pytest.param(b"[]", "holds no JSON object", id="array"),
        pytest.param(b"null", "holds no JSON object", id="null"),
        pytest.param(b'"text"', "holds no JSON object", id="text"),
        pytest.param(b"\xff\xfe{\x00", "is no JSON that can be read", id="UTF-16"),
        pytest.param(b'{"a": NaN}', "is no JSON that can be read", id="NaN"),
        pytest.param(b'{"a": 1e999}', "is no JSON that can be read", id="endless number"),
        pytest.param(
            b'{"a": ' + b"9" * 5000 + b"}", "is no JSON that can be read", id="number too long"
        ),
        pytest.param(
            b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
            "is no JSON that can be read",
            id="nested too deeply",
        ),
        pytest.param(b"[" * 100_000, "is no JSON that can be read", id="nested far too deeply"),
    ],
)
def test_what_is_no_document_may_be_half_written(value: bytes, problem: str) -> None:
    reading = read(value)
    assert (reading.problem, reading.is_broken) == (f"auth.json {problem}", True)
    assert reading.credentials is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        pytest.param(b" " * (SIZE_LIMIT + 1), "is larger than 1 MiB", id="too large"),
        pytest.param(
            document(auth_mode="magic"),
            "holds a kind of login that is not known (magic), which Foredeck does not use and"
            " leaves alone",
            id="unknown mode",
        ),
        pytest.param(
            document(auth_mode="\x1b[31mred"),
            "holds a kind of login that is not known (␛[31mred), which Foredeck does not use and"
            " leaves alone",
            id="mode with an escape sequence",
        ),
        pytest.param(
            document(auth_mode=["chatgpt"]),
            "holds a kind of login that is not known (no text), which Foredeck does not use and"
            " leaves alone",
            id="mode that is a list",
        ),
        pytest.param(
            document(auth_mode="chatgptAuthTokens"),
            "holds tokens that another program renews, which Foredeck does not use and leaves"
            " alone",
            id="tokens of an embedding program",
        ),
        pytest.param(
            {"personal_access_token": "at-secret"},
            "holds a personal access token, which Foredeck does not use and leaves alone",
            id="personal access token",
        ),
        pytest.param(
            document(auth_mode=None, agent_identity={"key": "secret"}),
            "holds the identity of an agent, which Foredeck does not use and leaves alone",
            id="agent beside tokens",
        ),
        pytest.param({"auth_mode": "apikey"}, "holds no API key", id="key missing"),
        pytest.param({"OPENAI_API_KEY": "  "}, "holds an empty API key", id="key blank"),
        pytest.param({"OPENAI_API_KEY": 7}, "holds no text as API key", id="key a number"),
        pytest.param(
            {"OPENAI_API_KEY": "sk-secret\nX: y"},
            "holds a blank, control or foreign character inside its API key",
            id="E25 key in two lines",
        ),
        pytest.param(
            {"OPENAI_API_KEY": "sk-ſecret"},
            "holds a blank, control or foreign character inside its API key",
            id="E25 key that is not Latin-1",
        ),
        pytest.param(
            document(tokens={"access_token": "at-sec\x00ret"}),
            "holds a blank, control or foreign character inside its access_token",
            id="E25 token with NUL",
        ),
        pytest.param(
            document(tokens={"access_token": ""}), "holds an empty access_token", id="token empty"
        ),
        pytest.param(
            document(tokens={"refresh_token": None}), "holds no refresh_token", id="token missing"
        ),
        pytest.param(
            document(tokens={"id_token": {"a": 1}}), "holds no text as id_token", id="token parsed"
        ),
        pytest.param(
            document(tokens={"id_token": "secret.secret"}),
            "holds an id_token that cannot be decoded",
            id="E13 id_token of two parts",
        ),
        pytest.param(
            document(tokens={"id_token": "a.W10.c"}),
            "holds an id_token that cannot be decoded",
            id="E13 id_token of an array",
        ),
        pytest.param(
            document(tokens={"account_id": "acct\n1"}),
            "holds a blank, control or foreign character inside its account_id",
            id="account with newline",
        ),
        pytest.param(
            document(tokens={"account_id": 1}), "holds no text as account_id", id="account a number"
        ),
        pytest.param(
            document() | {"tokens": ["at-secret"]},
            "holds tokens in a form that is not known",
            id="tokens a list",
        ),
        pytest.param(
            document(tokens={"oauth_provenance": "x"}),
            "names the issuer of its tokens in a form that is not known",
            id="E10 issuer without its object",
        ),
        pytest.param(
            document(tokens={"oauth_provenance": {"issuer": ["https://evil.test"]}}),
            "names the issuer of its tokens in a form that is not known",
            id="E10 issuer a list",
        ),
    ],
)
def test_document_cannot_be_used_and_says_why(value: object, problem: str) -> None:
    reading = read(value)
    assert (reading.problem, reading.is_broken) == (f"auth.json {problem}", False)
    assert reading.credentials is None
    assert "secret" not in reading.problem


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2030-01-01T00:00:00Z", 1_893_456_000.0),
        ("2030-01-01T00:00:00.5z", 1_893_456_000.5),
        ("2030-01-01t01:30:00.250000000+01:30", 1_893_456_000.25),
        ("2029-12-31 16:00:00-08:00", 1_893_456_000.0),
        ("2030-01-01T00:00:00.123456789Z", 1_893_456_000.123456789),
        ("2029-12-31T23:59:60Z", 1_893_456_000.0),
        ("2029-12-31T23:59:61Z", None),
        ("2030-01-01T00:00:00", None),
        ("2030-13-01T00:00:00Z", None),
        ("2030-01-01T00:00:00+99:99", None),
        ("0001-01-01T00:00:00+01:00", -62_135_600_400.0),
        (1_893_456_000, None),
        ({}, None),
    ],
)
def test_time_of_the_last_refresh_is_read(text: object, seconds: float | None) -> None:
    assert read(document(last_refresh=text)).credentials.last_refresh == seconds


@pytest.mark.parametrize(
    ("stored", "claimed", "used", "saved", "warned"),
    [
        pytest.param(None, "acct-1", "acct-1", "acct-1", False, id="E22 claim stands in"),
        pytest.param("", "acct-1", "acct-1", "acct-1", False, id="E22 claim instead of nothing"),
        pytest.param("acct-2", "acct-1", "acct-2", "acct-2", True, id="E23 stored one wins"),
        pytest.param("acct-2", None, "acct-2", "acct-2", False, id="no claim"),
        pytest.param(None, None, None, None, False, id="neither"),
        pytest.param(None, "no header", None, None, False, id="claim no header could carry"),
    ],
)
def test_account_is_that_of_the_document_or_of_the_token(
    stored: str | None, claimed: str | None, used: str | None, saved: str | None, warned: bool
) -> None:
    claims = {AUTH: {"chatgpt_account_id": claimed}} if claimed else {}
    reading = read(document(tokens={"id_token": jwt(claims), "account_id": stored}))
    tokens = reading.credentials.tokens
    assert tokens.workspace == used
    assert written(reading.credentials)["tokens"]["account_id"] == saved
    assert bool(reading.notices) is warned


def test_empty_refresh_token_is_said() -> None:
    reading = read(document(tokens={"refresh_token": " "}))
    assert refresh_token(reading.credentials) == ""
    assert reading.notices == (
        "auth.json holds no refresh token: sign in again when this login ends",
    )


def test_no_secret_shows_itself() -> None:
    reading = read(document(OPENAI_API_KEY="sk-one", hidden="hunter2"))
    shown = f"{reading!r} {reading} {reading.credentials!r}"
    assert not [
        text for text in ("sk-one", "at-one", "rt-one", "hunter2", ID_TOKEN) if text in shown
    ]
