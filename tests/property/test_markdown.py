"""Markdown that grows ends as the whole text would, at every width, and copies as it was."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.models.chat import Reply
from tests.widgets.transcript.inks import plain_ink
from widgets.glyphs import ASCII, UNICODE
from widgets.transcript.answer import Answer
from widgets.transcript.colours import Colours
from widgets.transcript.lines import Line
from widgets.transcript.wrap import wrap

INK = plain_ink()
PIECES = [
    "word", "two words", "**bold**", "*it*", "`code`", "~~no~~", "[a](http://b.c/d)", "[ref]",
    "[ref]: http://x.y\n", "[ref]: http://other\n\"title\"\n", "[^1]", "[^1]: note\n", "<b>",
    "[/x]",
    "[@click=app.bell]", "\\*", "&amp;", "![i](u)", "http://a.b/c?d=e", "\n", "\n\n", "\n\n\n",
    "- ", "* ", "+ ", "1. ", "2) ", "  - ", "    ", "   ", "\t", "- [ ] ", "- [x] ", "> ", ">> ",
    "# ", "## ", "###### ", "\n---\n", "\n===\n", "\n***\n", "```\n", "```python\n", "\n```\n",
    "~~~\n", "\n~~~\n", "  ```\n", "````\n", "\n````\n", "- ```\n  x\n  ```\n", "|a|b|\n|-|-:|\n",
    "|1|22|\n", "| 漢字 | x |\n", "|", "<div>\n", "</div>\n\n", "<!-- c\n", "-->", "漢字かな",
    "e\u0301", "👩‍👩‍👧", "❤️", "👍🏽", "🇩🇪", "\u200b", "\u200d", "\ufe0f", " ", "  ", "\r\n", "\r",
    "a" * 130, "\\\n", "  \n", "def f():\n\treturn 1\n",
]  # fmt: skip
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


def lines_of(answer: Answer, width: int) -> list[list[Line]]:
    answer.split()
    return [list(part.lines(width, INK, UNICODE)) for part in answer.parts]


def answer_of(text: str = "", *, is_open: bool = True) -> Answer:
    item = Reply(id="r", turn_id="t", text=text)
    return Answer(item, is_open=is_open, max_width=0, colours=Colours())


def shown(lines: Sequence[Sequence[Line]]) -> list[list[tuple[object, ...]]]:
    return [
        [(line.text, line.rail, line.join, list(line.strip)) for line in part] for part in lines
    ]


@settings(max_examples=400, deadline=None)
@given(MARKDOWN, st.integers(0, 1 << 30), st.integers(1, 100))
def test_text_in_any_pieces_ends_as_the_whole_text(text: str, seed: int, width: int) -> None:
    chance = random.Random(seed)
    growing = answer_of()
    place = 0
    while place < len(text):
        step = chance.choice([1, 1, 2, 3, 7, 20])
        growing.append("text", text[place : place + step])
        place += step
        if chance.random() < 0.7:
            lines_of(growing, width)
    growing.take(Reply(id="r", turn_id="t", text=text), is_open=False)
    whole = answer_of(text, is_open=False)

    assert shown(lines_of(growing, width)) == shown(lines_of(whole, width))
    assert [part.source() for part in growing.parts] == [part.source() for part in whole.parts]


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, st.integers(1, 200), st.booleans())
def test_every_line_is_exactly_as_wide_as_asked_for(text: str, width: int, is_open: bool) -> None:
    answer = answer_of(text, is_open=is_open)

    widths = {line.strip.cell_length for part in lines_of(answer, width) for line in part}

    assert widths <= {width}


@settings(max_examples=200, deadline=None)
@given(MARKDOWN, st.integers(20, 200))
def test_code_reads_back_exactly_from_its_lines(code: str, width: int) -> None:
    code = code.replace("`", "").replace("\r", "")
    answer = answer_of(f"```\n{code}\n```", is_open=False)

    (part,) = lines_of(answer, width)

    said = "".join(line.text + line.join for line in part)
    assert said.removesuffix("\n") == code
    assert answer.parts[0].source() == code


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab \t\n漢e\u0301👍🏽❤️\u200d", max_size=60), st.integers(1, 40))
def test_wrapped_text_reads_back_exactly(text: str, width: int) -> None:
    rows = wrap([(text[:10], INK.text), (text[10:], INK.strong)], width)

    assert "".join(row.text + row.join for row in rows).removesuffix("\n") == text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.integers(1, 120))
def test_any_text_at_all_is_shown_at_any_width(text: str, width: int) -> None:
    answer = answer_of(text, is_open=False)
    answer.split()

    lines = [line for part in answer.parts for line in part.lines(width, INK, ASCII)]

    assert all(line.strip.cell_length == width for line in lines)
