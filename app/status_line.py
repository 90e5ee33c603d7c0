"""Limits for the status lines of tmux, starship and waybar: the fast path of the command line.

It runs every few seconds, all day, so it imports nothing that `python -c pass` has not already but
SQLite and `time`: `typing` alone would cost more than all that is done here. Time words and levels
are said again for that reason; tests hold them against `services.models`.
"""

import os
import time

from app.status_store import database_path, query, sqlite

FORMATS = ("plain", "tmux", "starship", "waybar")
OLD = 900.0
"""Seconds after which numbers are called old."""
MOST = 2
"""Windows in a line; those nearest to their end."""
NAME = 40
"""Characters of a window's name at most."""
MAIN = "codex"
"""Id of the limit whose windows need no name but their length."""
MINUTE, HOUR, DAY = 60, 3600, 86_400

STEPS = ((100.0, "out", 2), (95.0, "nearly out", 2), (90.0, "very low", 1), (75.0, "low", 1))
"""Percent used from which a level holds, its word, and its place in `TONES`."""
TONES = ("calm", "warning", "failed")
COLOURS = ("", "yellow", "red")
"""Of tmux, by tone; the user's own where nothing is wrong."""
NOTHING = {
    "unknown": "limits unknown",
    "signed_out": "limits: signed out",
    "api_key": "limits: API key",
    "known": "no limits",
}
"""What is said where there are no windows, by the standing of the account."""
ACTIVE = dict.fromkeys(map(ord, "$`\\"), "\N{REPLACEMENT CHARACTER}")
"""What begins a command in the prompt of a shell; only names may have it."""


class Window:
    """One window, as the store's table of the status line has it; times in Unix seconds."""

    def __init__(self, row: "tuple[object, ...]") -> None:
        self.id = printable(row[0])
        self.limit_id = printable(row[1])
        self.limit_name = printable(row[2])
        self.seconds = _number(row[4])
        label = printable(row[3])
        if self.limit_id not in {"", MAIN} and self.seconds is not None:
            label = f"{self.limit_name or self.limit_id.replace('_', ' ')} {label}"
        self.name = label if len(label) <= NAME else f"{label[: NAME - 1]}…"
        """As `services.models.limit_terms.window_name`, but short."""
        self.used = min(100.0, max(0.0, _number(row[5]) or 0.0))
        self.is_refused = bool(row[6])
        self.resets_at = _number(row[7])
        self.as_of = _number(row[8]) or 0.0
        self.source = printable(row[9])
        self.forecast = printable(row[10])
        self.quantiles = (_number(row[11]), _number(row[12]), _number(row[13]))
        """Run-out at the 10th, 50th and 90th percentile; None where it lasts until the reset."""
        self.is_likely = self.forecast == "runs_out" and self.quantiles[1] is not None
        """Whether it is more likely than not to run out before the reset."""

    @property
    def pressure(self) -> "tuple[bool, bool, float, float]":
        """Sorts the one first that is nearest to its end."""
        is_out = self.is_refused or self.used >= 100.0
        return not is_out, not self.is_likely, -self.used, self.seconds or 0.0

    @property
    def level(self) -> "tuple[str, int]":
        """How near it is to its end, as a word, and the tone of it."""
        if self.is_refused:
            return "refused", 2
        for least, word, tone in STEPS:
            if self.used >= least:
                return word, tone
        return ("runs out", 1) if self.is_likely else ("", 0)

    def words(self, shows: str, now: float) -> str:
        """`5h 12% left low 1h12`."""
        shown = self.used if shows == "used" else 100.0 - self.used
        parts = [self.name, percent(shown), shows, self.level[0]]
        if self.resets_at is not None:
            is_due = self.resets_at <= now and self.as_of < self.resets_at
            parts.append("due" if is_due else countdown(self.resets_at - now))
        return " ".join(part for part in parts if part)


class Status:
    """What the store knows of the limits of one account."""

    def __init__(self, facts: "tuple[object, ...]", rows: "list[tuple[object, ...]]") -> None:
        self.standing = printable(facts[0])
        self.account = str(facts[1])
        self.as_of = _number(facts[3])
        self.source = printable(facts[4])
        self.plan = printable(facts[5])
        self.allowed = None if facts[6] is None else bool(facts[6])
        self.limit_reached = None if facts[7] is None else bool(facts[7])
        self.has_failed = facts[8] is not None
        """Whether the last poll failed."""
        self.shows = "used" if facts[9] == "used" else "left"
        self.windows = [Window(row) for row in rows]

    def pressing(self) -> "list[Window]":
        """The windows, the one that is nearest to its end first."""
        return sorted(self.windows, key=lambda each: each.pressure)

    def is_stale(self, now: float) -> bool:
        """Whether the numbers are old, or the last poll failed."""
        return self.has_failed or (self.as_of is not None and now - self.as_of > OLD)

    def age(self, now: float) -> str:
        """`20m old` where that should be known, else empty."""
        if self.as_of is None or not self.is_stale(now):
            return ""
        return f"{age(now - self.as_of)} old"


def run(form: str) -> int:
    """Print the line; it never fails, since a status line has no place for errors.

    Args:
        form: One of `FORMATS`.

    Returns:
        The exit code: 0, or 141 where nobody reads.
    """
    return print_line(form, read(database_path()))


