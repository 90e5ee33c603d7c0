"""What may not change while an answer grows, and what is never done for what is not seen."""

from services.models.chat import Reply
from tests.widgets.transcript.inks import plain_ink
from widgets.glyphs import UNICODE
from widgets.transcript.answer import Answer
from widgets.transcript.colours import Colours, coloured
from widgets.transcript.splitting import LONG_LIST, MAX_PART

INK = plain_ink()


def answer_of(text: str = "", *, is_open: bool = True, colours: Colours | None = None) -> Answer:
    item = Reply(id="r", turn_id="t", text=text)
    return Answer(item, is_open=is_open, max_width=0, colours=colours or Colours())


def said(answer: Answer, width: int = 60) -> list[str]:
    answer.split()
    return [line.text for part in answer.parts for line in part.lines(width, INK, UNICODE)]


def test_columns_of_a_table_stay_once_rows_came() -> None:
    answer = answer_of(
        "| name | what |\n|---|---|\n| a | b |\n| aaaaa | b |\n| c | d |\n| e | f |\n"
    )
    head = said(answer)[0]
    answer.append("text", "| a much wider cell | and another |\n")
    assert said(answer)[0] == head


def test_finished_parts_keep_their_lines_while_the_end_grows() -> None:
    answer = answer_of("# Head\n\nfirst\n\n- a\n- b\n\nlast")
    answer.split()
    before = [part.lines(60, INK, UNICODE) for part in answer.parts[:2]]
    answer.append("text", " words\n\nmore")
    answer.split()
    after = [part.lines(60, INK, UNICODE) for part in answer.parts[:2]]
    assert all(a is b for a, b in zip(before, after, strict=True))


def test_lines_of_open_code_are_made_once() -> None:
    answer = answer_of("```sh\none\ntwo\nthr")
    answer.split()
    (part,) = answer.parts
    first = part.lines(60, INK, UNICODE)[0]
    answer.append("text", "ee\nfour\n```\n")
    answer.split()
    lines = part.lines(60, INK, UNICODE)
    assert lines[0] is first
    assert [line.text for line in lines] == ["one", "two", "three", "four"]


def test_only_lines_that_are_looked_at_are_made_of_long_code() -> None:
    code = "\n".join(f"line {n}" for n in range(10_000))
    answer = answer_of(f"```\n{code}\n```", is_open=False)
    answer.split()
    lines = answer.parts[0].lines(60, INK, UNICODE)
    assert len(lines) == 10_000
    assert lines[9_000].text == "line 9000"
    assert lines[9_000] is lines[9_000]


def test_code_asks_for_colours_when_it_is_closed_and_takes_them() -> None:
    colours = Colours()
    answer = answer_of("```python\ndef f(): pass\n", colours=colours)
    said(answer)
    assert colours.take_wanted() is None
    answer.append("text", "```\n")
    said(answer)
    wanted = colours.take_wanted()
    code = ("def f(): pass", "python")
    assert wanted == code
    colours.learn(code, coloured(code))
    answer.parts[0].forget_colours(code[0])
    (line,) = answer.parts[0].lines(60, INK, UNICODE)
    styles = {segment.text: segment.style for segment in line.strip}
    assert styles["def"] == INK.keyword
    assert line.text == "def f(): pass"


def test_unknown_languages_and_huge_lines_are_left_plain() -> None:
    assert coloured(("x = 1", "no such language")) is None
    assert coloured(("x" * 5_000, "python")) is None


def test_a_long_list_is_cut_between_items_and_reads_as_one() -> None:
    items = [f"{n + 1}. item number {n + 1}" for n in range(400)]
    answer = answer_of("\n".join(items), is_open=False)
    answer.split()
    assert len(answer.parts) > len("\n".join(items)) // (2 * LONG_LIST)
    assert all(part.gap_after(answer.parts[n]) == 0 for n, part in enumerate(answer.parts[1:]))
    assert [text.strip() for text in said(answer)] == items


def test_a_block_without_end_is_shown_as_text_and_loses_nothing() -> None:
    text = "[" * 20_000 + "word " * 3_000
    answer = answer_of(text, is_open=False)
    rows = said(answer, 80)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert max(len(part.source()) for part in answer.parts) <= MAX_PART


def test_empty_deltas_change_nothing() -> None:
    answer = answer_of("so")
    said(answer)
    before = answer.parts[0].lines(60, INK, UNICODE)
    for _ in range(5_000):
        answer.append("text", "")
        answer.split()
    assert answer.parts[0].lines(60, INK, UNICODE) is before


def test_line_ends_of_other_systems_may_be_cut_anywhere() -> None:
    answer = answer_of()
    for delta in ("one\r", "\n\r\n", "two\r", "three"):
        answer.append("text", delta)
    assert said(answer) == ["one", "two three"]
