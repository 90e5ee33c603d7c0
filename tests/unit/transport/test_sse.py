import tracemalloc

import pytest

from services.errors import BadPayloadError
from services.transport.sse import EventParser


def test_a_large_event_in_small_pieces_is_not_copied_again_and_again() -> None:
    parser = EventParser()
    parser.feed(b"data: ")
    piece = b"x" * 1000
    tracemalloc.start()
    for _ in range(5000):
        assert parser.feed(piece) == []
    (event,) = parser.feed(b"\n\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(event) == 5_000_000
    assert peak < 30_000_000


def test_an_event_without_end_is_refused_at_its_limit() -> None:
    parser = EventParser(event_limit=100)
    parser.feed(b"data: " + b"x" * 90)
    with pytest.raises(BadPayloadError):
        parser.feed(b"x" * 10)


def test_a_whole_event_beyond_the_limit_is_refused_also_in_one_piece() -> None:
    with pytest.raises(BadPayloadError):
        EventParser(event_limit=100).feed(b"data: " + b"x" * 101 + b"\n\n")


def test_comments_without_end_are_refused_too() -> None:
    parser = EventParser(event_limit=100)
    for _ in range(33):
        parser.feed(b": x")
    with pytest.raises(BadPayloadError):
        parser.feed(b": x")


def test_a_stream_without_end_is_refused_at_its_limit() -> None:
    parser = EventParser(stream_limit=1000)
    for _ in range(100):
        parser.feed(b"data: xx\n\n")
    with pytest.raises(BadPayloadError, match="The answer is larger"):
        parser.feed(b"data: xx\n\n")


def test_the_line_separator_of_unicode_ends_no_line() -> None:
    assert EventParser().feed("data: a\u2028b\x85c\n\n".encode()) == ["a\u2028b\x85c"]


def test_an_event_that_only_lacks_its_blank_line_counts_at_the_end() -> None:
    parser = EventParser()
    assert parser.feed(b"data: [DONE]") == []
    assert parser.flush() == ["[DONE]"]
    assert parser.flush() == []
