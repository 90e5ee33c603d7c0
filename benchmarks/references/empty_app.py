"""The least that a Textual application can be: some text, an input of several lines, a footer."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Footer, Static, TextArea


class EmptyApp(App[None]):
    CSS = "Static { height: 1fr; } TextArea { height: 5; }"
    BINDINGS: ClassVar[list[BindingType]] = [("ctrl+q", "quit", "Quit")]
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static("Ready")
        yield TextArea()
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(TextArea).focus()


if __name__ == "__main__":
    EmptyApp().run()
