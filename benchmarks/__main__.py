"""`python -m benchmarks`: measures against the budgets; exits 1 where one is missed."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.figures import Row, Verdict
from benchmarks.measures.commands import status_line, version
from benchmarks.measures.keys import keys
from benchmarks.measures.limits_shown import limits_shown
from benchmarks.measures.limits_store import limits_store
from benchmarks.measures.saved import saved
from benchmarks.measures.startup import idle, start
from benchmarks.measures.stream import flood, stream
from benchmarks.measures.turns import turns
from benchmarks.programs import Bench, take_places
from benchmarks.report import as_json, table
from benchmarks.server import Server

MEASURES: Mapping[str, Callable[[Bench], list[Row]]] = {
    "version": version,
    "status_line": status_line,
    "start": start,
    "idle": idle,
    "keys": keys,
    "stream": stream,
    "flood": flood,
    "saved": saved,
    "limits_store": limits_store,
    "limits_shown": limits_shown,
    "turns": turns,
}
RUNS, QUICK_RUNS = 3, 1


def main() -> int:
    """Measure, print, and say by the exit code whether all budgets were kept."""
    arguments = _parse()
    take_places()
    began = time.monotonic()
    rows: list[Row] = []
    has_failed = False
    with Server() as server:
        bench = Bench(server=server, runs=arguments.runs, is_quick=arguments.quick)
        for name in arguments.only or MEASURES:
            print(f"{time.monotonic() - began:4.0f} s  {name}", file=sys.stderr, flush=True)
            try:
                rows += MEASURES[name](bench)
            except TimeoutError as error:
                has_failed = True
                print(f"{name} was not measured: {str(error)[-1500:]}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(as_json(rows), indent=1))
    else:
        load = Path("/proc/loadavg").read_text("utf-8").split()[0]
        print(table(rows))
        print(
            f"\n{arguments.runs} runs counted, one before them not; {os.cpu_count()} processors, "
            f"load {load}; {time.monotonic() - began:.0f} s."
        )
    return int(has_failed or any(row.verdict is Verdict.MISSED for row in rows))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=MEASURES, metavar="NAME", help=", ".join(MEASURES)
    )
    parser.add_argument("--quick", action="store_true", help="less of everything; rough figures")
    parser.add_argument("--runs", type=int, metavar="N", help="counted runs (3, quick 1)")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    arguments = parser.parse_args()
    if arguments.runs is None:
        arguments.runs = QUICK_RUNS if arguments.quick else RUNS
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
