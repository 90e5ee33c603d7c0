"""Which way to sign in comes first."""

from pathlib import Path

import pytest

from app.sign_in_ways import CONTAINER_MARKS, Way, first_way, is_in_container


@pytest.mark.parametrize(
    ("environ", "platform", "way"),
    [
        pytest.param({}, "linux", Way.DEVICE, id="a console"),
        pytest.param({"DISPLAY": ":0"}, "linux", Way.BROWSER, id="X11"),
        pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, "linux", Way.BROWSER, id="Wayland"),
        pytest.param({"DISPLAY": ""}, "linux", Way.DEVICE, id="a display without a name"),
        pytest.param({"BROWSER": "firefox"}, "linux", Way.BROWSER, id="a browser is named"),
        pytest.param({}, "darwin", Way.BROWSER, id="macOS"),
        pytest.param({"SSH_TTY": "/dev/pts/1"}, "darwin", Way.DEVICE, id="SSH to macOS"),
        pytest.param(
            {"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"},
            "linux",
            Way.DEVICE,
            id="SSH with X11 forwarded",
        ),
    ],
)
def test_the_first_way_is_the_one_that_works(
    environ: dict[str, str], platform: str, way: Way
) -> None:
    found = first_way(environ, platform=platform, is_container=False, has_browser=True)
    assert found is way


def test_in_a_container_the_code_comes_first() -> None:
    environ = {"DISPLAY": ":0", "BROWSER": "firefox"}
    found = first_way(environ, platform="linux", is_container=True, has_browser=True)
    assert found is Way.DEVICE


def test_a_desktop_without_a_browser_begins_with_a_code() -> None:
    found = first_way({"DISPLAY": ":0"}, platform="linux", is_container=False, has_browser=False)
    assert found is Way.DEVICE


def test_a_machine_is_no_container(tmp_path: Path) -> None:
    assert not is_in_container(tmp_path)


@pytest.mark.parametrize("mark", CONTAINER_MARKS)
def test_a_container_is_known_by_its_mark(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert is_in_container(tmp_path)
