"""A composer behind the guarded driver; writes what reaches it to a file, a JSON value a line."""

import json
import sys
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message

from app import caret, themes
from app.driver import GuardedDriver
from app.keymap import Context, Keymap
from widgets.composer import Composer
from widgets.glyphs import UNICODE


class BoundComposer(Composer):
    """With the keys of the real one."""

    BINDINGS = [*Keymap().bindings(Context.COMPOSER)]  # noqa: RUF012


class RecordingDriver(GuardedDriver):
    """Writes keys and pastes down as they come out of the guard."""

    def process_message(self, message: Message) -> None:
        app = self._app
        assert isinstance(app, PasteApp)
        if isinstance(message, events.Key):
            app.record("key", message.key)
        elif isinstance(message, events.Paste):
            app.record("paste", message.text)
        super().process_message(message)


class PasteApp(App[None]):
    """Says `ready` on the screen, then takes input until Ctrl-Q."""

    CSS_PATH = Path(__file__).resolve().parents[2] / "styles.tcss"

    def __init__(self, log: Path) -> None:
        """An app that writes to `log`."""
        super().__init__(driver_class=RecordingDriver)
        self._path = log
        themes.register(self)
        self.theme = themes.DARK

    def compose(self) -> ComposeResult:
        yield BoundComposer(UNICODE)

    def on_mount(self) -> None:
        composer = self.query_one(Composer)
        composer.facts = "ready"
        composer.focus_input()

    def record(self, kind: str, value: str) -> None:
        """Write one line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([kind, value]) + "\n")

    def on_composer_sent(self, message: Composer.Sent) -> None:
        self.record("sent", message.text)

    def on_composer_leave_requested(self) -> None:
        self.record("leave", "")

    def on_composer_interrupt_requested(self) -> None:
        self.record("interrupt", "")
        self.set_focus(None)

    def post_display_hook(self) -> None:
        caret.follow(self, self._driver)


if __name__ == "__main__":
    PasteApp(Path(sys.argv[1])).run()
