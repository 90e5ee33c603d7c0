"""The table that `make bench` prints, and its JSON."""

from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Kind, Row, spread

HEAD = ("what", "min / median / max", "reference", "result", "budget", "beyond", "")


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, which reads well in a terminal too."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as plain values."""
    return [
        {
            "name": row.name,
            "unit": row.unit,
            "kind": row.kind,
            "values": row.values,
            "references": row.references,
            "results": row.results,
            "limit": row.budget.limit,
            "beyond": row.budget.beyond,
            "verdict": row.verdict,
        }
        for row in rows
    ]


def _cells(row: Row) -> tuple[str, ...]:
    figures, result = spread(row.values), spread(row.results)
    reference = ""
    if row.references:
        reference = f"{spread(row.references).median:.{row.digits}f} ({row.reference_name})"
    beyond = row.budget.beyond
    beyond_kind = Kind.PLAIN if row.budget.beyond_is_plain else row.kind
    return (
        row.name,
        " / ".join(f"{each:.{row.digits}f}" for each in (figures.low, figures.median, figures.high))
        + f" {row.unit}",
        reference,
        _amount(result.median, row, row.kind),
        "≤ " + _amount(row.budget.limit, row, row.kind),
        "" if beyond is None else "≤ " + _amount(beyond, row, beyond_kind),
        row.verdict,
    )


def _amount(value: float, row: Row, kind: Kind) -> str:
    match kind:
        case Kind.RATIO:
            return f"{value:.2f} ×"
        case Kind.EXTRA:
            return f"{value:+.{row.digits}f} {row.unit}"
        case Kind.PLAIN:
            return f"{value:.{row.digits}f} {row.unit}"
