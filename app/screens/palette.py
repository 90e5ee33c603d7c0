"""Choose by name: the command palette, and what other pickers are made of."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from app.palette import Entry, search
from app.screens.overlay import Overlay
from widgets.footer import Footer, Hint
from widgets.glyphs import Glyphs
from widgets.palette_list import PaletteList, PaletteRow

ROWS_AROUND = {"-high": 17, "-low": 8, "-flat": 2}
"""Rows of the screen that the list leaves to its frame and to the page behind it."""

ROOM_FOR_FOOTNOTE = 60
"""Columns of the screen."""


class PaletteScreen(Overlay[str | None]):
    """A line to type into over the entries it finds; gives the key of the one taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "take", show=False, id="palette.take"),
        Binding("down,ctrl+n", "move(1)", "next", show=False, id="palette.next"),
        Binding("up,ctrl+p", "move(-1)", "previous", show=False, id="palette.previous"),
        Binding("pagedown", "page(1)", "page down", show=False, id="palette.page_down"),
        Binding("pageup", "page(-1)", "page up", show=False, id="palette.page_up"),
    ]
    verb: ClassVar[str] = "run"
    """What Enter does with the selected entry."""

    def __init__(
        self,
        entries: Sequence[Entry],
        glyphs: Glyphs,
        *,
        prompt: str = "",
        footnote: str = "",
        title: str = "",
        current: str = "",
    ) -> None:
        """A palette of `entries`.

        Args:
            entries: All there is, groups in their order.
            glyphs: Marks to draw with.
            prompt: Shown, muted, while nothing is typed.
            footnote: One muted sentence under the list.
            title: Stands on the upper edge.
            current: Key of the entry selected at first.
        """
        super().__init__(glyphs)
        self._entries = tuple(entries)
        self._prompt = prompt
        self._footnote = footnote
        self._title = title
        self._current = current

    def compose(self) -> ComposeResult:
        up_down = f"{self.glyphs.up} {self.glyphs.down}"
        with Vertical(classes="popup") as popup:
            popup.border_title = Content.styled(self._title, "bold") if self._title else None
            with Horizontal(classes="asking"):
                yield Static(Content(self.glyphs.prompt), classes="prompt")
                field = Input(placeholder=self._prompt, compact=True, select_on_focus=False)
                field.cursor_blink = False
                yield field
                yield Static(classes="count")
            yield Static(classes="rule")
            yield PaletteList(self.glyphs, self._found(""))
            footer = Footer(self.glyphs)
            footer.hints = (
                Hint("take", "enter", self.verb),
                Hint("move(1)", up_down, "move"),
                Hint("close", "esc", "close"),
            )
            yield footer

    def on_mount(self) -> None:
        self._show("")

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        kept = next(rows for name, rows in ROWS_AROUND.items() if self._reaches(name, height))
        self.query_one(PaletteList).room = max(1, height - kept)
        has_room = width >= ROOM_FOR_FOOTNOTE and bool(self._footnote)
        self.query_one(Footer).state = f" {self._footnote}" if has_room else ""

    def on_key(self, event: events.Key) -> None:
        # The field takes what is typed; only letters from before it had the focus come here.
        if event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self.query_one(Input).insert_text_at_cursor(event.character)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_take()

    def on_palette_list_chosen(self, event: PaletteList.Chosen) -> None:
        event.stop()
        self.dismiss(event.key)

    def action_move(self, by: int) -> None:
        """Select a row further down or up."""
        self.query_one(PaletteList).move(by)

    def action_page(self, pages: int) -> None:
        """Select a row about a screen away."""
        self.query_one(PaletteList).page(pages)

    def action_take(self) -> None:
        """Close with the selected entry; nothing happens where there is none."""
        row = self.query_one(PaletteList).selected_row
        if row is not None:
            self.dismiss(row.key)

    def _show(self, query: str) -> None:
        rows = self._found(query)
        places = (place for place, row in enumerate(rows) if row.key == self._current)
        selected = 0 if query.strip() else next(places, 0)
        self.query_one(PaletteList).show_rows(rows, selected)
        count = Content(f"{len(rows)} of {len(self._entries)}")
        self.query_one(".count", Static).update(count)

    def _found(self, query: str) -> list[PaletteRow]:
        return [
            PaletteRow(
                key=entry.key,
                title=entry.title,
                group=entry.group,
                detail=entry.detail,
                keys=entry.keys,
                marked=marked,
            )
            for entry, marked in search(query, self._entries)
        ]

    def _reaches(self, name: str, height: int) -> bool:
        """Whether the screen has the height that the class `name` stands for."""
        steps = self.VERTICAL_BREAKPOINTS or []
        return any(step == name and height >= least for least, step in steps)
