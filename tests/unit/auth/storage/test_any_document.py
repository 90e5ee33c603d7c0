"""Whatever a document holds: it is read without an error, and what is read is written back."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.auth.stores.document import parse, render
from services.models.account import AccountMode
from tests.unit.auth.storage.logins import AUTH, ID_TOKEN, document, jwt

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
VALUES = JSON | st.sampled_from(
    ["at-two", " rt-two\n", "a b", "", "\x00", "ſ", "apikey", ID_TOKEN, jwt({AUTH: []}), "x.y.z"]
)
MEMBERS = ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh", "agent_identity", "unknown"]
OF_TOKENS = [
    *("id_token", "access_token", "refresh_token", "account_id"),
    *("login_owner_id", "oauth_provenance", "unknown"),
]


def changed(members: dict[str, Any], of_tokens: dict[str, Any]) -> dict[str, Any]:
    return document(tokens=of_tokens) | members


DOCUMENTS = st.builds(
    changed,
    st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=1),
    st.dictionaries(st.sampled_from(OF_TOKENS), VALUES, max_size=2),
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16-le")))
def test_bytes_are_read_without_an_error(content: bytes) -> None:
    reading = parse(content, "auth.json")
    assert reading.credentials is None


@given(DOCUMENTS | JSON, st.booleans())
def test_document_is_read_and_written_back(value: Any, compact: bool) -> None:
    content = json.dumps(value).encode()
    reading = parse(content, "auth.json")
    assert not (reading.credentials and reading.problem)
    if reading.credentials is None:
        return
    text = render(reading.credentials, beneath=content, compact=compact)
    again = parse(text.encode(), "auth.json")
    assert again.credentials is not None
    assert again.credentials.snapshot == reading.credentials.snapshot
    rewritten = json.loads(text)
    assert rewritten.get("unknown") == value.get("unknown")
    if reading.credentials.mode is AccountMode.CHATGPT:
        assert rewritten["tokens"].get("unknown") == value["tokens"].get("unknown")
    # A second time nothing changes any more.
    assert render(again.credentials, beneath=text.encode(), compact=compact) == text