def print_line(form: str, status: "Status | None") -> int:
    """Print what is known, or that nothing is; as `run`."""
    line = render(form, status, time.time()) + "\n"
    try:
        # Not the stream, which writes in the locale's encoding.
        os.write(1, line.encode("utf-8", "replace"))
    except BrokenPipeError:
        return 141
    except OSError:
        return 1
    return 0


def read(path: "str | None") -> "Status | None":
    """What the store knows.

    Returns:
        None where there is no database, or it cannot be read now, or has no limits yet.
    """
    if path is None:
        return None
    try:
        facts, rows, _ = query(path)
        return Status(facts, rows)
    except (sqlite.Error, OSError, ValueError, TypeError, IndexError):
        return None


# --- The line ------------------------------------------------------------------------------------


def render(form: str, status: "Status | None", now: float) -> str:
    """The line in one of `FORMATS`, without its end."""
    if form == "waybar":
        return _waybar(status, now)
    return _line(form, status, now)


def _line(form: str, status: "Status | None", now: float) -> str:
    """The line; for waybar it is still to be escaped."""
    if status is None or not status.windows:
        if status is not None and status.allowed is False:
            return _dressed(form, "calls are refused", COLOURS[2])
        return NOTHING.get("unknown" if status is None else status.standing, NOTHING["unknown"])
    parts = [
        _dressed(form, window.words(status.shows, now), COLOURS[window.level[1]])
        for window in status.pressing()[:MOST]
    ]
    if status.allowed is False:
        parts.append(_dressed(form, "calls are refused", COLOURS[2]))
    old = status.age(now)
    return f"{' · '.join(parts)}{f' ({old})' if old else ''}"


def _dressed(form: str, words: str, colour: str) -> str:
    """Words so that nothing in them is taken for more; in tmux in a colour."""
    if form == "tmux":
        return _styled(words, colour)
    if form == "waybar":
        return words
    # The prompt of a shell would run it, polybar at a click.
    return words.translate(ACTIVE).replace("%{", "%\N{REPLACEMENT CHARACTER}")


def _styled(words: str, colour: str) -> str:
    """In a colour of tmux, after which the style is again that of before."""
    words = words.replace("#", "##")
    if not colour:
        return words
    return f"#[push-default]#[fg={colour}]{words}#[default]#[pop-default]"


def _waybar(status: "Status | None", now: float) -> str:
    """A JSON line; text and tooltip are Pango markup."""
    line = _line("waybar", status, now)
    if status is None or not status.windows:
        tone = "unknown"
        if status is not None and status.allowed is False:
            tone = TONES[2]
        return _json(line, line, [tone], 0)
    nearest = status.pressing()[0]
    tone = 2 if status.allowed is False else nearest.level[1]
    classes = [TONES[tone], *(["stale"] if status.is_stale(now) else [])]
    tips = [_tip(window, status.shows, now) for window in status.windows]
    if status.as_of is not None:
        tips.append(f"read {age(now - status.as_of)} ago")
    shown = nearest.used if status.shows == "used" else 100.0 - nearest.used
    return _json(line, "\n".join(tips), classes, round(shown))


def _tip(window: Window, shows: str, now: float) -> str:
    words = window.words(shows, now)
    if window.resets_at is None:
        return words
    try:
        at = time.strftime("%a %d %b %H:%M %Z", time.localtime(window.resets_at))
    except (ValueError, OverflowError, OSError):
        return words
    return f"{words}, resets {at}"


def _json(text: str, tooltip: str, classes: "list[str]", percentage: int) -> str:
    names = ", ".join(f'"{name}"' for name in classes)
    return (
        f'{{"text": "{_escaped(text)}", "tooltip": "{_escaped(tooltip)}", '
        f'"class": [{names}], "percentage": {percentage}}}'
    )


def _escaped(text: str) -> str:
    """For Pango, and then for JSON; there are no other controls in it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def percent(value: float) -> str:
    """As `services.models.limit_terms.percent`."""
    if 0.0 < value <= 0.5:
        return "<1%"
    if 99.5 <= value < 100.0:
        return ">99%"
    return f"{value:.0f}%"


def countdown(seconds: float) -> str:
    """As `services.models.times.countdown`."""
    if seconds < MINUTE:
        return "<1m" if seconds > 0 else "0m"
    minutes = int(seconds // MINUTE)
    if seconds < HOUR:
        return f"{minutes}m"
    if seconds < DAY:
        return f"{minutes // 60}h{minutes % 60:02}"
    hours = minutes // 60
    return f"{hours // 24}d{hours % 24:02}h"


def age(seconds: float) -> str:
    """As `services.models.times.age`."""
    if seconds < MINUTE:
        return "<1m"
    for unit, size, end in (("m", MINUTE, HOUR), ("h", HOUR, DAY), ("d", DAY, 99 * DAY)):
        if seconds < end:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // (7 * DAY))}w"


def printable(value: object) -> str:
    """Text of one line that drives nothing, whoever wrote it there."""
    if not isinstance(value, str):
        return ""
    if value.isprintable():
        return value
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in value)


def _number(value: object) -> "float | None":
    """A number that is one."""
    if not isinstance(value, int | float) or value - value != 0:
        return None
    return float(value)
