import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.redact import redact

CANARY = "c4n4ryC4N4RYc4n4ry99"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        (f"key sk-proj-{CANARY}.", "key [REDACTED]"),
        (f"(at_{CANARY})", "([REDACTED])"),
        (f"apk_user_{CANARY}==, cog_{CANARY}", "[REDACTED], [REDACTED]"),
        (f"eyJhbGciOi.{CANARY}.{CANARY} x", "[REDACTED] x"),
        (f"Authorization: Bearer {CANARY}", "Authorization: Bearer [REDACTED]"),
        (f"'authorization': 'Basic {CANARY}=='", "'authorization': 'Basic [REDACTED]'"),
        (f"authorization=Token {CANARY}", "authorization=Token [REDACTED]"),
        (f"sent bearer {CANARY}", "sent bearer [REDACTED]"),
        (f'"Set-Cookie": "a={CANARY}; Path=/"', '"Set-Cookie": "[REDACTED]"'),
        (f"cookie: a={CANARY}; b={CANARY}\nnext", "cookie: [REDACTED]\nnext"),
        (f'{{"access_token": "{CANARY}", "x": 1}}', '{"access_token": "[REDACTED]", "x": 1}'),
        (f"refresh_token={CANARY}&x=1", "refresh_token=[REDACTED]&x=1"),
        (f"OPENAI_API_KEY={CANARY}", "OPENAI_API_KEY=[REDACTED]"),
        (f"GET /cb?code={CANARY}&state={CANARY}", "GET /cb?code=[REDACTED]&state=[REDACTED]"),
        (f"/f?X-Amz-Signature={CANARY}&a=b", "/f?X-Amz-Signature=[REDACTED]&a=b"),
        (f"https://{CANARY}@host/", "https://[REDACTED]@host/"),
        (f"http://me:{CANARY}@host:8080/", "http://[REDACTED]@host:8080/"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(raw: str, safe: str) -> None:
    assert redact(raw) == safe
    assert redact(safe) == safe


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication failed",
        "basic usage of the task list",
        "https://example.com/a?page=2&sort=key",
        "apk_****7xYz and ask-me-anything",
        "the token was refused",
        "a cat-and-mouse game",
    ],
)
def test_plain_prose_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "form", ["p.ss/w+rd (1)", "p.ss%2Fw%2Brd%20%281%29", "p.ss%2Fw%2Brd+%281%29"]
)
def test_a_known_secret_is_taken_out_in_each_of_its_forms(form: str) -> None:
    assert redact(f"it is {form}!", ["p.ss/w+rd (1)\n"]) == "it is [REDACTED]!"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert redact("hunter2hunter2", ["hunter2", "hunter2hunter2"]) == "[REDACTED]"


def test_a_secret_as_short_as_a_word_is_not_looked_for() -> None:
    assert redact("a cat", ["cat", "", " "]) == "a cat"


def test_a_secret_that_is_part_of_the_mark_does_not_break_it() -> None:
    once = redact("REDACTED here", ["REDACTED", "hunter22"])
    assert redact(once, ["REDACTED", "hunter22"]) == once == "[REDACTED] here"


PARTS = [
    "sk-", "at_", "apk_", "eyJ", "a" * 16, "1b2", ".", "-", "_", " ", "\n", '"', "'", ":", "=",
    "Authorization", "bearer ", "basic ", "cookie", "set-", "access_token", "?code=", "&key=",
    "://", "@", "/", "[REDACTED]", "[", "]", ",", "hunter22", "%20", "token", "#state=",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=30))
@settings(max_examples=2000, deadline=None)
def test_redacting_twice_changes_nothing_more(parts: list[str]) -> None:
    once = redact("".join(parts), ["hunter22"])
    assert redact(once, ["hunter22"]) == once
    assert "hunter22" not in once


@pytest.mark.parametrize(
    "unit",
    [
        "prose about nothing, with a URL https://example.com/x?y=1&z=2 in it\n",
        *PARTS,
        "cookie ",
        "bearer    ",
        "://a:",
        "sk-a ",
        "eyJabcdef.",
        "&key",
        'authorization": "',
        f"Authorization: Bearer {CANARY} cookie: x?code=1&access_token=2 sk-{CANARY}\n",
    ],
)
def test_64_kib_take_less_than_50_milliseconds(unit: str) -> None:
    text = (unit * (65536 // len(unit) + 1))[:65536]
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        redact(text, [f"secret-{number}-{CANARY}" for number in range(4)])
        best = min(best, time.perf_counter() - start)
    assert best < 0.05
