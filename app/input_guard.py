"""What a terminal sends, cut into keys, reports and pastes before Textual reads it.

The rules and their reasons: docs/decisions/0004-paste.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

ESCAPE_DELAY = 0.1
"""Seconds after which an ESC without more was the key."""
SEQUENCE_DELAY = 0.5
"""Seconds after which a sequence that began is given up; a slow line may cut it in two."""
STRING_DELAY = 1.0
"""Seconds of silence after which an answer that was not ended is given up."""
PASTE_TAIL = 0.08
"""Seconds of silence after which a paste is over."""
TAIL_LIMIT = 1.0
"""Seconds after which what little came behind a paste was typed."""
TAIL_CHARACTERS = 64
"""As much as keys held down can send within `TAIL_LIMIT`."""
PASTE_STALL = 1.0
"""Seconds of silence inside a paste after which it is handed on, and Ctrl-C ends it."""
BURST = 32
"""Characters that came at once, with line ends among them: a paste without brackets."""

PASTE_START = "\x1b[200~"
PASTE_END = "\x1b[201~"
CTRL_C = ("\x03", "\x1b[99;5u")
NAMED_ALT_KEYS: Mapping[str, str] = {
    "\r": "alt+enter",
    "\n": "alt+enter",
    "\t": "shift+tab",
    "\x7f": "alt+backspace",
    "_": "alt+underscore",
}
ALT_KEYS = frozenset("bdf")
"""Alt with these means something to the composer; with another letter it was Esc, then it."""

_CSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_OPEN_CSI = re.compile(r"\x1b\[[0-?]*[ -/]*\Z")
_BROKEN_CSI = re.compile(r"\x1b\[[0-?]*[ -/]*")
_MOUSE = re.compile(r"\x1b\[<[^Mm\x1b]{0,48}[Mm]")
_OPEN_MOUSE = re.compile(r"\x1b\[<[^Mm\x1b]{0,48}\Z")
_GOOD_MOUSE = re.compile(r"\x1b\[<\d{1,4};-?\d{1,6};-?\d{1,6}[Mm]")
_EXTENDED_KEY = re.compile(
    r"\x1b\[(\d{0,7})(?:;(\d{0,3}))(?:;(\d{1,7}(?::\d{1,7})*)?)?[u~A-FHPQS]|\x1b\[(\d{1,7})[u~]"
)
_REPORT = re.compile(r"\x1b\[(?:[IO]|\?\d{1,5};\d\$y|48;\d{1,5};\d{1,5};\d{1,6};\d{1,6}t)")
_STRING = re.compile(r"\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\)")
_OPEN_STRING = re.compile(r"\x1b[\]PX^_][^\x07\x1b\x9c]*\x1b?\Z")
_MARKER = re.compile(r"\x1b\[20[01]~")
_PLAIN = re.compile(r"[^\x1b]+")
_LINES = re.compile(r"[\r\n](?=[\s\S]*[^\s])")


@dataclass(frozen=True, slots=True)
class Typed:
    """Whole keys and reports that Textual's parser knows; never part of one."""

    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """One key that came as bytes which could mean several things."""

    key: str
    character: str | None


@dataclass(frozen=True, slots=True)
class Pasted:
    """Text that is only ever text."""

    text: str


Token: TypeAlias = Typed | Pressed | Pasted


