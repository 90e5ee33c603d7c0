"""The field that a prompt is typed into: a line editor's keys over Textual's text area."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.document._document import EditResult, Location, Selection
from textual.document._edit import Edit
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import TextArea

from widgets.pastes import Pastes, is_large
from widgets.prompt_history import PromptHistory
from widgets.sheltered import drawn, one_newline, shelter, unshelter

if TYPE_CHECKING:
    from widgets.ahead import Ahead


def _keys(keys: str, action: str) -> Binding:
    return Binding(keys, action, show=False)


class Prompt(TextArea, inherit_bindings=False):
    """Text with readline's keys, folded pastes, history at its edges and search in it.

    It draws no caret: the terminal's own one stands where `cursor_screen_offset` says.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        _keys("up,ctrl+p", "cursor_up"),
        _keys("down,ctrl+n", "cursor_down"),
        _keys("left,ctrl+b", "cursor_left"),
        _keys("right,ctrl+f", "cursor_right"),
        _keys("ctrl+left,alt+left,alt+b", "cursor_word_left"),
        _keys("ctrl+right,alt+right,alt+f", "cursor_word_right"),
        _keys("home,ctrl+a", "cursor_line_start"),
        _keys("end,ctrl+e", "cursor_line_end"),
        _keys("pageup", "cursor_page_up"),
        _keys("pagedown", "cursor_page_down"),
        _keys("shift+up", "cursor_up(True)"),
        _keys("shift+down", "cursor_down(True)"),
        _keys("shift+left", "cursor_left(True)"),
        _keys("shift+right", "cursor_right(True)"),
        _keys("ctrl+shift+left", "cursor_word_left(True)"),
        _keys("ctrl+shift+right", "cursor_word_right(True)"),
        _keys("shift+home", "cursor_line_start(True)"),
        _keys("shift+end", "cursor_line_end(True)"),
        _keys("backspace,ctrl+h", "delete_left"),
        _keys("delete,ctrl+d", "delete_right"),
        _keys("ctrl+w", "kill_blank_word"),
        _keys("ctrl+backspace,alt+backspace", "kill_word_left"),
        _keys("alt+d,alt+delete,ctrl+delete", "kill_word_right"),
        _keys("ctrl+u,super+backspace", "kill_to_start"),
        _keys("ctrl+k", "kill_to_end"),
        _keys("ctrl+y", "yank"),
        _keys("ctrl+t", "transpose"),
        _keys("ctrl+underscore,ctrl+minus,super+z", "undo"),
        _keys("alt+underscore,ctrl+shift+z,super+shift+z", "redo"),
    ]

    class CommandTyped(Message):
        """A slash was typed into the empty field; it is not in the text."""

    class QueueWanted(Message):
        """Up was pressed in the empty field while messages wait."""

    class SearchChanged(Message):
        """Search in the history began, went on or ended."""

    def __init__(self, *, text: str = "", id: str | None = None) -> None:  # noqa: A002
        """A field that wraps and has no frame.

        Args:
            text: To begin with.
            id: Of the widget.
        """
        self._pastes = Pastes()
        self._removed = ""
        self._killed = ""
        super().__init__(
            shelter(one_newline(text)),
            soft_wrap=True,
            highlight_cursor_line=False,
            placeholder=Content("message"),
            max_checkpoints=200,
            id=id,
        )
        # What `compact=True` means, without styling a field that is in no screen yet.
        self.set_reactive(TextArea.compact, True)
        self.add_class("-textual-compact", update=False)
        self.cursor_blink = False
        self.match_cursor_bracket = False
        self.past = PromptHistory()
        self.holder: Widget | None = None
        """The widget around, whose keys count here as well."""
        self.has_queue = False
        self.ahead: Ahead | None = None
        """What came while the text has to stay as it is; None while it has not."""
        self.searched: str | None = None
        """What is searched for; None while nothing is."""
        self.is_found = True
        self._place: int | None = None
        self._before_search = ""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the text has, up to a third of the screen.

        What holds the field takes its height from here, where its `max-height` of 33vh does not
        count.
        """
        return min(
            super().get_content_height(container, viewport, width),
            max(1, viewport.height * 33 // 100),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no text at all."""
        return self.document.line_count == 1 and not self.document[0]

    @property
    def whole_text(self) -> str:
        """What is to be sent: pastes in full, every character as it came."""
        return self._pastes.expand(self.document.text)

    @property
    def selected_whole_text(self) -> str:
        """What is selected, as it would be sent."""
        return self._pastes.expand(self.selected_text)

    def set_text(self, text: str) -> None:
        """Show another text, caret at its end; undo does not go behind it."""
        self.end_search()
        self._pastes.clear()
        self.past.rest()
        self._show(shelter(one_newline(text)))

    def _show(self, edited: str) -> None:
        self.load_text(edited)
        self.move_cursor(self.document.end)

    def replace_text(self, text: str) -> None:
        """Change the whole text in one step that can be undone."""
        self.replace(shelter(one_newline(text)), self.document.start, self.document.end)
        self.move_cursor(self.document.end)

    def insert_text(self, text: str, *, fold: bool = True) -> None:
        """Put text at the caret, in place of what is selected.

        Args:
            text: As it is to be sent.
            fold: Whether a large text is folded to a label.
        """
        plain = one_newline(text).replace("\x00", "")
        edited = self._pastes.fold(plain) if fold and is_large(plain) else shelter(plain)
        self.history.checkpoint()
        result = self.replace(edited, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def expand_paste(self) -> bool:
        """Open the folded paste at the caret, else the last one; False where there is none."""
        row, column = self.cursor_location
        span = self._pastes.touching(self.document[row], column)
        if span is None:
            found = [
                (line, spans[-1])
                for line in range(self.document.line_count)
                if (spans := self._pastes.spans(self.document[line]))
            ]
            if not found:
                return False
            row, span = found[-1]
        start, end = (row, span[0]), (row, span[1])
        content = self._pastes.content(self.get_text_range(start, end))
        result = self.replace(content, start, end, maintain_selection_offset=False)
        self.move_cursor(result.end_location)
        return True

    @property
    def _draw_cursor(self) -> bool:
        return False

    def get_line(self, line_index: int) -> Text:
        line = self.document.get_line(line_index)
        text = Text(drawn(line), end="", no_wrap=True)
        if self._pastes:
            style = self.get_component_rich_style("text-area--suggestion")
            for start, end in self._pastes.spans(line):
                text.stylize(style, start, end)
        return text

    def validate_selection(self, selection: Selection) -> Selection:
        """Keep the caret out of labels: a label is one thing."""
        if not self._pastes:
            return selection
        old = self.selection.end
        return Selection(self._outside(selection.start, old), self._outside(selection.end, old))

    def _outside(self, place: Location, old: Location) -> Location:
        row, column = place
        if row >= self.document.line_count:
            return place
        span = self._pastes.around(self.document[row], column)
        if span is None:
            return place
        return row, span[0] if (row, column) < old else span[1]

    def edit(self, edit: Edit) -> EditResult:
        """Change the text; a label is changed as a whole or not at all."""
        if self._pastes:
            top, bottom = edit.top, edit.bottom
            first = self._pastes.around(self.document[top[0]], top[1])
            last = self._pastes.around(self.document[bottom[0]], bottom[1])
            if top == bottom and first:
                top = bottom = (top[0], first[1])
            else:
                top = (top[0], first[0]) if first else top
                bottom = (bottom[0], last[1]) if last else bottom
            edit = Edit(edit.text, top, bottom, edit.maintain_selection_offset)
        result = super().edit(edit)
        self._removed = result.replaced_text
        return result

    async def _on_key(self, event: events.Key) -> None:
        if self.ahead is not None:
            event.stop()
            event.prevent_default()
            if event.is_printable and event.character:
                self.ahead.type(event.character)
            else:
                self.ahead.press(event.key)
        elif (self.searched is not None and self._search_key(event)) or await self._acted(event):
            event.stop()
            event.prevent_default()
        elif event.key == "enter":
            event.prevent_default()
        elif event.character == "/" and self.is_empty:
            event.stop()
            event.prevent_default()
            self.post_message(self.CommandTyped())

    async def _acted(self, event: events.Key) -> bool:
        """Do at once what a key means here.

        On the usual way, up to the app and back, keys that came right after it would go first:
        what is typed after Enter would be sent along.
        """
        if event.is_printable:
            return False
        bound = self.screen.active_bindings.get(event.key)
        node = next((each for each in (self, self.holder) if bound and bound.node is each), None)
        if bound is None or node is None or not bound.enabled:
            return False
        await node.run_action(bound.binding.action)
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if self.ahead is not None:
            self.ahead.type(event.text)
            return
        self.end_search()
        self.insert_text(event.text)

    def action_cursor_up(self, select: bool = False) -> None:
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        elif self.is_empty and self.has_queue and not self.past.is_walking:
            self.post_message(self.QueueWanted())
        else:
            self._walk(self.past.back(self.document.text))

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self._walk(self.past.forward(self.document.text))

    def _walk(self, text: str | None) -> None:
        if text is not None:
            self._show(text)

    def _kill(self, delete: Callable[[], None]) -> None:
        self._removed = ""
        delete()
        if self._removed:
            self._killed = self._removed

    def action_kill_to_start(self) -> None:
        """Delete to the start of the line, at the start the line end before it."""
        self._kill(self.action_delete_to_start_of_line)

    def action_kill_to_end(self) -> None:
        """Delete to the end of the line, at the end the line end."""
        at_end = self.cursor_at_end_of_line
        self._kill(self.action_delete_right if at_end else self.action_delete_to_end_of_line)

    def action_kill_word_left(self) -> None:
        """Delete to the start of the word."""
        self._kill(self.action_delete_word_left)

    def action_kill_word_right(self) -> None:
        """Delete to the end of the word."""
        self._kill(self.action_delete_word_right)

    def action_kill_blank_word(self) -> None:
        """Delete back to the blank before the word, as Ctrl-W does in a shell."""
        row, column = self.cursor_location
        before = self.document[row][:column]
        if not self.selection.is_empty or not before.strip():
            self._kill(self.action_delete_word_left)
            return
        kept = before.rstrip()
        start = max(kept.rfind(" "), kept.rfind("\t")) + 1
        self._kill(lambda: self._delete((row, start), (row, column)))

    def _delete(self, start: Location, end: Location) -> None:
        self.delete(start, end, maintain_selection_offset=False)

    def action_yank(self) -> None:
        """Put back what was deleted last."""
        if self._killed:
            self.replace(self._killed, *self.selection, maintain_selection_offset=False)

    def action_transpose(self) -> None:
        """Swap the two characters around the caret; at the end of a line the last two."""
        row, column = self.cursor_location
        line = self.document[row]
        column = min(column, len(line) - 1)
        if column < 1 or self._pastes.around(line, column):
            return
        pair = line[column] + line[column - 1]
        start, end = (row, column - 1), (row, column + 1)
        self.replace(pair, start, end, maintain_selection_offset=False)

    def search(self) -> None:
        """Begin to search, or go to the next older match."""
        if self.searched is None:
            self.searched, self._place, self.is_found = "", None, True
            self._before_search = self.document.text
            self.post_message(self.SearchChanged())
        else:
            self._search_from(self._place)

    def end_search(self, *, is_taken: bool = True) -> bool:
        """Stop searching; False where nothing was searched.

        Args:
            is_taken: Keep the match, instead of what was there before.
        """
        if self.searched is None:
            return False
        self.searched = None
        if not is_taken:
            self._show(self._before_search)
        self.post_message(self.SearchChanged())
        return True

    def _search_from(self, before: int | None) -> None:
        assert self.searched is not None
        place = self.past.find(self.searched, before) if self.searched else None
        self.is_found = place is not None or not self.searched
        if place is not None:
            self._place = place
            self._show(shelter(self.past.entries[place]))
        self.post_message(self.SearchChanged())

    def _search_key(self, event: events.Key) -> bool:
        """Whether the search takes the key; one that moves or edits ends it."""
        assert self.searched is not None
        if event.is_printable and event.character:
            self.searched += unshelter(event.character)
            self._search_from(None if self._place is None else self._place + 1)
        elif event.key in {"backspace", "ctrl+h"}:
            self.searched = self.searched[:-1]
            self._search_from(None)
        elif event.key in SEARCH_KEYS:
            return False
        else:
            self.end_search()
            return False
        return True


EDITING: Mapping[str, str] = {
    key: binding.action
    for binding in Prompt.BINDINGS
    if isinstance(binding, Binding) and not binding.action.startswith(("cursor_up", "cursor_down"))
    for key in binding.key.split(",")
}
"""Keys that act within the text, and what they do; others may leave it for the history."""
SEARCH_KEYS: Sequence[str] = ("enter", "escape", "ctrl+r")
"""Left to the bindings of the composer while a search goes on."""
