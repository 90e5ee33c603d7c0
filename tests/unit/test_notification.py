import pytest

from app.notification import BELL, TEXT_LIMIT, sequence


@pytest.mark.parametrize(
    ("environ", "written"),
    [
        ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]9;week: 9 % left\x1b\\"),
        ({"TERM_PROGRAM": "WezTerm", "TERM": "xterm-256color"}, "\x1b]9;week: 9 % left\x1b\\"),
        ({"TERM_PROGRAM": "ghostty"}, "\x1b]9;week: 9 % left\x1b\\"),
        ({"TERM": "foot-extra"}, "\x1b]777;notify;Foredeck;week: 9 % left\x1b\\"),
        ({"TERM": "rxvt-unicode-256color"}, "\x1b]777;notify;Foredeck;week: 9 % left\x1b\\"),
        ({"TERM": "xterm-kitty"}, "\x1b]99;;week: 9 % left\x1b\\"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color"}, "\x1b]99;;week: 9 % left\x1b\\"),
        ({"TERM_PROGRAM": "Apple_Terminal"}, BELL),
        ({"TERM": "xterm-256color"}, BELL),
        ({}, BELL),
        ({"TERM_PROGRAM": "WezTerm", "TMUX": "/tmp/tmux-0/default,1,0"}, BELL),
        ({"TERM_PROGRAM": "tmux", "STY": "1.pts"}, BELL),
    ],
)
def test_each_terminal_is_told_in_its_own_way(environ: dict[str, str], written: str) -> None:
    assert sequence("week: 9 % left", environ) == written


def test_a_text_cannot_leave_its_sequence() -> None:
    hostile = "a\x1b\\b\x07c\x9cd;e\u202ef\n" + "x" * 1000
    written = sequence(hostile, {"TERM": "foot"})
    inner = written.removeprefix("\x1b]777;notify;Foredeck;").removesuffix("\x1b\\")
    assert inner.startswith("a \\b c d e f ")
    assert len(inner) == TEXT_LIMIT
    assert not {"\x1b", "\x07", "\x9c", ";", "\u202e", "\n"} & set(inner)
