"""The text of `auth.json` as it is written."""

import json
from typing import Any

import pytest

from services.auth.credentials import Credentials, Tokens
from services.auth.stores.document import parse, render
from services.errors import BadPayloadError
from services.models.account import AccountMode
from services.provider import Secret
from tests.unit.auth.storage.logins import ID_TOKEN, OLD, document, jwt, key_login, login


def read(value: object) -> Any:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse(content, "auth.json")


def written(credentials: Credentials, beneath: object = None) -> dict[str, Any]:
    content = None if beneath is None else json.dumps(beneath).encode()
    return json.loads(render(credentials, beneath=content, compact=False))


CHATGPT = AccountMode.CHATGPT


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (1_893_456_000.0, "2030-01-01T00:00:00.000000Z"),
        (1_893_456_000.25, "2030-01-01T00:00:00.250000Z"),
        (1e300, "1970-01-01T00:00:00.000000Z"),
        (float("nan"), "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_time_of_the_last_refresh_is_written_in_utc(at: float, text: str) -> None:
    assert written(login(at=at))["last_refresh"] == text


def test_login_without_a_time_takes_that_of_its_token() -> None:
    tokens = login().tokens
    assert tokens is not None
    begun = Tokens(
        id_token=tokens.id_token,
        access_token=Secret(jwt({"iat": 1_893_456_000})),
        refresh_token=tokens.refresh_token,
    )
    credentials = Credentials(mode=CHATGPT, tokens=begun)
    assert written(credentials)["last_refresh"] == "2030-01-01T00:00:00.000000Z"
    assert "last_refresh" not in written(login(at=None))


def test_document_is_written_as_codex_does() -> None:
    tokens = Tokens(
        id_token=Secret(ID_TOKEN),
        access_token=Secret("at-one"),
        refresh_token=Secret("rt-one"),
        account_id="acct-1",
        issuer="https://auth.openai.com",
        client_id="app_x",
        login_owner_id="owner",
    )
    credentials = Credentials(mode=CHATGPT, tokens=tokens, last_refresh=OLD)
    assert (
        render(credentials, compact=False)
        == f"""{{
  "auth_mode": "chatgpt",
  "OPENAI_API_KEY": null,
  "tokens": {{
    "id_token": "{ID_TOKEN}",
    "access_token": "at-one",
    "refresh_token": "rt-one",
    "oauth_provenance": {{
      "issuer": "https://auth.openai.com",
      "client_id": "app_x"
    }},
    "login_owner_id": "owner",
    "account_id": "acct-1"
  }},
  "last_refresh": "2030-03-17T17:46:40.000000Z"
}}"""
    )
    compact = render(credentials, compact=True)
    assert (" " in compact, "\n" in compact) == (False, False)
    assert json.loads(compact) == written(credentials)


def test_key_is_written_as_codex_does() -> None:
    assert written(key_login()) == {"auth_mode": "apikey", "OPENAI_API_KEY": "sk-one"}
    # It replaces a login with ChatGPT completely.
    assert written(key_login(), document()) == written(key_login())


def test_unknown_members_stay_wherever_they_stand() -> None:
    odd = {"deep": [{"ä": None}, 1.5, 2**70, "\ud800", True]}
    value = document(
        tokens={
            "oauth_provenance": {"issuer": "https://auth.openai.com", "region": "eu"},
            "session": odd,
        },
        bedrock_profile=odd,
        personal_access_token="at-kept",
    )
    reading = read(value)
    assert written(reading.credentials)["last_refresh"] == "2030-01-01T00:00:00.000000Z"
    again = written(reading.credentials) | {"last_refresh": value["last_refresh"]}
    assert again == value
    assert list(again)[-2:] == ["bedrock_profile", "personal_access_token"]


def test_members_that_were_added_meanwhile_stay() -> None:
    credentials = read(document(kept="old", both="old")).credentials
    rewritten = written(credentials, document(both="new", added={"x": 1}))
    assert {key: rewritten[key] for key in ("kept", "both", "added")} == {
        "kept": "old",
        "both": "new",
        "added": {"x": 1},
    }


def test_new_login_ends_one_of_another_kind_and_keeps_the_rest() -> None:
    rewritten = written(login(), {"personal_access_token": "at-x", "note": 1, "agent_identity": {}})
    assert rewritten == written(login()) | {"note": 1}


@pytest.mark.parametrize("beneath", ["[]", "{", "", "\ud800"])
def test_broken_document_beneath_does_not_matter(beneath: str) -> None:
    content = beneath.encode("utf-8", "surrogatepass")
    assert render(login(), beneath=content, compact=True) == render(login(), compact=True)


@pytest.mark.parametrize("mode", list(AccountMode))
def test_login_without_what_its_mode_needs_is_not_written(mode: AccountMode) -> None:
    with pytest.raises(BadPayloadError, match="There is no login"):
        render(Credentials(mode=mode), compact=True)
