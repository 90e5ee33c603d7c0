"""What checks of `foredeck doctor` say, by what they look at."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli.doctor import report
from app.doctor.accounts import judge_account
from app.doctor.examination import examine
from app.doctor.finding import Finding, Surroundings, Verdict
from app.doctor.keeping import keyring_name
from app.doctor.network import Answer, clock, judge_answer
from app.doctor.ports import callback_ports
from app.doctor.session import clipboard, judge_tmux, multiplexer, session
from app.doctor.terminal import colours, judge_size, language, terminal
from app.folders import find_folders
from app.settings import Settings
from services.auth.provider import SignInProvider
from services.auth.settings import AuthSettings
from services.models.account import Account, AccountMode
from tests.cli.tmux_server import end_tmux

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
AT = 1_795_262_400.0
"""The same in Unix seconds."""


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    environ = {"FOREDECK_HOME": str(tmp_path), "PATH": str(tmp_path)}
    return Surroundings(
        settings=Settings(folders=find_folders(environ)),
        environ=environ,
        auth=AuthSettings(home=tmp_path),
    )


def within(around: Surroundings, **more: str) -> Surroundings:
    return replace(around, environ={**around.environ, **more})


def brief(verdict: Verdict) -> tuple[str, str]:
    return verdict.state, verdict.found


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        ({}, "warning", "TERM is not set"),
        ({"TERM": "dumb"}, "warning", "TERM is dumb"),
        ({"TERM": "xterm-256color"}, "ok", "TERM=xterm-256color"),
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "ok", "kitty, TERM=xterm-kitty"),
        (
            {"TERM": "xterm", "TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "2026"},
            "ok",
            "WezTerm 2026, TERM=xterm",
        ),
    ],
)
def test_the_terminal_is_named(
    around: Surroundings, environ: dict[str, str], state: str, words: str
) -> None:
    verdict = terminal(within(around, **environ))
    assert (verdict.state, verdict.found.startswith(words)) == (state, True)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm", "NO_COLOR": "1"}, ("ok", "none, since NO_COLOR is set")),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, ("ok", "16.7 million")),
        ({"TERM": "tmux-256color"}, ("ok", "256")),
        ({"TERM": "xterm"}, ("warning", "16 or fewer announced")),
        ({"TERM": "dumb"}, ("skipped", "no terminal to show them")),
    ],
)
def test_colours_are_counted(
    around: Surroundings, environ: dict[str, str], expected: tuple[str, str]
) -> None:
    assert brief(colours(within(around, **environ))) == expected


def test_a_small_window_is_told() -> None:
    assert [judge_size(80, 24).state, judge_size(79, 24).state, judge_size(200, 23).state] == [
        "ok",
        "warning",
        "warning",
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS terminals always speak UTF-8")
@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "de_DE.UTF-8"}, ("ok", "LANG=de_DE.UTF-8")),
        ({"LANG": "C", "LC_ALL": "C.utf8"}, ("ok", "LC_ALL=C.utf8")),
        (
            {"LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"},
            ("warning", "LC_ALL=POSIX is no UTF-8 locale"),
        ),
        ({}, ("warning", "no locale is set")),
    ],
)
def test_the_locale_has_to_be_utf_8(
    around: Surroundings, environ: dict[str, str], expected: tuple[str, str]
) -> None:
    assert brief(language(within(around, **environ))) == expected


@pytest.mark.parametrize(
    ("values", "state", "words"),
    [
        ({"version": "3.5a", "escape-time": "10", "set-clipboard": "on"}, "ok", "escape-time 10"),
        ({"version": "3.3a", "escape-time": "500"}, "warning", "Esc is felt late"),
        ({"version": "next-3.6", "escape-time": "0"}, "ok", "tmux next-3.6"),
        ({"version": "2.9", "escape-time": "0"}, "warning", "copies are not passed on"),
        ({"version": "3.4", "escape-time": "0", "allow-passthrough": "all"}, "ok",
         "allow-passthrough on"),
        ({"version": "?", "escape-time": "x"}, "ok", "escape-time unknown"),
        ({}, "warning", "did not answer"),
    ],
)  # fmt: skip
def test_settings_of_tmux_are_judged(values: dict[str, str], state: str, words: str) -> None:
    verdict = judge_tmux(values)
    assert (verdict.state, words in verdict.found) == (state, True)


async def test_a_multiplexer_is_named(around: Surroundings) -> None:
    assert brief(await multiplexer(around)) == ("ok", "none")
    assert (await multiplexer(within(around, ZELLIJ="0"))).found.startswith("zellij")
    assert (await multiplexer(within(around, STY="1.pts"))).found.startswith("GNU screen")
    assert "did not answer" in (await multiplexer(within(around, TMUX="/gone,1,0"))).found


async def test_a_tmux_that_hangs_is_left_alone(
    around: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.doctor.session.TMUX_LIMIT", 0.2)
    hanging = tmp_path / "tmux"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o700)
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert "did not answer" in (await multiplexer(within(around, TMUX="x", PATH=path))).found


async def test_no_secret_of_the_environment_reaches_tmux(
    around: Surroundings, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    program = tmp_path / "tmux"
    program.write_text(f"#!/bin/sh\nenv > {seen}\nprintf '3.4\\n5\\n1\\non\\n'\n")
    program.chmod(0o700)
    path = f"{tmp_path}:{os.environ['PATH']}"
    asking = within(around, TMUX="x", PATH=path, OPENAI_API_KEY="sk-canary")
    assert (await multiplexer(asking)).state == "ok"
    assert "canary" not in seen.read_text()


@pytest.mark.oracle
def test_a_real_tmux_is_asked(around: Surroundings, tmp_path: Path) -> None:
    program = shutil.which("tmux")
    if program is None:
        if os.environ.get("FOREDECK_CI") == "1":
            pytest.fail("tmux is not installed")
        pytest.skip("tmux is not installed")
    config = tmp_path / "tmux.conf"
    config.write_text("set -sg escape-time 321\n")
    tmux = [program, "-S", str(tmp_path / "s"), "-f", str(config)]
    subprocess.run([*tmux, "new-session", "-d", "cat"], check=True)
    try:
        shown = subprocess.run(
            [*tmux, "display-message", "-p", "#{socket_path},#{pid},0"],
            check=True,
            capture_output=True,
            text=True,
        )
        asking = within(around, TMUX=shown.stdout.strip(), PATH=os.environ["PATH"])
        verdict = asyncio.run(multiplexer(asking))
    finally:
        end_tmux(tmp_path / "s")
    assert verdict.state == "warning"
    assert "escape-time 321 ms" in verdict.found
    assert "set-clipboard external" in verdict.found
    assert verdict.next_step == 'Put "set -sg escape-time 10" into ~/.tmux.conf'


def test_a_remote_session_is_named(around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, words in ((False, "on this machine"), (True, "in a container; sign in with")):
        monkeypatch.setattr("app.doctor.session.is_in_container", lambda answer=answer: answer)
        assert session(around).found.startswith(words)
    assert session(within(around, SSH_TTY="/dev/pts/1")).found.startswith("over SSH")


@pytest.mark.parametrize(
    ("environ", "programs", "state", "words"),
    [
        ({"DISPLAY": ":0"}, ("xclip",), "ok", "xclip"),
        ({"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, ("wl-copy", "xclip"), "ok", "wl-copy"),
        ({"DISPLAY": ":0", "SSH_TTY": "x", "TERM_PROGRAM": "ghostty"}, ("xclip",), "ok",
         "the terminal itself (OSC 52), which ghostty takes"),
        ({"WAYLAND_DISPLAY": "w"}, (), "warning", "no clipboard tool for this desktop"),
        ({"TMUX": "x"}, (), "ok", "tmux, which passes copies on"),
        ({"TERM_PROGRAM": "Apple_Terminal"}, (), "warning", "the terminal itself (OSC 52)"),
        ({"TERM_PROGRAM": "iTerm.app"}, (), "warning", "the terminal itself (OSC 52); iTerm2"),
        ({"VTE_VERSION": "7600"}, (), "warning", "the terminal itself (OSC 52); not every"),
        ({"TERM": "linux"}, (), "warning", "the Linux console"),
        ({}, (), "ok", "the terminal itself (OSC 52); whether"),
    ],
)  # fmt: skip
def test_the_way_of_a_copy_is_told(
    around: Surroundings,
    tmp_path: Path,
    environ: dict[str, str],
    programs: tuple[str, ...],
    state: str,
    words: str,
) -> None:
    for name in programs:
        (tmp_path / name).touch(0o700)
    verdict = clipboard(within(around, **environ))
    assert (verdict.state, verdict.found[: len(words)]) == (state, words)


def judged(*skews: float, age: str = "") -> tuple[str, str]:
    fine = Verdict(state="ok", found="")
    answers = [Answer(verdict=fine, date=DATE, age=age, at=AT + skew) for skew in skews]
    return brief(clock(answers))


def test_the_clock_is_right_if_one_server_says_so() -> None:
    assert judged(2.0, 4000.0) == ("ok", "within 2 s of the servers")
    assert judged(301.0) == ("warning", "5 min ahead of the servers")
    assert judged(-3 * 3600.0) == ("warning", "3 h behind the servers")
    assert judged(-10 * 86_400.0) == ("warning", "10 days behind the servers")
    assert judged(400.0, age="390") == ("ok", "within 10 s of the servers")


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 99 Nov 99999 12:00:00 GMT"])
def test_a_server_that_does_not_say_the_time_is_no_judge(date: str) -> None:
    answer = Answer(verdict=Verdict(state="failed", found=""), date=date)
    assert clock([answer]).state == "skipped"


@pytest.mark.parametrize(
    ("status", "headers", "state"),
    [
        (200, {}, "ok"),
        (404, {}, "ok"),
        (403, {}, "ok"),
        (302, {"location": "https://elsewhere.example"}, "ok"),
        (403, {"cf-ray": "1", "content-type": "application/json"}, "ok"),
        (403, {"cf-ray": "1", "content-type": "text/html; charset=utf-8"}, "warning"),
        (503, {}, "warning"),
    ],
)
def test_any_answer_is_one(status: int, headers: dict[str, str], state: str) -> None:
    verdict = judge_answer("a.example", status, headers, 0.5)
    assert (verdict.state, f"answers ({status}) after 0.50 s" in verdict.found) == (state, True)


async def test_who_holds_a_port_is_told(around: Surroundings) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        one, other = taken.getsockname()[1], free.getsockname()[1]
        provider = SignInProvider(callback_ports=(one, other))
        assert isinstance(around.auth, AuthSettings)
        asking = replace(around, auth=replace(around.auth, provider=provider))
        both = await callback_ports(asking)
        free.close()
        first = await callback_ports(asking)
        # What was tried is let go again.
        socket.create_server(("127.0.0.1", other)).close()
    assert both.state == "warning"
    assert f"Port {one} is taken by " in both.found
    assert f"Port {other} is taken by " in both.found
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in both.found
    assert both.next_step.endswith("foredeck login --device")
    assert (first.state, first.found.endswith(f"; free: {other}")) == ("ok", True)


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [
        (3600.0, "ok", "the token ends in 60 min"),
        (200_000.0, "ok", "the token ends in 2 days"),
        (-7200.0, "ok", "the token ended 2 h ago"),
    ],
)
def test_how_long_a_login_lasts_is_told(left: float, state: str, words: str) -> None:
    account = Account(mode=AccountMode.CHATGPT, email="ada@example.test", plan="plus",
                      expires_at=AT + left)  # fmt: skip
    verdict = judge_account(account, AT)
    assert (verdict.state, words in verdict.found) == (state, True)
    ended = judge_account(replace(account, is_read_only=True), AT)
    assert ended.state == ("ok" if left > 0 else "warning")


def test_keyrings_are_named_without_a_look_at_them() -> None:
    assert keyring_name({}, "linux") == ""
    assert keyring_name({"DBUS_SESSION_BUS_ADDRESS": "x"}, "linux") == "the Secret Service"
    assert keyring_name({}, "darwin") == "the macOS keychain"


async def test_a_check_that_breaks_does_not_hide_the_others(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: Surroundings) -> Verdict:
        raise ZeroDivisionError("sk-canary-canary-canary")

    def whole(_: Surroundings) -> Verdict:
        return judge_size(80, 24)

    rows = (("broken", "broken", broken), ("size", "size", whole))
    monkeypatch.setattr("app.doctor.examination.LOCAL", rows)
    found = await examine(replace(around, is_offline=True))
    assert [each.state for each in found[:2]] == ["failed", "ok"]
    assert "a bug of ours (ZeroDivisionError)" in found[0].found
    (report,) = (tmp_path / "state").glob("crash-*.txt")
    assert "canary" not in report.read_text() + found[0].found


def test_a_narrow_terminal_gets_sentences_in_lines_of_its_own() -> None:
    row = Finding(id="a", title="clock", state="warning", found="word " * 30 + "end",
                  next_step="Set it")  # fmt: skip
    assert len(report([row]).splitlines()) == 4
    lines = report([row], 60).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0].startswith("warn  clock  word word")
    assert lines[1].startswith(" " * 13 + "word")
    assert lines[-3] == " " * 13 + "-> Set it"
    assert " ".join(" ".join(lines).split()).startswith(f"warn clock {row.found} -> Set it")
