"""The search of palette and pickers."""

import time

from hypothesis import given
from hypothesis import strategies as st

from app.palette import Entry, score, search


def entry(title: str, group: str = "DO", detail: str = "") -> Entry:
    return Entry(key=title, title=title, group=group, detail=detail)


def titles(query: str, *entries: Entry) -> list[str]:
    return [found.title for found, _ in search(query, entries)]


def value(query: str, text: str) -> float:
    found = score(query, text)
    assert found is not None
    return found[0]


def places(query: str, text: str) -> tuple[int, ...]:
    found = score(query, text)
    assert found is not None
    return found[1]


def test_letters_that_are_not_there_in_their_order_do_not_match() -> None:
    assert score("xyz", "new chat") is None
    assert score("wen", "new chat") is None


def test_a_run_at_a_word_start_is_what_is_marked() -> None:
    assert places("cha", "each new chat") == (9, 10, 11)


def test_letters_apart_are_taken_from_word_starts_where_they_can() -> None:
    assert places("pm", "stop, pick a model") == (6, 13)


def test_words_of_the_query_may_come_in_any_order() -> None:
    assert places("chat new", "New chat") == (0, 1, 2, 4, 5, 6, 7)


def test_case_does_not_matter_and_offsets_hold_for_letters_that_grow() -> None:
    assert places("TAIL", "İ detail") == (4, 5, 6, 7)


def test_word_starts_rank_above_runs_inside_words_above_letters_apart() -> None:
    assert value("mod", "pick a model") > value("mod", "accommodate") > value("mod", "my old id")


def test_of_two_equal_matches_the_shorter_text_ranks_higher() -> None:
    assert value("new", "new chat") > value("new", "new chat with a long name")


def test_without_a_query_all_entries_keep_their_order_within_groups() -> None:
    assert titles("", entry("b", "X"), entry("c", "Y"), entry("a", "X")) == ["b", "a", "c"]


def test_the_best_answer_comes_first_and_its_group_with_it() -> None:
    found = titles(
        "fork", entry("find old rock"), entry("fork chat", "CHAT"), entry("unfork", "CHAT")
    )
    assert found == ["fork chat", "unfork", "find old rock"]


def test_what_stands_only_in_the_detail_is_found_last_and_marks_nothing() -> None:
    found = search("azure", [entry("gpt", detail="azure"), entry("azure mini")])
    assert [(e.title, marked) for e, marked in found] == [
        ("azure mini", (0, 1, 2, 3, 4)),
        ("gpt", ()),
    ]


@given(st.text(max_size=6), st.text(max_size=40))
def test_offsets_are_ascending_and_lie_in_the_text(query: str, text: str) -> None:
    found = score(query, text)
    if found is not None:
        marked = found[1]
        assert list(marked) == sorted(set(marked))
        assert all(0 <= place < len(text) for place in marked)


@given(st.text(alphabet="ab cD-", max_size=20), st.data())
def test_every_subsequence_of_a_text_is_found(text: str, data: st.DataObject) -> None:
    query = "".join(letter for letter in text if letter != " " and data.draw(st.booleans()))
    found = score(query, text)
    assert found is not None
    assert "".join(text[place] for place in found[1]).lower() == query.lower()


def test_two_thousand_entries_take_a_frame_at_most() -> None:
    entries = [
        entry(f"Explain how the {word} works in part {n}", f"G{n % 5}", "3m")
        for n in range(500)
        for word in ("parser", "scheduler", "migration tool", "login page")
    ]

    def seconds(query: str) -> float:
        began = time.perf_counter()
        search(query, entries)
        return time.perf_counter() - began

    for query in ("e", "mig", "pt4", "sched 12"):
        # The best of several runs: other programs of the machine take their share.
        assert min(seconds(query) for _ in range(5)) < 0.030, query