class InputGuard:
    """A state machine over what was read. Pure: time comes in with each call."""

    def __init__(self, alt_keys: frozenset[str] = ALT_KEYS) -> None:
        """At the start of a session.

        Args:
            alt_keys: Characters that stay Alt keys; another one is Esc and then the character.
        """
        self._alt_keys = alt_keys
        self._held: str = ""
        self._read_at = 0.0
        self._is_pasting = False
        self._paste: list[str] = []
        self._tail_since: float | None = None
        self._burst_at = float("-inf")

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do, in the seconds of `now`; None for never."""
        if self._is_pasting:
            return self._read_at + PASTE_STALL if self._paste else None
        if self._tail_since is not None:
            quiet = self._read_at + PASTE_TAIL
            if len(self._held) > TAIL_CHARACTERS:
                return quiet
            return min(quiet, self._tail_since + TAIL_LIMIT)
        if not self._held:
            return None
        return self._read_at + self._patience()

    def feed(self, data: str, now: float) -> list[Token]:
        """Take what was read at once.

        Args:
            data: Decoded.
            now: Monotonic seconds.
        """
        tokens = self.tick(now)
        was_stalled = now - self._read_at >= PASTE_STALL
        self._read_at = now
        if self._is_pasting:
            if was_stalled and data in CTRL_C:
                return [*tokens, *self._end_paste(None)]
            return tokens + self._read_paste(data, now)
        if self._tail_since is not None:
            self._held += data
            return tokens + self._read_tail(now)
        is_behind_burst = now - self._burst_at < PASTE_TAIL and "\x1b" not in data
        if not self._held and (is_behind_burst or _is_burst(data)):
            self._burst_at = now
            return [*tokens, Pasted(data)]
        self._held += data
        return tokens + self._read_keys(now)

    def tick(self, now: float) -> list[Token]:
        """Give up waiting for what did not come in time."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return []
        if self._is_pasting:
            return self._hand_on()
        if self._tail_since is not None:
            self._tail_since = None
            return self._read_keys(now)
        held, self._held = self._held, ""
        if held.startswith("\x1b") and len(held) == 2:
            return self._with_escape(held[1])
        return [Pressed("escape", "\x1b")] if held == "\x1b" else []

    def _patience(self) -> float:
        if self._held[1:2] in ("[", "O"):
            return SEQUENCE_DELAY
        is_string = len(self._held) > 2 and self._held[1] in "]PX^_"
        return STRING_DELAY if is_string else ESCAPE_DELAY

    def _read_paste(self, data: str, now: float) -> list[Token]:
        data = self._held + data
        self._held = ""
        end = data.find(PASTE_END)
        if end < 0:
            kept = _partial_marker(data)
            self._held = data[len(data) - kept :]
            self._keep(data[: len(data) - kept])
            return []
        self._keep(data[:end])
        tokens = self._end_paste(now)
        self._held = data[end + len(PASTE_END) :]
        return tokens + (self._read_tail(now) if self._held else [])

    def _hand_on(self) -> list[Token]:
        """Show what came of a paste whose end does not come; what could be its end stays held."""
        text = "".join(self._paste)
        self._paste.clear()
        return [Pasted(text)]

    def _keep(self, text: str) -> None:
        if text:
            self._paste.append(text)

    def _end_paste(self, now: float | None) -> list[Token]:
        text = "".join(self._paste)
        self._paste.clear()
        self._held = ""
        self._is_pasting = False
        self._tail_since = now
        return [Pasted(text)] if text else []

    def _read_tail(self, now: float) -> list[Token]:
        """Right after a paste: another marker says that all up to it belongs to the paste."""
        markers = list(_MARKER.finditer(self._held))
        if not markers:
            return []
        last = markers[-1]
        held, self._held = self._held, ""
        text = _MARKER.sub("", held[: last.start()])
        rest = held[last.end() :]
        if last.group() == PASTE_START:
            self._is_pasting = True
            self._tail_since = None
            self._keep(text)
            return self._read_paste(rest, now) if rest else []
        self._tail_since = now
        self._held = rest
        return [Pasted(text)] if text else []

    def _read_keys(self, now: float) -> list[Token]:
        tokens: list[Token] = []
        data, at = self._held, 0
        self._held = ""
        while at < len(data):
            if data.startswith(PASTE_START, at):
                self._is_pasting = True
                return tokens + self._read_paste(data[at + len(PASTE_START) :], now)
            taken, found = self._one(data, at)
            if not taken:
                self._held = data[at:]
                break
            tokens += found
            at += taken
        return tokens

    def _one(self, data: str, at: int) -> tuple[int, list[Token]]:
        """The token at `at` and how many characters it took; 0 while it is not whole."""
        plain = _PLAIN.match(data, at)
        if plain:
            return len(plain.group()), [Typed(plain.group())]
        following = data[at + 1 : at + 2]
        if not following:
            return 0, []
        if following == "\x1b":
            return 1, [Pressed("escape", "\x1b")]
        if following == "[":
            return self._control(data, at)
        if following == "O":
            if len(data) < at + 3:
                return 0, []
            return 3, _known(data[at : at + 3])
        if following in "]PX^_":
            return self._string(data, at)
        return 2, self._with_escape(following)

    def _control(self, data: str, at: int) -> tuple[int, list[Token]]:
        """A sequence that begins with CSI."""
        if data.startswith("\x1b[[", at):
            return (4, _known(data[at : at + 4])) if len(data) >= at + 4 else (0, [])
        if data.startswith("\x1b[M", at):
            # The oldest form of a mouse report: three characters, which may be anything.
            return (6, []) if len(data) >= at + 6 else (0, [])
        if data.startswith("\x1b[<", at):
            mouse = _MOUSE.match(data, at)
            if mouse:
                text = mouse.group()
                return len(text), [Typed(text)] if _GOOD_MOUSE.fullmatch(text) else []
            if _OPEN_MOUSE.match(data, at):
                return 0, []
        whole = _CSI.match(data, at)
        if whole:
            text = whole.group()
            return len(text), _known(text)
        if _OPEN_CSI.match(data, at):
            return 0, []
        broken = _BROKEN_CSI.match(data, at)
        return len(broken.group()) if broken else 1, []

    def _string(self, data: str, at: int) -> tuple[int, list[Token]]:
        """An answer (OSC, DCS, APC …): dropped as a whole."""
        whole = _STRING.match(data, at)
        if whole:
            return len(whole.group()), []
        if _OPEN_STRING.match(data, at):
            return 0, []
        end = data.find("\x1b", at + 2)
        return (end if end >= 0 else len(data)) - at, []

    def _with_escape(self, character: str) -> list[Token]:
        """ESC and one character at once: Alt where that means something, else two keys."""
        if character in NAMED_ALT_KEYS:
            return [Pressed(NAMED_ALT_KEYS[character], None)]
        if character in self._alt_keys:
            return [Pressed(f"alt+{character}", None)]
        return [Pressed("escape", "\x1b"), Typed(character)]


