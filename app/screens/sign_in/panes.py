"""What each way to sign in shows. Panes show values; `SignInScreen` does the rest."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Input, Static

from app.screens.sign_in.parts import Step, Trouble, keyed
from services.models.failure import Failure
from widgets.address import Address
from widgets.code_tiles import CodeTiles
from widgets.countdown import Countdown
from widgets.glyphs import Glyphs
from widgets.hidden_input import HiddenInput
from widgets.muted import muted
from widgets.qr_code import QrCode, modules_of

TEXT_COLUMNS = 45
"""What the steps take beside a QR code."""
NUMBER_COLUMNS = 3
HINT_GAP = 6
"""Columns between a sentence and the key that helps with it."""
PASTE_LIMIT = 16 * 1024
"""Characters of a pasted address."""

Now = Callable[[], float]


class Pane(Vertical):
    """What the screen shows below its title."""

    def fit(self, room: Size, *, is_low: bool) -> None:
        """Take the room there is.

        Args:
            room: Columns and rows.
            is_low: Whether rows are scarce.
        """

    def take_focus(self) -> None:
        """Take the keys, where there is a field to type in."""

    def bring(self, classes: str) -> None:
        """Scroll these into view, the last one for sure, once they have their place."""

        def scroll() -> None:
            for widget in self.query(classes):
                widget.scroll_visible(animate=False)

        self.call_after_refresh(scroll)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what is typed, where an answer took its place; a field is emptied by no user."""
        if event.value:
            self.bring(".asking")

    def show_news(self, words: str) -> None:
        """Say what happens, below what is waited for; nothing where it is over."""
        for news in self.query(".news").results(Static):
            news.update(Content(words))
            news.display = bool(words)


