"""Where the keyring is missing, locked or dead: a sentence in time, and the process ends."""

import socket
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.keyring.client import TIMEOUT

if TYPE_CHECKING:
    from tests.keyring.conftest import Storage
    from tests.keyring.private_bus import Bus

ROWS = ["no bus", "bus is gone", "bus that is silent", "no service", "mute", "wrong", "locked"]


@pytest.fixture
def surroundings(
    request: pytest.FixtureRequest, storage: "Storage", tmp_path: Path
) -> Generator[Mapping[str, str]]:
    """An environment in which the keyring is not to be had, in the way that the row names."""
    row: str = request.param
    if row == "no bus":
        yield {}
        return
    if row == "bus is gone":
        yield {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path / 'nobody'}"}
        return
    bus: Bus = request.getfixturevalue("bus")
    if row == "bus that is silent":
        path = Path(bus.environ["XDG_RUNTIME_DIR"]) / "silent"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            yield {**bus.environ, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
        return
    if row == "no service":
        yield bus.environ
        return
    if row == "mute":
        with bus.mute_keyring():
            yield bus.environ
        return
    with bus.keyring():
        storage("keyring", "save:rt-kept", environ=bus.environ)
        if row == "locked":
            bus.lock()
            yield bus.environ
            return
    with bus.keyring("another"):
        yield bus.environ


def assert_in_time(answers: list[dict[str, Any]]) -> None:
    assert [answer for answer in answers if answer["seconds"] > 2 * TIMEOUT + 2] == []


def assert_sentence(answer: dict[str, Any]) -> None:
    assert "keyring" in answer["error"].lower()
    assert "Error" not in answer["error"]
    assert not answer["error"].endswith(".")
    assert answer["next_step"]


@pytest.mark.parametrize("surroundings", ROWS, indirect=True)
def test_keyring_mode_says_why(storage: "Storage", surroundings: Mapping[str, str]) -> None:
    answers = storage("keyring", "check", "save:rt-one", "load", environ=surroundings)
    for answer in answers:
        assert_sentence(answer)
    assert_in_time(answers)
    assert not storage.file.exists()


@pytest.mark.parametrize("surroundings", ROWS, indirect=True)
def test_auto_mode_keeps_the_login_in_the_file_and_says_so(
    storage: "Storage", surroundings: Mapping[str, str]
) -> None:
    answers = storage(
        "auto", "load", "check", "save:rt-one", "load", "delete", "load", environ=surroundings
    )
    empty, check, saved, found, _, gone = answers
    assert_in_time(answers)
    assert empty["mode"] is None
    assert "error" not in check
    assert (saved["storage"], found["storage"], found["refresh"]) == ("file", "file", "rt-one")
    assert any("keyring" in notice.lower() for notice in saved["notices"])
    assert gone["mode"] is None
    assert not storage.file.exists()


@pytest.mark.parametrize("surroundings", ROWS, indirect=True)
def test_file_mode_does_not_notice(storage: "Storage", surroundings: Mapping[str, str]) -> None:
    saved, found = storage("file", "save:rt-one", "load", environ=surroundings)
    assert (saved["notices"], found["notices"], found["refresh"]) == ([], [], "rt-one")


def test_locked_keyring_is_read_again_once_it_is_open(storage: "Storage", bus: "Bus") -> None:
    with bus.keyring():
        storage("keyring", "save:rt-kept", environ=bus.environ)
        bus.lock()
        (locked,) = storage("keyring", "load", environ=bus.environ)
    assert_sentence(locked)
    with bus.keyring():
        (found,) = storage("keyring", "load", environ=bus.environ)
    assert found["refresh"] == "rt-kept"
