"""Each kind of item: what it says, and that it fits any width."""

import pytest

from services.models.chat import (
    CallStatus,
    ErrorCard,
    Item,
    Notice,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from services.models.failure import Failure, FailureKind
from tests.widgets.transcript.inks import plain_ink
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.transcript.answer import make_block
from widgets.transcript.blocks import Block
from widgets.transcript.colours import Colours

INK = plain_ink()
FAILURE = Failure(
    kind=FailureKind.REFUSED,
    message="the server is overloaded",
    next_step="try again in a minute",
    status=503,
    request_id="req_1",
)
TABLE = "| name | n |\n|---|---:|\n| 漢字 | 1 |\n| e\u0301 👍🏽 | 22 |"
CASES: list[tuple[Item, list[str]]] = [
    (UserMessage(id="i", turn_id="t", text="two\n  lines", at=0), ["▎ two", "▎   lines"]),
    (Reply(id="i", turn_id="t", text=TABLE),
     ["name    n", "─────────", "漢字    1", "e\u0301 👍🏽   22"]),
    (Reply(id="i", turn_id="t", text="~~no~~ [^1]\n\n[^1]: note"), ["no [^1]", "", "[^1]: note"]),
    (Reply(id="i", turn_id="t", text="- [x] a\n- [ ] b\n  1. c\n\n<b>raw</b> [/x]"),
     ["☑ a", "☐ b", "  1. c", "", "<b>raw</b> [/x]"]),
    (Reply(id="i", turn_id="t", text="> quoted\n\n---"), ["▎ quoted", "", "─" * 60]),
    (Reply(id="i", turn_id="t", refusal="I cannot help"), ["declined  I cannot help"]),
    (Reply(id="i", turn_id="t", text="half", is_partial=True), ["half", "unfinished"]),
    (Reasoning(id="i", turn_id="t", summary="s", seconds=75), ["▸ thought for 1 min 15 s"]),
    (ToolCall(id="i", turn_id="t", call_id="c", name="shell", arguments="ls -l", words="ls -l",
              output="x", exit_code=2, status=CallStatus.FAILED, seconds=0.8),
     ["▸ ls -l · exit 2 · 0.8 s"]),
    (ToolCall(id="i", turn_id="t", call_id="c", name="read", arguments='{"path": "[/x]"}',
              words="read(path: [/x])"), ["▸ read(path: [/x]) · running"]),
    (WebSearch(id="i", turn_id="t", queries=("a", "b"), pages=("http://a", "http://b"),
               status=CallStatus.DONE), ["▸ searched the web · 2 pages"]),
    (UnknownItem(id="i", turn_id="t", type="new_thing", raw="{}"),
     ["▸ unsupported item: new_thing"]),
    (Notice(id="i", turn_id="t", text="connection lost"), ["connection lost"]),
    (ErrorCard(id="i", turn_id="t", failure=FAILURE),
     ["▎ ✗ the server is overloaded", "▎ Next: try again in a minute", "▎",
      "▎ r retry   e edit message   y copy details    request req_1"]),
]  # fmt: skip


def parts_of(item: Item) -> list[Block]:
    first = make_block(item, is_open=False, colours=Colours(), max_width=0)
    return [first, *first.more_parts()]


def shown(item: Item, width: int, glyphs: Glyphs, *, is_expanded: bool = False) -> list[str]:
    rows: list[str] = []
    parts = parts_of(item)
    for number, part in enumerate(parts):
        part.is_expanded = is_expanded
        gap = part.gap_after(parts[number - 1]) if number else 0
        rows += [""] * gap
        for line in part.lines(width, INK, glyphs):
            assert line.strip.cell_length == width
            rows.append(line.strip.text.rstrip())
    return rows


@pytest.mark.parametrize(("item", "rows"), CASES)
def test_an_item_says_what_it_is(item: Item, rows: list[str]) -> None:
    assert shown(item, 60, UNICODE) == rows


@pytest.mark.parametrize("item", [item for item, _ in CASES])
def test_an_item_fits_every_width_folded_and_open(item: Item) -> None:
    for width in range(1, 201):
        for glyphs in (UNICODE, ASCII):
            assert shown(item, width, glyphs)
            assert shown(item, width, glyphs, is_expanded=True)


def test_with_ascii_marks_nothing_of_ours_is_more_than_ascii() -> None:
    for item, _ in CASES:
        if "漢" in getattr(item, "text", ""):
            continue
        for row in shown(item, 60, ASCII, is_expanded=True):
            assert row.isascii(), row


def test_a_narrow_table_stacks_and_a_wide_one_wraps_inside_its_columns() -> None:
    table = "| first | second | third |\n|-|-|-|\n| some long words here | b | c |"
    item = Reply(id="i", turn_id="t", text=table)
    assert shown(item, 20, UNICODE) == ["first: some long", "words here", "second: b", "third: c"]
    assert shown(item, 30, UNICODE)[2:] == ["some long       b        c", "words here"]


def test_an_opened_call_shows_its_output_up_to_a_cap() -> None:
    call = ToolCall(id="i", turn_id="t", call_id="c", name="shell", arguments="seq 1000",
                    words="seq 1000",
                    output="\n".join(map(str, range(1000))), exit_code=0)  # fmt: skip
    rows = shown(call, 60, UNICODE, is_expanded=True)
    assert rows[1].strip() == "0"
    assert len(rows) == 202
    assert "800 more lines" in rows[-1]
