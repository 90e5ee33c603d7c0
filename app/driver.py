"""Textual's terminal driver with our guard between the terminal and its parser.

Beside the guard it keeps the terminal's own caret, and it does not wake while nobody types.
"""

import os
import sys
import time

from textual import events
from textual._xterm_parser import XTermParser

from app.input_guard import InputGuard, Pasted, Pressed, Typed

ESCAPE = Pressed("escape", "\x1b")
ESCAPE_GAP = 0.05
"""Seconds between the two keys that an unbound Alt and a letter stand for."""
READ_SIZE = 1 << 16
"""Bytes read at once: one frame takes even a large paste in few pieces."""

if sys.platform == "win32":
    from textual.drivers.windows_driver import WindowsDriver as GuardedDriver
else:
    import selectors
    from codecs import getincrementaldecoder

    from textual._parser import ParseError
    from textual.drivers.linux_driver import LinuxDriver

    class GuardedDriver(LinuxDriver):
        """Reads keys, mouse and pastes through `InputGuard`.

        What a paste holds never becomes key presses, and answers of the terminal never typed
        text: docs/decisions/0004-paste.md
        """

        _stop_pipe: tuple[int, int] | None = None
        _is_caret_shown = False

        def show_caret(self, is_shown: bool) -> None:
            """Show or hide the terminal's own caret; writes only where that changes it."""
            if is_shown != self._is_caret_shown and self._writer_thread is not None:
                self._is_caret_shown = is_shown
                self.write("\x1b[?25h" if is_shown else "\x1b[?25l")
                self.flush()

        def move_caret(self, column: int, row: int) -> None:
            """Put the terminal's caret on a cell, counted from 0."""
            if self._writer_thread is not None:
                self.write(f"\x1b[{row + 1};{column + 1}H")
                self.flush()

        def use_mouse(self, is_ours: bool) -> None:
            """Take the mouse, or leave it to the terminal."""
            if is_ours:
                self._enable_mouse_support()
            else:
                self._disable_mouse_support()
            self.flush()

        def start_application_mode(self) -> None:
            """Take the terminal; its caret is hidden then."""
            self._is_caret_shown = False
            self._stop_pipe = os.pipe()
            super().start_application_mode()

        def disable_input(self) -> None:
            """Wake the reading thread, so that it ends at once, and wait for it."""
            pipe, self._stop_pipe = self._stop_pipe, None
            if pipe is not None:
                os.write(pipe[1], b"x")
            super().disable_input()
            if pipe is not None:
                os.close(pipe[0])
                os.close(pipe[1])

        def run_input_thread(self) -> None:
            """Read until input is disabled or ends."""
            pipe = self._stop_pipe
            if pipe is None:
                return
            parser = XTermParser(self._debug)
            guard = InputGuard()
            # A wrong byte must not end the program.
            decode = getincrementaldecoder("utf-8")(errors="replace").decode
            selector = selectors.DefaultSelector()
            try:
                selector.register(pipe[0], selectors.EVENT_READ)
                selector.register(self.fileno, selectors.EVENT_READ)
                while not self.exit_event.is_set():
                    deadline = guard.deadline
                    wait = None if deadline is None else max(0.0, deadline - time.monotonic())
                    ready = {key.fd for key, _ in selector.select(wait)}
                    if pipe[0] in ready:
                        break
                    if self.fileno in ready:
                        data = os.read(self.fileno, READ_SIZE)
                        if not data:
                            break
                        self._take(parser, guard.feed(decode(data), time.monotonic()))
                    else:
                        self._take(parser, guard.tick(time.monotonic()))
            except OSError:
                # The terminal is gone; a signal says so to the rest of the program.
                return
            finally:
                selector.close()
                try:
                    for _ in parser.feed(""):
                        pass
                except (EOFError, ParseError):
                    pass

        def _take(self, parser: XTermParser, tokens: list[Typed | Pressed | Pasted]) -> None:
            for place, token in enumerate(tokens):
                if place and tokens[place - 1] == ESCAPE:
                    # The focus moves by what Esc means, and this key goes to where it is then.
                    time.sleep(ESCAPE_GAP)
                match token:
                    case Typed(text):
                        for message in parser.feed(text):
                            self.process_message(message)
                    case Pressed(key, character):
                        self.process_message(events.Key(key, character))
                    case Pasted(text):
                        self.process_message(events.Paste(text.replace("\x00", "")))