def _known(sequence: str) -> list[Token]:
    """A whole sequence, if Textual's parser can read it; others are never typed text."""
    if sequence in ANSI_SEQUENCES_KEYS or _REPORT.fullmatch(sequence):
        return [Typed(sequence)]
    found = _EXTENDED_KEY.fullmatch(sequence)
    if found is None:
        return []
    code, _modifiers, text, single = found.groups()
    numbers = [
        int(number) for number in (code or single or "1", *(text or "").split(":")) if number
    ]
    if not all(_is_character(number) for number in numbers):
        return []
    if len(numbers) > 2:
        # Several characters at once come from an input method; the parser knows no long sequence.
        written = "".join(chr(number) for number in numbers[1:])
        return [Typed(written)] if written.isprintable() else []
    return [Typed(sequence)]


def _is_character(code: int) -> bool:
    return code < 0xD800 or 0xE000 <= code <= 0x10FFFF


def _is_burst(data: str) -> bool:
    """Whether so much came at once, over line ends, that nobody typed it."""
    return len(data) >= BURST and "\x1b" not in data and _LINES.search(data) is not None


def _partial_marker(text: str) -> int:
    """How many characters at the end could be the beginning of the end of a paste."""
    for size in range(min(len(text), len(PASTE_END) - 1), 0, -1):
        if PASTE_END.startswith(text[-size:]):
            return size
    return 0
