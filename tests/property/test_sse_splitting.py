from itertools import pairwise

import httpx
import httpx_sse
from hypothesis import given
from hypothesis import strategies as st

from services.transport.sse import EventParser

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12)
FIELDS = st.one_of(
    LINE.map(lambda text: f"data: {text}"),
    LINE.map(lambda text: f"data:{text}"),
    LINE.map(lambda text: f": {text}"),
    st.sampled_from(["event: x", "id: 7", "retry: 5", "data", "nonsense"]),
)
EVENTS = st.lists(st.lists(FIELDS, max_size=4), max_size=6)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def written(events: list[list[str]], end: str) -> bytes:
    return "".join(end.join([*lines, "", ""]) for lines in events).encode()


def told(events: list[list[str]]) -> list[str]:
    """What the events say, by the letter of the format."""
    found: list[str] = []
    for lines in events:
        values = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
        if text := "\n".join(values):
            found.append(text)
    return found


def parsed(pieces: list[bytes]) -> list[str]:
    parser = EventParser()
    events = [data for piece in pieces for data in parser.feed(piece)]
    return events + parser.flush()


@given(events=EVENTS, end=ENDS, cuts=st.lists(st.integers(0, 400), max_size=12))
def test_cuts_at_any_byte_give_the_same_events(
    events: list[list[str]], end: str, cuts: list[int]
) -> None:
    body = written(events, end)
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    pieces = [body[start:stop] for start, stop in pairwise(places)]
    assert parsed(pieces) == told(events)


@given(events=EVENTS, end=ENDS, mark=st.booleans())
def test_one_byte_pieces_give_the_same_events(
    events: list[list[str]], end: str, mark: bool
) -> None:
    body = (b"\xef\xbb\xbf" if mark else b"") + written(events, end)
    assert parsed([body[place : place + 1] for place in range(len(body))]) == told(events)


@given(body=st.binary(max_size=300), cut=st.integers(0, 300))
def test_no_bytes_break_it_and_no_cut_changes_what_it_says(body: bytes, cut: int) -> None:
    assert parsed([body[:cut], body[cut:]]) == parsed([body])


@given(events=EVENTS, end=st.sampled_from(["\n", "\r\n"]))
def test_a_second_parser_reads_the_same(events: list[list[str]], end: str) -> None:
    """httpx-sse, but for what differs: it repeats after an `id`, and counts a bare `data`."""
    odd = ("id", "data")
    events = [[line for line in lines if line.partition(":")[0] not in odd or line[:5] == "data:"]
              for lines in events]  # fmt: skip
    body = written(events, end)
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    others = [event.data for event in httpx_sse.EventSource(answer).iter_sse() if event.data]
    assert parsed([body]) == others
