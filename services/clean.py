"""The one function through which all remote text passes, and its streaming form.

What a server, a file or a child process says can hold bytes that drive the terminal, turn the
reading direction, or hide text. Each class of them has one fixed form on the screen:

| class | prose | code, diffs, paths, URLs |
|---|---|---|
| ESC, NUL, other C0, DEL | control pictures (`␛`) | the same |
| CRLF, CR, U+2028, U+2029 | LF | the same |
| TAB | four spaces | the same |
| C1, lone surrogates, noncharacters | U+FFFD | the same |
| bidirectional controls | U+FFFD | `⟨202E⟩` |
| invisible format characters and fillers | removed | `⟨200B⟩` |
| joiners, variation selectors | at most one of each a base | `⟨200D⟩` |
| combining marks | at most 4 a base, none without one | the same |
| tag characters | removed, `[hidden text]` once a run | the same |
| a line | cut at 200 KiB, and said so | the same |

All functions are idempotent and never raise.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

LINE_LIMIT: Final = 200 * 1024
"""Characters of one line; what follows up to the next newline is dropped."""
LINE_CUT: Final = "… [line cut]"
"""Stands where a line was cut."""
HIDDEN: Final = "[hidden text]"
"""Stands where tag characters were."""
MARK_LIMIT: Final = 4
"""Combining marks of one base."""

_PLAIN_BYTES: Final = bytes(range(0x20, 0x7F))
_JOINERS: Final = "\u200c\u200d"
_SELECTORS: Final = "\ufe00-\ufe0f"
_BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_BROKEN: Final = "\x80-\x9f\ufdd0-\ufdef\ufffe\uffff"
# Hangul vowels and finals take no cell of their own: they pile up on a base as marks do.
_JAMO: Final = "\u1161-\u11ff\ud7b0-\ud7fb"
# Blocks that hold marks; a walk over all of Unicode would be felt when the first one comes.
_MARK_BLOCKS: Final = ((0x0300, 0x3100), (0xA660, 0xAC00), (0xFB1E, 0xFB1F), (0xFE20, 0xFE30))
_ASTRAL_MARK_BLOCKS: Final = ((0x10000, 0x12000), (0x16000, 0x17000), (0x1BC00, 0x1F000))

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_TAGS: Final = re.compile("[\U000e0000-\U000e0fff]+")
_ASTRAL: Final = re.compile("[\U00010000-\U0001efff\U0001fb00-\U0010ffff]")
# All that may need a change, and some letters beside it. Most texts hold none of it: no control,
# no script with marks, nothing astral but emoji.
_UNUSUAL: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u20d0-\u20ff\u2c00-\u2dff\u302a-\u302f\u3099\u309a\u3164"
    "\ua660-\uabff\ud7b0-\udfff\ufb1e\ufdd0-\ufdef\ufe00-\ufe2f\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\U00010000-\U0001efff\U0001fb00-\U0010ffff]"
)
_ROUNDS: Final = 48
"""Kinds of special character that are replaced one after the other, before a walk is cheaper."""


class _Forms:
    """What becomes of a character, whatever stands beside it."""

    def __init__(self, *, code: bool) -> None:
        hidden = _BIDI + _INVISIBLE + (_JOINERS + _SELECTORS if code else "")
        self.special = re.compile(f"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029{_BROKEN}{hidden}]")
        self.table: dict[int, str] = {
            **{code_point: chr(0x2400 + code_point) for code_point in range(0x20)},
            **dict.fromkeys(_members(_BROKEN), "\ufffd"),
            0x7F: "\u2421",
            0x09: "\t",
            0x0A: "\n",
            0x2028: "\n",
            0x2029: "\n",
        }
        if code:
            self.table |= {point: f"⟨{point:04X}⟩" for point in _members(hidden)}
        else:
            self.table |= dict.fromkeys(_members(_BIDI), "\ufffd")
            self.table |= dict.fromkeys(_members(_INVISIBLE), "")

    def apply(self, text: str, residue: str) -> str:
        """Give each special character its form; `residue` holds all of them in order."""
        found = self.special.search(residue)
        for _ in range(_ROUNDS):
            if not found:
                return text
            text = text.replace(found[0], self.table[ord(found[0])])
            residue = residue[found.start() :].replace(found[0], "")
            found = self.special.search(residue)
        return text.translate(self.table)


@cache
def _forms(*, code: bool) -> _Forms:
    return _Forms(code=code)


def _members(ranges: str) -> Iterator[int]:
    """Code points of the inside of a character class."""
    for first, last in re.findall("(.)(?:-(.))?", ranges, re.DOTALL):
        yield from range(ord(first), ord(last or first) + 1)


class _Extenders:
    """Marks, joiners and selectors: what is drawn onto the base before it.

    Args:
        astral: Know the marks above U+FFFF too.
    """

    def __init__(self, *, astral: bool) -> None:
        blocks = _MARK_BLOCKS + (_ASTRAL_MARK_BLOCKS if astral else ())
        marks = "".join(
            chr(code_point)
            for first, end in blocks
            for code_point in range(first, end)
            if unicodedata.category(chr(code_point))[0] == "M"
        )
        self._one = re.compile(f"[{marks}{_JAMO}{_JOINERS}{_SELECTORS}]")
        # The engine finds characters up to U+FFFF in a map, and compares others with range after
        # range. So one range stands for all astral marks, and `kept` tells them from letters.
        near = "".join(mark for mark in marks if mark <= "\uffff")
        far = "\U00010000-\U0001efff" if astral else ""
        any_of = f"[{near}{_JAMO}{_JOINERS}{_SELECTORS}{far}]"
        self.leading = re.compile(f"{any_of}+")
        # Each begins with a class and not with a repeat, which the regex engine scans for fast.
        self._homeless = re.compile(f"\n{any_of}+")
        self._crowds = tuple(
            re.compile(pattern)
            for pattern in (
                f"{any_of}{any_of}{{4,}}",
                f"[{_JOINERS}]{any_of}{{0,2}}[{_JOINERS}]",
                f"[{_SELECTORS}]{any_of}{{0,2}}[{_SELECTORS}]",
            )
        )

    def cap(self, text: str) -> str:
        """Drop what is too much for its base; what stands first in `text` has one."""
        residue = _residue(text)
        if self._homeless.search(residue):
            text = self._homeless.sub(lambda run: "\n" + self.kept(run[0][1:], _Base()), text)
        for crowd in self._crowds:
            if crowd.search(residue):
                text = crowd.sub(lambda run: self.kept(run[0], _Base(exists=True)), text)
        return text

    def kept(self, run: str, base: "_Base") -> str:
        """What of `run` may stay on `base` and on the letters in it; `base` is the last of them."""
        parts: list[str] = []
        for character in run:
            if not self._one.match(character):
                base.begin()
                parts.append(character)
            elif base.takes(character):
                parts.append(character)
        return "".join(parts)

    def length_at_end(self, text: str) -> int:
        """How many characters at the end of `text` are none that has a cell."""
        start = len(text)
        while start and self._one.match(text, start - 1):
            start -= 1
        return len(text) - start


@cache
def _extenders(*, astral: bool) -> _Extenders:
    return _Extenders(astral=astral)


@dataclass(slots=True)
class _Base:
    """What the last character that has a cell carries so far."""

    exists: bool = False
    """False at the start of a line."""
    marks: int = 0
    joiners: int = 0
    selectors: int = 0

    def begin(self) -> None:
        """Another character that has a cell stands here."""
        self.exists = True
        self.marks = self.joiners = self.selectors = 0

    def takes(self, extender: str) -> bool:
        """Count this one, and say whether it may stay."""
        if extender in _JOINERS:
            self.joiners += 1
            return self.exists and self.joiners == 1
        if "\ufe00" <= extender <= "\ufe0f":
            self.selectors += 1
            return self.exists and self.selectors == 1
        self.marks += 1
        return self.exists and self.marks <= MARK_LIMIT


def _residue(text: str) -> str:
    """All of `text` but printable ASCII, in order: little, in most texts."""
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_BYTES)
    return rest.decode("utf-8", "surrogatepass")


class Cleaner:
    """Cleans a text that comes in pieces.

    However the text is split, the pieces that come out join to what `clean` makes of the whole.
    One cleaner serves one text.

    Args:
        code: Show what is invisible instead of removing it, as `clean_code` does.
    """

    def __init__(self, *, code: bool = False) -> None:
        self._code = code
        self._held = ""
        self._after_return = False
        self._in_tags = False
        self._base = _Base()
        self._column = 0
        self._is_cut = False

    def feed(self, delta: str) -> str:
        """The clean form of the next piece; may be empty while half a character waits."""
        text = self._held + delta
        self._held = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._held = text[:-1], text[-1]
        return self._clean(text) if text else ""

    def flush(self) -> str:
        """What still waited: the text is whole."""
        text, self._held = self._held, ""
        return self._clean(text) if text else ""

    def _clean(self, text: str) -> str:
        if self._after_return and text[0] == "\n":
            text = text[1:]
        self._after_return = text.endswith("\r")
        residue = _residue(text)
        if _UNUSUAL.search(residue):
            text = self._rewrite(text, residue)
        elif text:
            self._in_tags = False
            self._base = _Base(exists=text[-1] != "\n")
        return self._cut(text) if text else ""

    def _rewrite(self, text: str, residue: str) -> str:
        if _SURROGATE.search(residue):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            residue = _residue(text)
        if "\r" in residue:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            residue = residue.replace("\r", "")
        text = text.replace("\t", "    ")
        text = _forms(code=self._code).apply(text, residue)
        if not text:
            return ""
        was_in_tags, self._in_tags = self._in_tags, bool(_TAGS.match(text[-1]))
        if was_in_tags and (run := _TAGS.match(text)):
            text = text[run.end() :]
        if _TAGS.search(residue):
            text = _TAGS.sub(HIDDEN, text)
        is_astral = bool(_ASTRAL.search(residue) and _ASTRAL.search(text))
        return self._cap(text, is_astral=is_astral) if text else ""

    def _cap(self, text: str, *, is_astral: bool) -> str:
        """Drop extenders that are too many for their base, which may be of an earlier piece."""
        if text.isascii():
            self._base = _Base(exists=text[-1] != "\n")
            return text
        extenders = _extenders(astral=is_astral)
        carried = ""
        if leading := extenders.leading.match(text):
            carried = extenders.kept(leading[0], self._base)
            text = text[leading.end() :]
        if text:
            text = extenders.cap(text)
            length = extenders.length_at_end(text)
            self._base = _Base(exists=text[-1] != "\n")
            for extender in text[len(text) - length :]:
                self._base.takes(extender)
        return carried + text

    def _cut(self, text: str) -> str:
        """Cut lines that are too long, across pieces."""
        if not self._is_cut and _lines_fit(text, LINE_LIMIT - self._column):
            newline = text.rfind("\n")
            self._column = self._column + len(text) if newline < 0 else len(text) - newline - 1
            return text
        parts: list[str] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                parts.append("\n")
                self._column = 0
                self._is_cut = False
            if self._is_cut:
                continue
            room = LINE_LIMIT - self._column
            parts.append(line[:room])
            self._column += len(line)
            if len(line) > room:
                parts.append(LINE_CUT)
                self._is_cut = True
        return "".join(parts)


def _lines_fit(text: str, room: int) -> bool:
    """Whether no line is too long, where the first one has `room` characters."""
    start = 0
    while start + room < len(text):
        # The last newline that is near enough: all lines before it are short enough by themselves.
        newline = text.rfind("\n", start, start + room + 1)
        if newline < 0:
            return False
        start = newline + 1
        room = LINE_LIMIT
    return True


def _clean_whole(text: str, *, code: bool) -> str:
    if (
        text.isascii()
        and not text.encode().translate(None, _PLAIN_BYTES).strip(b"\n")
        and _lines_fit(text, LINE_LIMIT)
    ):
        return text
    cleaner = Cleaner(code=code)
    return cleaner.feed(text) + cleaner.flush()


def clean(text: str) -> str:
    """Prose of any number of lines, as it may be shown and stored."""
    return _clean_whole(text, code=False)


def clean_code(text: str) -> str:
    """Code, a diff, a path or a URL: what is invisible in it becomes visible."""
    return _clean_whole(text, code=True)


def clean_line(text: str, limit: int = 200) -> str:
    """Prose on one line of at most `limit` characters; what was cut ends with an ellipsis.

    Blanks stand for newlines. A path or URL passes `clean_code` first.
    """
    # Enough for any line that is not mostly made of what is removed.
    rough = text[: limit * 64 + 4096]
    line = " ".join(part for whole in clean(rough).split("\n") if (part := whole.strip()))
    is_short = len(line) <= limit and len(rough) == len(text)
    line = line[: limit if is_short else limit - 1]
    # A mark that loses the blank it stood on is dropped, which may bare another blank.
    while (bare := clean(line).strip()) != line:
        line = bare
    return line if is_short or line.endswith("…") else line + "…"
