"""The first row of the screen: the views that exist, what needs the user, limits, the account."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.muted import muted


class Header(Widget):
    """One row; gives up words at the right, then view names, as it gets narrow."""

    views: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Key and name of each view that exists; names are shown with a capital."""
    active: reactive[str] = reactive("")
    """Name of the view that is shown."""
    needs_you: reactive[int] = reactive(0)
    gauge: reactive[Content] = reactive(Content(""))
    """Limits, already as short as they may be; empty until there are some."""
    account: reactive[tuple[str, ...]] = reactive(())
    """Who is signed in, or how: longest words first, of which the first that fit are shown."""
    warning: reactive[str] = reactive("")
    """`demo`, or the host of a server that is not the usual one; it outranks the account."""

    @dataclass
    class ViewChosen(Message):
        """A view's name was clicked."""

        name: str

    def render(self) -> Content:
        """Views at the left, gauge and account at the right end."""
        width = self.size.width
        marks = Content.styled(f"!{self.needs_you}", "bold $warning") if self.needs_you else ""
        for named in (True, False):
            left = Content.assemble(self._names(named=named), " ", marks)
            for right in self._rights():
                gap = width - left.cell_length - right.cell_length
                if gap >= 1:
                    return Content.assemble(left, " " * gap, right)
        return left.truncate(max(1, width))

    def _rights(self) -> list[Content]:
        """What may stand at the right, longest first."""
        gauge, whos = self.gauge, self._whos()
        if not gauge:
            return [*(Content.assemble(who, " ") for who in whos), Content("")]
        both = [Content.assemble(gauge, "   ", who, " ") for who in whos]
        return [*both, Content.assemble(gauge, " ")]

    def _whos(self) -> list[Content]:
        if self.warning:
            return [Content.styled(self.warning, "bold $warning")]
        return [Content.styled(words, muted(self)) for words in self.account]

    def _names(self, *, named: bool) -> Content:
        parts: list[Content] = []
        for key, name in self.views:
            word = name.capitalize() if named else ""
            if name == self.active:
                part = Content.assemble(" ", (key, "not bold"), (word, "bold"), " ")
                parts.append(part.stylize("$accent on $panel"))
            else:
                parts.append(Content.assemble(" ", (key, muted(self)), word, " "))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        column = 0
        for key, name in self.views:
            column += len(key) + len(name) + 2
            if event.x < column:
                self.post_message(self.ViewChosen(name))
                return
