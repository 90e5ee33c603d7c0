"""`foredeck doctor`: what could stand in the way, and what helps."""

import logging
import shutil
import textwrap
from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from app.cli.output import EXIT_FAILED, EXIT_OK, Output
from app.settings import Settings

if TYPE_CHECKING:
    from app.doctor.finding import Finding

WORDS: Final = {"ok": "ok", "warning": "warn", "failed": "FAIL", "skipped": "skip"}
NARROWEST: Final = 20
"""Columns into which sentences are folded at least."""


def add_parser(subparsers: Any) -> None:
    """Add `doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help="check what could stand in the way",
        description="Check terminal, clipboard, configuration, login, network and servers, and\n"
        "say what helps. No credentials are sent, no secret is printed, nothing stays changed.",
        epilog="examples:\n  foredeck doctor\n  foredeck doctor --json | jq "
        "'.checks[] | select(.state == \"failed\")'",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--offline", action="store_true", help="ask no server")


async def run(settings: Settings, arguments: Namespace, output: Output) -> int:
    """Look at everything and print it.

    Returns:
        0, or 1 where something failed.
    """
    from app.doctor.accounts import surroundings
    from app.doctor.examination import examine

    # There is no log: its folder would be made, which is one of the things that are looked at.
    logging.getLogger().addHandler(logging.NullHandler())
    findings = await examine(surroundings(settings, is_offline=arguments.offline))
    if output.is_json:
        output.document(document(findings))
    else:
        columns = shutil.get_terminal_size().columns if output.is_terminal else None
        output.write(report(findings, columns))
    return EXIT_FAILED if any(each.state == "failed" for each in findings) else EXIT_OK


def document(findings: "list[Finding]") -> dict[str, Any]:
    """Findings as scripts read them. The keys: docs/cli.md."""
    counts = Counter(each.state for each in findings)
    return {
        "is_ok": not counts["failed"],
        "failed": counts["failed"],
        "warnings": counts["warning"],
        "checks": [{**asdict(each), "next_step": each.next_step or None} for each in findings],
    }


def report(findings: "list[Finding]", columns: int | None = None) -> str:
    """Findings as people read them: a line each, below it what helps, and the sum of all.

    Args:
        findings: In the order in which they are told.
        columns: Of the terminal, where lines that are longer go on below; None for long lines.
    """
    indent = max(len(each.title) for each in findings) + 8
    lines: list[str] = []
    for each in findings:
        head = f"{WORDS[each.state]:<6}{each.title}"
        lines += _folded(head, each.found, indent, columns)
        if each.next_step:
            lines += _folded("", f"-> {each.next_step}", indent, columns)
    counts = Counter(each.state for each in findings)
    said = ", ".join(
        f"{counts[state]} {word}"
        for state, word in (
            ("ok", "ok"),
            ("warning", "with a warning"),
            ("failed", "failed"),
            ("skipped", "skipped"),
        )
        if counts[state]
    )
    lines += ["", f"{len(findings)} checks: {said}"]
    return "".join(f"{line}\n" for line in lines)


def _folded(head: str, text: str, indent: int, columns: int | None) -> list[str]:
    if columns is None:
        return [f"{head:<{indent}}{text}"]
    folded = textwrap.wrap(
        text,
        max(NARROWEST, columns - indent),
        break_long_words=False,
        break_on_hyphens=False,
    )
    heads = [head, *([""] * len(folded))]
    return [f"{start:<{indent}}{line}" for start, line in zip(heads, folded, strict=False)]
