"""An account in words."""

from dataclasses import replace

import pytest

from app.account_words import header_words, one_line, place_words, sharing_words, since, until
from services.models.account import Account, AccountMode, StoragePlace
from widgets.glyphs import ASCII, UNICODE

ADA = Account(mode=AccountMode.CHATGPT, email="ada@example.test", plan="plus")
KEY = Account(mode=AccountMode.API_KEY, key_hint="sk-proj-***abcde")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        pytest.param(
            ADA, ("ada@example.test · Plus", "a…@e….test · Plus", "Plus"), id="a ChatGPT login"
        ),
        pytest.param(
            replace(ADA, plan="hologram"),
            ("ada@example.test", "a…@e….test"),
            id="an unknown plan",
        ),
        pytest.param(replace(ADA, email=None), ("ChatGPT · Plus", "Plus"), id="no address"),
        pytest.param(replace(ADA, email=None, plan=None), ("ChatGPT",), id="nothing known"),
        pytest.param(KEY, ("API key",), id="an API key"),
        pytest.param(Account(), ("no account",), id="nobody"),
    ],
)
def test_the_header_has_shorter_words_for_less_room(
    account: Account, words: tuple[str, ...]
) -> None:
    assert header_words(account, UNICODE) == words


def test_a_masked_address_is_ascii_where_all_is() -> None:
    assert header_words(ADA, ASCII) == ("ada@example.test - Plus", "a~@e~.test - Plus", "Plus")
    assert one_line(ADA, ASCII) == "a~@e~.test - Plus"


def test_a_line_shows_no_whole_address_and_no_whole_key() -> None:
    assert one_line(ADA, UNICODE) == "a…@e….test · Plus"
    assert one_line(KEY, UNICODE) == "API key sk-proj-***abcde"
    assert one_line(Account(), UNICODE) == "no account"


def test_the_place_of_a_login_is_a_kind_and_a_path() -> None:
    stored = replace(ADA, storage=StoragePlace.FILE, place="/home/ada/.codex/auth.json")
    assert place_words(stored) == "a file: /home/ada/.codex/auth.json"
    assert place_words(replace(ADA, storage=StoragePlace.MEMORY)) == "memory, for this run only"
    entry = replace(ADA, storage=StoragePlace.KEYRING, place="keyring, foredeck, cli|0123")
    assert place_words(entry) == "the keyring: foredeck, cli|0123"
    assert place_words(ADA) == "nowhere"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shared_with_codex": True}, "yes, Codex uses the same login"),
        ({"shared_with_codex": True, "is_read_only": True}, "yes, read only"),
        ({"is_read_only": True}, "no, Codex has its own login"),
        ({}, "no, Codex has its own login"),
        ({"storage": StoragePlace.ENVIRONMENT}, "no, the login is that of this environment"),
    ],
    ids=["shared", "read only", "read only, of another place", "own", "environment"],
)
def test_it_is_said_what_codex_has_to_do_with_it(changes: dict[str, object], words: str) -> None:
    assert sharing_words(replace(ADA, **changes)).startswith(words)


@pytest.mark.parametrize(
    ("seconds", "past", "future"),
    [
        (0.0, "just now", "in 1 min"),
        (59.0, "just now", "in 1 min"),
        (60.0, "1 min ago", "in 1 min"),
        (7_199.0, "1 h ago", "in 1 h"),
        (90_000.0, "1 d ago", "in 1 d"),
    ],
)
def test_times_are_told_by_their_largest_unit(seconds: float, past: str, future: str) -> None:
    assert (since(seconds), until(seconds)) == (past, future)


def test_what_has_ended_is_over() -> None:
    assert until(-1.0) == "over"
