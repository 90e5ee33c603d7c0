"""What a command prints: data on stdout, talk on stderr, nothing that moves the cursor."""

import json
import math
import os
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO, cast

from services.clean import clean
from services.errors import StorageError
from services.models.failure import Failure, FailureKind

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 7
EXIT_INTERRUPTED = 130
EXIT_CLOSED_PIPE = 141
"""As a program ends that SIGPIPE (13) killed."""

EXITS: Mapping[FailureKind, int] = {
    FailureKind.UNREACHABLE: 6,
    FailureKind.REFUSED: EXIT_FAILED,
    FailureKind.CREDENTIALS: 3,
    FailureKind.RATE_LIMITED: 5,
    FailureKind.NOT_FOUND: 4,
    FailureKind.BAD_PAYLOAD: EXIT_FAILED,
    FailureKind.STORAGE: EXIT_FAILED,
    FailureKind.USAGE: EXIT_USAGE,
}


class Output:
    """The two streams of a command."""

    def __init__(self, out: TextIO, err: TextIO, *, is_json: bool = False) -> None:
        self._out = out
        self._err = err
        self.is_json = is_json

    @property
    def is_terminal(self) -> bool:
        """Whether someone looks at stdout, rather than a program."""
        return self._out.isatty()

    @property
    def pipe(self) -> int | None:
        """Descriptor of stdout, where that is a pipe."""
        try:
            number = self._out.fileno()
            return number if stat.S_ISFIFO(os.fstat(number).st_mode) else None
        except (OSError, ValueError):
            return None

    def write(self, text: str) -> None:
        """Data, at once.

        Raises:
            BrokenPipeError: Whoever read it has gone.
            StorageError: It cannot be written.
        """
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            let_stdout_go()
            reason = error.strerror or type(error).__name__
            raise StorageError(f"The output cannot be written: {reason}") from error

    def document(self, value: Mapping[str, Any]) -> None:
        """A JSON document in one line."""
        self.write(json.dumps(value, ensure_ascii=False) + "\n")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Rows: in columns for a reader, with tabs and without a head for a program."""
        if not self.is_terminal:
            self.write("".join("\t".join(row) + "\n" for row in rows))
            return
        lines = [[name.upper() for name in head], *map(list, rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
            self.write("  ".join(cells).rstrip() + "\n")

    def say(self, text: str) -> None:
        """Talk: one line on stderr."""
        self.ask(text + "\n")

    def ask(self, text: str) -> None:
        """Talk that does not end its line: a prompt."""
        try:
            self._err.write(text)
            self._err.flush()
        except (OSError, ValueError):
            return  # Nobody listens, or it cannot be written.

    def fail(self, failure: Failure) -> int:
        """Tell a failure.

        Returns:
            The exit code that goes with it.
        """
        support = f" ({failure.request_id})" if failure.request_id else ""
        self.say(f"error: {failure.line}{support}")
        if self.is_json:
            self.say(json.dumps({"error": failure_values(failure)}, ensure_ascii=False))
        return EXITS[failure.kind]


def standard_output(*, is_json: bool) -> Output:
    """The streams of this process, in UTF-8 whatever the locale is."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    return Output(sys.stdout or _nowhere(), sys.stderr or _nowhere(), is_json=is_json)


def let_stdout_go() -> None:
    """After a closed pipe or a full disk: what is still buffered must not complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def failure_values(failure: Failure) -> dict[str, Any]:
    """A failure as scripts read it."""
    return {
        "kind": failure.kind.value,
        "message": failure.message,
        "next_step": failure.next_step,
        "status": failure.status,
        "request_id": failure.request_id,
        "retry_at": None if failure.retry_at is None else math.ceil(failure.retry_at),
    }


def cleaned(value: Any) -> Any:
    """JSON of a server with clean strings, keys included."""
    match value:
        case str():
            return value if value.isascii() and value.isprintable() else clean(value)
        case list():
            return [cleaned(each) for each in cast("list[Any]", value)]
        case dict():
            return {
                cleaned(key): cleaned(each) for key, each in cast("dict[str, Any]", value).items()
            }
        case _:
            return value


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 lives as long as we do
