"""A few ways to go on, one of them selected: what the first run shows."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.muted import muted


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to go on."""

    key: str
    title: str
    what: str
    """What it gives."""
    how: str = ""
    """A fact that helps to choose."""


class ChoiceList(Widget, can_focus=True):
    """Blocks of up to three rows; one is selected."""

    choices: reactive[tuple[Choice, ...]] = reactive((), layout=True)
    selected: reactive[int] = reactive(0)
    room: reactive[int] = reactive(24, layout=True)
    """Rows that may be used; with little room gaps, then facts, then all but titles go."""

    @dataclass
    class Chosen(Message):
        """The user takes this way."""

        key: str

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002
        """A list without choices yet.

        Args:
            glyphs: Marks to draw with.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs

    def validate_selected(self, selected: int) -> int:
        return max(0, min(selected, len(self.choices) - 1))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(self.room, sum(self._rows(choice) + self._gap for choice in self.choices))

    def render(self) -> Content:
        """All choices; the selected one raised, with a bar."""
        rows: list[Content] = []
        width = self.size.width
        for place, choice in enumerate(self.choices):
            is_selected = place == self.selected
            style = "on $panel" if is_selected else ""
            bar = (
                Content.styled(self._glyphs.selected, "$accent" if self.has_focus else muted(self))
                if is_selected
                else Content(" ")
            )
            title = Content.styled(choice.title, "bold $accent" if is_selected else "bold")
            hint = Content.styled("enter ", "$accent") if is_selected else Content("")
            lines = [
                (title, hint),
                (Content(choice.what), Content("")),
                (Content.styled(choice.how, muted(self)), Content("")),
            ][: self._rows(choice)]
            for left, right in lines:
                room = max(0, width - 2 - right.cell_length)
                text = cut(left, room, self._glyphs.ellipsis)
                row = Content.assemble(bar, " ", text, " " * (room - text.cell_length), right)
                rows.append(row.stylize_before(style) if style else row)
            rows.extend([Content("")] * self._gap)
        return Content("\n").join(rows[self._top : self._top + max(1, self.size.height)])

    @property
    def _top(self) -> int:
        """Rows above the first that is shown: more than none only where titles have no room."""
        before = self.choices[: self.selected + 1]
        below = sum(self._rows(choice) + self._gap for choice in before) - self._gap
        return max(0, below - max(1, self.size.height))

    @property
    def _gap(self) -> int:
        return 1 if self.room >= 4 * len(self.choices) else 0

    def _rows(self, choice: Choice) -> int:
        each = self.room // max(1, len(self.choices))
        return max(1, min(each, 2 + bool(choice.how)))

    def action_previous(self) -> None:
        """Select the one above."""
        self.selected -= 1

    def action_next(self) -> None:
        """Select the one below."""
        self.selected += 1

    def action_choose(self) -> None:
        """Take the selected one."""
        if self.choices:
            self.post_message(self.Chosen(self.choices[self.selected].key))

    def on_click(self, event: events.Click) -> None:
        top = -self._top
        for place, choice in enumerate(self.choices):
            bottom = top + self._rows(choice)
            if top <= event.y < bottom:
                if self.selected == place:
                    self.action_choose()
                self.selected = place
                return
            top = bottom + self._gap