class WordsPane(Pane):
    """One muted line: something is under way."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        yield Static(Content(self._words), classes="muted")


class FailedPane(Pane):
    """What went wrong, and the keys that go on from there."""

    def __init__(self, failure: Failure, ways: Sequence[tuple[str, str]]) -> None:
        """A failure.

        Args:
            failure: What went wrong.
            ways: Keys and what they do.
        """
        super().__init__()
        self._failure = failure
        self._ways = ways

    def compose(self) -> ComposeResult:
        yield Trouble(self._failure)
        lines = [Content.assemble((f"{key:<5}", ""), words) for key, words in self._ways]
        yield Static(Content("\n").join(lines), classes="ways")


class DevicePane(Pane):
    """A page, a code to type there, and the page as a QR code for a phone."""

    def __init__(self, code: str, page: str, ends_at: float, now: Now, glyphs: Glyphs) -> None:
        """A code that waits to be typed.

        Args:
            code: Clean.
            page: Where it is typed.
            ends_at: Unix seconds.
            now: Unix seconds.
            glyphs: Marks to draw with; plain ones leave the QR code out.
        """
        super().__init__()
        self._page = page
        self._glyphs = glyphs
        self._tiles = CodeTiles(code, glyphs)
        self._countdown = Countdown("Waiting for the page", "code ends in", ends_at, now, glyphs)
        self._qr_code = QrCode()
        self._text = Vertical(classes="text")
        self._picture = Vertical(classes="picture")
        self._room = Size(0, 0)

    def compose(self) -> ComposeResult:
        with Horizontal(classes="columns"):
            with self._text:
                yield Step(
                    1, Content("Open this page on any device"), Address(self._page, self._glyphs)
                )
                copy = keyed("y", "copy", muted(self))
                words = Content.assemble("Type this code there", " " * HINT_GAP, copy)
                yield Step(2, words, self._tiles)
                yield Step(3, Content("Come back. This screen goes on by itself."))
                yield self._countdown
                yield Static("", classes="news muted")
                with Horizontal(classes="warning"):
                    yield Static(Content(self._glyphs.needs_you), classes="mark")
                    yield Static(
                        Content.assemble(
                            ("Never type a code that somebody sent you.\n", "bold"),
                            ("Nor share yours: it opens your account.", muted(self)),
                        )
                    )
            with self._picture:
                yield self._qr_code
                yield Static(Content("the page, for a phone"), classes="caption muted")

    def on_mount(self) -> None:
        if not self._glyphs.is_ascii:
            # Making the first one takes an import, and the code itself comes first.
            self.call_after_refresh(self._draw)

    def fit(self, room: Size, *, is_low: bool) -> None:
        self._room = room
        self._tiles.is_low = is_low
        text = max(TEXT_COLUMNS, NUMBER_COLUMNS + self._tiles.tiles_width + 1)
        self._qr_code.room = (room.width - text, room.height - 1)
        has_picture = bool(self._qr_code.side)
        self._picture.display = has_picture
        self._text.styles.width = text if has_picture else "1fr"

    def _draw(self) -> None:
        self._qr_code.modules = modules_of(self._page)
        self.fit(self._room, is_low=self._tiles.is_low)


class BrowserPane(Pane):
    """An address that a browser opens, and a field for the one that it ends on."""

    def __init__(
        self,
        url: str,
        port: int,
        ends_at: float,
        now: Now,
        glyphs: Glyphs,
        *,
        is_opened: bool,
        problem: str = "",
    ) -> None:
        """An address that waits to be opened.

        Args:
            url: The page of the issuer.
            port: Where its answer is waited for.
            ends_at: Unix seconds.
            now: Unix seconds.
            glyphs: Marks to draw with.
            is_opened: Whether a browser was told to open it.
            problem: Why none was, where that was tried.
        """
        super().__init__()
        self._url = url
        self._glyphs = glyphs
        self._is_opened = is_opened
        self._problem = problem
        words = f"Waiting for the page on port {port}"
        self._countdown = Countdown(words, "ends in", ends_at, now, glyphs)

    def compose(self) -> ComposeResult:
        words = (
            "Sign in on the page that your browser shows"
            if self._is_opened
            else "Open this address in your browser"
        )
        address = Address(self._url, self._glyphs, rows=None)
        copy = keyed("y", "copy", muted(self))
        yield Step(1, Content.assemble(words, " " * HINT_GAP, copy), address)
        yield Step(2, Content("Come back. This screen goes on by itself."))
        yield self._countdown
        yield Static("", classes="news muted")
        yield Static(
            Content.assemble(
                ("The page cannot come back to this machine, as over SSH?\n", muted(self)),
                keyed("p", "pastes the address that it ended on", muted(self)),
            ),
            classes="hint",
        )
        with Vertical(classes="field"):
            words = Content("The whole address that the page ended on, then enter")
            yield Static(words, classes="question")
            field = Input(max_length=PASTE_LIMIT, compact=True, select_on_focus=False)
            field.cursor_blink = False
            yield from _asking(self._glyphs, field)
            yield Trouble()

    def on_mount(self) -> None:
        self.show_news(self._problem)

    @property
    def field(self) -> Input:
        """Where the address is pasted."""
        return self.query_one(Input)

    def open_field(self, text: str = "") -> None:
        """Show the field and take the keys."""
        self.add_class("-pasting")
        self.field.value = text
        self.field.focus()
        self.bring(".field .question, .asking")

    def close_field(self) -> None:
        """Put the field away, and what is in it."""
        self.remove_class("-pasting")
        self.field.value = ""
        self.show_answer(None)

    def show_answer(self, failure: Failure | None) -> None:
        """Say why what was pasted is of no use."""
        self.query_one(Trouble).show(failure)
        self.bring(".asking, Trouble")


class KeyPane(Pane):
    """A field for an API key, which is never shown."""

    def __init__(self, host: str, facts: Sequence[str], glyphs: Glyphs) -> None:
        """An empty field.

        Args:
            host: Where the key is good.
            facts: What becomes of the key, a sentence each.
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._host = host
        self._facts = facts
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        words = Content(f"An API key for {self._host}, then enter. It is not shown.")
        yield Static(words, classes="question")
        yield from _asking(self._glyphs, HiddenInput(self._glyphs))
        yield Static(Content("\n".join(self._facts)), classes="facts muted")
        yield Static(Content("Checking"), classes="checking muted")
        yield Trouble(classes="answer")

    @property
    def field(self) -> Input:
        """Where the key is typed."""
        return self.query_one(Input)

    def take_focus(self) -> None:
        self.field.focus()

    def show_checking(self, is_checking: bool) -> None:
        """Say that the key is being tried."""
        self.set_class(is_checking, "-checking")
        if is_checking:
            self.bring(".checking")

    def show_answer(self, failure: Failure | None) -> None:
        """Say why the key is of no use."""
        self.query_one(Trouble).show(failure)
        self.bring(".asking, Trouble")


def _asking(glyphs: Glyphs, field: Input) -> ComposeResult:
    with Horizontal(classes="asking"):
        yield Static(Content(glyphs.prompt), classes="prompt")
        yield field
