"""What a streamed answer costs, and how late its last word is."""

from collections.abc import Callable

from benchmarks.figures import Budget, Kind, Row, counted
from benchmarks.material import answer, markdown
from benchmarks.programs import STILL, Bench, send_and_wait
from benchmarks.terminal import Terminal

STREAM_SIZE, FLOOD_SIZE = 30_000, 100_000
RATE = 1000.0
MARKER = "Zwölfzwei"


def stream(bench: Bench) -> list[Row]:
    """30 KB, 4 characters a delta, 1,000 deltas a second."""
    size = STREAM_SIZE // 4 if bench.is_quick else STREAM_SIZE
    taken: dict[str, list[tuple[float, float]]] = {}
    for name in ("app", "floor", "markdown_stream"):
        taken[name] = []
    for run in range(bench.runs + 1):
        for name, figures in taken.items():
            # The run that does not count fills caches of the machine; a part of the text does it.
            figures.append(_turn(bench, name, size if run else size // 8, RATE))
    app = counted([cpu for cpu, _ in taken["app"]])
    rows = [
        Row(
            name=f"CPU of a {size // 1000} KB stream",
            unit="s",
            kind=Kind.RATIO,
            budget=budget,
            values=app,
            references=counted([cpu for cpu, _ in taken[name]]),
            reference_name=words,
        )
        for name, words, budget in (
            ("floor", "floor", Budget(limit=2.0, beyond=1.5)),
            ("markdown_stream", "MarkdownStream", Budget(limit=0.2, beyond=0.15)),
        )
    ]
    rows.append(
        Row(
            name="lag of the last word",
            unit="s",
            kind=Kind.PLAIN,
            budget=Budget(limit=0.2, beyond=0.1),
            values=counted([lag for _, lag in taken["app"]]),
            references=counted([lag for _, lag in taken["markdown_stream"]]),
            reference_name="MarkdownStream",
            digits=3,
        )
    )
    return rows


def flood(bench: Bench) -> list[Row]:
    """100 KB as fast as they are read."""
    size = FLOOD_SIZE // 8 if bench.is_quick else FLOOD_SIZE
    ours = [_turn(bench, "app", size, 0)[0] for _ in range(bench.runs + 1)]
    # Once: it takes more than a minute, and it is far away.
    theirs = _turn(bench, "markdown_stream", size, 0)[0]
    return [
        Row(
            name=f"CPU of a {size // 1000} KB flood",
            unit="s",
            kind=Kind.RATIO,
            budget=Budget(limit=0.1, beyond=0.07),
            values=counted(ours),
            references=(theirs,) * bench.runs,
            reference_name="MarkdownStream",
        )
    ]


def _turn(bench: Bench, name: str, size: int, rate: float) -> tuple[float, float]:
    """CPU seconds of one turn, and seconds from its last delta to its last word on the screen."""
    bench.server.script(answer(markdown(size), MARKER, rate=rate, mark="last"))
    with bench.ready(name) as terminal:
        before = terminal.cpu_seconds()
        seen = send_and_wait(terminal, "go", MARKER)
        terminal.wait_quiet(STILL, limit=5)
        return terminal.cpu_seconds() - before, seen - bench.server.mark_time("last")


def start_turn(bench: Bench, terminal: Terminal, size: int, rate: float) -> Callable[[], bool]:
    """Begin a turn; returns a function that says whether its last word has not come yet."""
    bench.server.script(answer(markdown(size), MARKER, rate=rate))
    terminal.send("go")
    terminal.wait_for(b"go")
    after = terminal.received
    terminal.send("\r")
    word = MARKER.encode()
    return lambda: not terminal.has(word, after=after)
