"""Whatever a document holds: it is read without an error, and what is read is written back."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.auth.document import parse, render
from services.models.account import AccountMode
from tests.unit.auth.storage.logins import AUTH, ID_TOKEN, jwt

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
TEXT = st.sampled_from(["at-one", " rt-one\n", "a b", "", "\x00", "ſ"]) | JSON
TOKENS = st.fixed_dictionaries(
    {},
    optional={
        "id_token": st.sampled_from([ID_TOKEN, jwt({AUTH: []}), "x.y.z"]) | JSON,
        "access_token": TEXT,
        "refresh_token": TEXT,
        "account_id": TEXT,
        "login_owner_id": TEXT,
        "oauth_provenance": st.dictionaries(st.sampled_from(["issuer", "client_id", "x"]), TEXT)
        | JSON,
        "unknown": JSON,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "auth_mode": st.sampled_from(["chatgpt", "apikey", None]) | JSON,
        "OPENAI_API_KEY": TEXT,
        "tokens": TOKENS | JSON,
        "last_refresh": st.datetimes().map(lambda at: at.isoformat() + "Z") | JSON,
        "personal_access_token": st.none() | JSON,
        "unknown": JSON,
    },
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-16-le")))
def test_bytes_are_read_without_an_error(content: bytes) -> None:
    reading = parse(content, "auth.json")
    assert reading.credentials is None


@given(DOCUMENTS | JSON, st.booleans())
def test_document_is_read_and_written_back(document: Any, compact: bool) -> None:
    content = json.dumps(document).encode()
    reading = parse(content, "auth.json")
    assert not (reading.credentials and reading.problem)
    if reading.credentials is None:
        return
    text = render(reading.credentials, beneath=content, compact=compact)
    again = parse(text.encode(), "auth.json")
    assert again.credentials is not None
    assert again.credentials.snapshot == reading.credentials.snapshot
    rewritten = json.loads(text)
    assert rewritten.get("unknown") == document.get("unknown")
    if reading.credentials.mode is AccountMode.CHATGPT:
        assert rewritten["tokens"].get("unknown") == document["tokens"].get("unknown")
    # A second time nothing changes any more.
    assert render(again.credentials, beneath=text.encode(), compact=compact) == text
