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
_NONCHARACTERS: Final = "\ufdd0-\ufdef\ufffe\uffff" + "".join(
    chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 17)
)
_TAGS: Final = "\U000e0000-\U000e0fff"
_JAMO: Final = "\u1161-\u11ff\ud7b0-\ud7fb"
# Everything that may be a mark, a joiner or a selector: no word character (marks are none) and
# outside the blocks of symbols and punctuation that hold no mark. What it takes too much is sorted
# out character by character; without it, a table of all marks would have to be built at start.
_EXTENDER: Final = (
    "(?:[^\\w\x00-\xbf\u2010-\u2027\u2030-\u205e\u20a0-\u20cf\u2100-\u2ce4\u2e00-\u3029"
    f"\u3030-\u3098\u309b-\u33ff\ue000-\uf8ff\uff00-\uffff\U0001f000-\U0001faff]|[{_JAMO}])"
)

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _Rules:
    """Tables of one kind of text. Built once, when the first text that is not plain comes."""

    def __init__(self, *, code: bool) -> None:
        visible = _BIDI + _INVISIBLE + _JOINERS + _SELECTORS
        simple = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029" + _NONCHARACTERS + _BIDI + _INVISIBLE
        if code:
            simple += _JOINERS + _SELECTORS
        self.special = re.compile(f"[{simple}]+")
        self.tags = re.compile(f"[{_TAGS}]+")
        self.table: dict[int, str] = {
            **dict.fromkeys(_members("\x80-\x9f" + _NONCHARACTERS), "�"),
            **{code_point: chr(0x2400 + code_point) for code_point in range(0x20)},
            **dict.fromkeys((0x2028, 0x2029), "\n"),
            0x7F: "\u2421",
            0x09: "    ",
            0x0A: "\n",
        }
        if code:
            self.table |= {point: f"⟨{point:04X}⟩" for point in _members(visible)}
        else:
            self.table |= dict.fromkeys(_members(_BIDI), "\ufffd")
            self.table |= dict.fromkeys(_members(_INVISIBLE), "")
        # Runs that hold more than a base may carry, or that have no base. Runs of up to four marks
        # with at most one joiner or selector, at their end, are right as they are.
        narrow = f"[{_JOINERS}{_SELECTORS}]"
        self.crowd = re.compile(
            f"\\A{_EXTENDER}+|\n{_EXTENDER}+|{_EXTENDER}{{5,}}|{_EXTENDER}{{0,3}}{narrow}{_EXTENDER}+"
        )


@cache
def _rules(*, code: bool) -> _Rules:
    return _Rules(code=code)


def _members(ranges: str) -> Iterator[int]:
    """Code points of the inside of a character class."""
    for first, last in re.findall("(.)(?:-(.))?", ranges, re.DOTALL):
        yield from range(ord(first), ord(last or first) + 1)


@dataclass(slots=True)
class _Base:
    """What the last base carries so far."""

    exists: bool = False
    """False at the start of a line."""
    marks: int = 0
    joiners: int = 0
    selectors: int = 0

    def takes(self, character: str) -> bool:
        """Count this character, and say whether it may stay."""
        if character in _JOINERS:
            self.joiners += 1
            return self.exists and self.joiners == 1
        if "\ufe00" <= character <= "\ufe0f":
            self.selectors += 1
            return self.exists and self.selectors == 1
        if _is_mark(character):
            self.marks += 1
            return self.exists and self.marks <= MARK_LIMIT
        self.exists = character != "\n"
        self.marks = self.joiners = self.selectors = 0
        return True


def _is_mark(character: str) -> bool:
    return (
        unicodedata.category(character)[0] == "M"
        or "\u1161" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _is_extender(character: str) -> bool:
    return not character.isascii() and (character in _JOINERS or _is_mark(character))


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
        residue = _residue(text)
        if _SURROGATE.search(residue):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            residue = _residue(text)
        swallow = self._after_return and text[0] == "\n"
        self._after_return = text[-1] == "\r"
        if swallow:
            text = text[1:]
        if residue.strip("\n"):
            text = self._replace(text, residue)
        elif text:
            self._in_tags = False
        if not text:
            return ""
        # Marks of this piece may belong to the end of the one before.
        if residue or not self._base.exists:
            text = self._cap(text)
        else:
            self._base = _Base(exists=True)
        return self._cut(text) if text else ""

    def _replace(self, text: str, residue: str) -> str:
        """Give each character its own form, and each run of tags its badge."""
        if "\r" in residue:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if "\t" in residue:
            text = text.replace("\t", "    ")
        rules = _rules(code=self._code)
        if rules.special.search(residue):
            # One call for each run is cheap while runs are few; else one walk over everything.
            if len(residue) * 8 > len(text):
                text = text.translate(rules.table)
            else:
                text = rules.special.sub(lambda run: run[0].translate(rules.table), text)
        if not text:
            return ""
        was_in_tags, self._in_tags = self._in_tags, bool(rules.tags.match(text[-1]))
        if rules.tags.search(residue):
            if was_in_tags and (run := rules.tags.match(text)):
                text = text[run.end() :]
            text = rules.tags.sub(HIDDEN, text)
        return text

    def _cap(self, text: str) -> str:
        """Drop what is too much for its base, or has none."""
        base = self._base

        def kept(run: re.Match[str]) -> str:
            carried = base if run.start() == 0 else _Base(exists=True)
            return "".join(filter(carried.takes, run[0]))

        rules = _rules(code=self._code)
        if not text.isascii() and rules.crowd.search(text):
            text = rules.crowd.sub(kept, text)
        start = len(text)
        while start and _is_extender(text[start - 1]):
            start -= 1
        if start:
            self._base = _Base(exists=text[start - 1] != "\n")
            for character in text[start:]:
                self._base.takes(character)
        return text

    def _cut(self, text: str) -> str:
        """Cut lines that are too long, across pieces."""
        if not self._is_cut and self._column + len(text) <= LINE_LIMIT:
            newline = text.rfind("\n")
            self._column = self._column + len(text) if newline < 0 else len(text) - newline - 1
            return text
        parts: list[str] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                parts.append("\n")
                self._column = 0
                self._is_cut = False
            room = LINE_LIMIT - self._column
            if self._is_cut:
                continue
            parts.append(line[:room])
            self._column += len(line)
            if len(line) > room:
                parts.append(LINE_CUT)
                self._is_cut = True
        return "".join(parts)


def _clean_whole(text: str, *, code: bool) -> str:
    if (
        len(text) <= LINE_LIMIT
        and text.isascii()
        and not text.encode().translate(None, _PLAIN_BYTES).strip(b"\n")
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
