import pytest

from benchmarks.figures import Budget, Kind, Row, Verdict, counted, percentile, spread
from benchmarks.material import answer, markdown, plain_turn
from benchmarks.report import as_json, table
from benchmarks.typing_keys import LETTERS


def row(
    kind: Kind, values: tuple[float, ...], references: tuple[float, ...], budget: Budget
) -> Row:
    return Row(
        name="stream",
        unit="s",
        kind=kind,
        budget=budget,
        values=values,
        references=references,
        reference_name="floor",
    )


def test_a_spread_is_smallest_median_and_largest() -> None:
    found = spread([3.0, 1.0, 2.0, 9.0])
    assert (found.low, found.median, found.high) == (1.0, 2.5, 9.0)


def test_a_spread_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no figures"):
        spread([])


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1, 100)])
def test_a_percentile_is_a_figure_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_a_percentile_of_one_figure_is_that_figure() -> None:
    assert percentile([7.0], 0.99) == 7.0


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no figures"):
        percentile([], 0.5)


def test_the_first_run_does_not_count_unless_it_is_the_only_one() -> None:
    assert counted([9.0, 1.0, 2.0]) == (1.0, 2.0)
    assert counted([9.0]) == (9.0,)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.RATIO, (2.0, 1.5)), (Kind.EXTRA, (1.0, 2.0)), (Kind.PLAIN, (2.0, 6.0))],
)
def test_each_run_is_held_against_the_reference_beside_it(
    kind: Kind, expected: tuple[float, ...]
) -> None:
    assert row(kind, (2.0, 6.0), (1.0, 4.0), Budget(limit=1.0)).results == expected


def test_a_reference_of_nothing_makes_the_ratio_endless() -> None:
    missed = row(Kind.RATIO, (1.0,), (0.0,), Budget(limit=2.0))
    assert missed.verdict is Verdict.MISSED


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(1.5, Verdict.BEYOND), (1.6, Verdict.MET), (2.0, Verdict.MET), (2.1, Verdict.MISSED)],
)
def test_a_verdict_counts_the_budget_itself_as_kept(value: float, verdict: Verdict) -> None:
    assert row(Kind.RATIO, (value,), (1.0,), Budget(limit=2.0, beyond=1.5)).verdict is verdict


def test_a_verdict_is_by_the_median_so_that_one_bad_run_does_not_miss() -> None:
    runs = row(Kind.RATIO, (1.0, 1.1, 9.0), (1.0, 1.0, 1.0), Budget(limit=1.2))
    assert runs.verdict is Verdict.MET


def test_beyond_may_be_held_against_the_figure_itself() -> None:
    budget = Budget(limit=3.0, beyond=33.0, beyond_is_plain=True)
    assert row(Kind.RATIO, (30.0,), (12.0,), budget).verdict is Verdict.BEYOND
    assert row(Kind.RATIO, (35.0,), (12.0,), budget).verdict is Verdict.MET


def test_the_table_shows_figures_reference_budget_and_verdict() -> None:
    shown = table([row(Kind.RATIO, (1.0, 2.0, 5.0), (1.0, 1.0, 1.0), Budget(limit=1.5))])
    head, rule, line = shown.splitlines()
    assert len(head) == len(rule) == len(line)
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        "stream",
        "1.00 / 2.00 / 5.00 s",
        "1.00 (floor)",
        "2.00 ×",
        "≤ 1.50 ×",
        "",
        "MISSED",
    ]


def test_the_table_shows_a_beyond_in_the_unit_it_is_held_against() -> None:
    budget = Budget(limit=3.0, beyond=0.5, beyond_is_plain=True)
    assert "≤ 0.50 s" in table([row(Kind.RATIO, (1.0,), (1.0,), budget)])


def test_json_has_every_run() -> None:
    (value,) = as_json([row(Kind.RATIO, (1.0, 2.0), (1.0, 1.0), Budget(limit=2.0, beyond=1.0))])
    assert value["results"] == (1.0, 2.0)
    assert value["verdict"] == "met"


@pytest.mark.parametrize("size", [1_000, 30_000])
def test_streamed_markdown_has_its_size_and_leaves_no_fence_open(size: int) -> None:
    text = markdown(size)
    assert size * 0.9 <= len(text) <= size + 2_000
    assert text.count("```") % 2 == 0
    assert text == markdown(size)


def test_letters_that_are_typed_are_in_no_text_that_is_streamed() -> None:
    assert len(set(LETTERS)) == len(LETTERS)
    assert not set(LETTERS) & set(markdown(30_000) + plain_turn(1_000))


def test_the_marker_is_alone_in_the_last_delta_and_in_the_finished_text() -> None:
    steps = answer("# One\n\ntwo", "Ende", rate=0, mark="last")
    at = steps.index({"mark": "last"})
    assert steps[at - 1]["send"]["delta"] == "\n\nEnde"
    joined = "".join(event["delta"] for event in steps[1]["burst"])
    assert joined == "# One\n\ntwo"
    finished = steps[at + 1]["burst"]
    assert finished[0]["text"] == "# One\n\ntwo\n\nEnde"
    assert finished[-1]["type"] == "response.completed"
