"""How long a key takes to be seen, while nothing happens and while text arrives."""

from benchmarks.figures import Budget, Kind, Row, counted, percentile
from benchmarks.measures.stream import RATE, STREAM_SIZE, start_turn
from benchmarks.programs import Bench
from benchmarks.typing_keys import type_keys

KEYS = 150


def keys(bench: Bench) -> list[Row]:
    """Key to echo: the app beside the empty app, and in a stream beside itself."""
    size = STREAM_SIZE // 4 if bench.is_quick else STREAM_SIZE
    count = KEYS // 3 if bench.is_quick else KEYS
    empty: list[list[float]] = []
    still: list[list[float]] = []
    busy: list[list[float]] = []
    for run in range(bench.runs + 1):
        number = count if run else 10
        with bench.ready("empty_app") as terminal:
            empty.append(type_keys(terminal, number))
        with bench.ready("app") as terminal:
            still.append(type_keys(terminal, number))
            is_streaming = start_turn(bench, terminal, size if run else size // 8, RATE)
            busy.append(type_keys(terminal, 10_000, while_true=is_streaming))
    rows: list[Row] = []
    for share, words, limit in ((0.5, "p50", 1.3), (0.99, "p99", 1.5)):
        rows.append(
            _row(
                f"key to echo, {words}",
                still,
                empty,
                "empty app",
                share,
                Budget(limit=limit, beyond=1.0),
            )
        )
    for share, words, budget in (
        (0.5, "p50", Budget(limit=2.0)),
        (0.99, "p99", Budget(limit=3.0, beyond=33.0, beyond_is_plain=True)),
    ):
        name = f"key to echo in a stream, {words}"
        rows.append(_row(name, busy, still, "itself idle", share, budget))
    return rows


def _row(
    name: str,
    figures: list[list[float]],
    references: list[list[float]],
    reference_name: str,
    share: float,
    budget: Budget,
) -> Row:
    return Row(
        name=name,
        unit="ms",
        kind=Kind.RATIO,
        budget=budget,
        values=counted([percentile(run, share) for run in figures]),
        references=counted([percentile(run, share) for run in references]),
        reference_name=reference_name,
        digits=1,
    )
