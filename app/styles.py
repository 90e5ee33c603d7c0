"""The rules of `styles.tcss`: those of the first frame first, the others when they are needed.

Parsing all of them takes a twentieth of the start, and each rule costs with every node that is
styled: the shell alone needs less than half.
"""

from pathlib import Path, PurePath

from textual._context import active_app
from textual.css.stylesheet import Stylesheet

STYLES = Path(__file__).resolve().parent.parent / "styles.tcss"
LATER = "/* --- Not in the first frame"
"""Begins the part that waits."""


class StagedStylesheet(Stylesheet):
    """A stylesheet that leaves out what stands behind `LATER` until `complete` is called."""

    _waiting: tuple[str, str] | None = None
    """Path and rules of what was left out."""

    def read(self, filename: str | PurePath) -> None:
        """Read a file up to the mark.

        Raises:
            StylesheetError: It cannot be read.
        """
        super().read(filename)
        for (path, variable), source in list(self.source.items()):
            first, mark, later = source.content.partition(LATER)
            if mark and not source.is_defaults:
                self.source[path, variable] = source._replace(content=first)
                self._waiting = (path, mark + later)

    def complete(self) -> None:
        """Take in what was left out, before anything is shown that it is about."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            path, rules = waiting
            self.add_source(rules, read_from=(path, "later"))


def need_all() -> None:
    """Have all rules from now on: called by whatever the shell does not begin with."""
    app = active_app.get(None)
    if app is not None and isinstance(app.stylesheet, StagedStylesheet):
        app.stylesheet.complete()
