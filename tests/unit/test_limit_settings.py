"""How limits are shown, and when nobody wants to be told of them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import quiet_hours
from app.settings import Settings, load_settings
from app.settings_model import validate

MIDNIGHT = 1_795_302_000.0
"""Sun 22 Nov 2026 00:00 in Berlin."""
HOUR = 3600.0


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def load(folder: Path, text: str) -> Settings:
    (folder / "config.toml").write_text(text)
    return load_settings({}, {"FOREDECK_HOME": str(folder)})


def test_what_is_left_is_shown_at_all_hours_unless_said_otherwise(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    assert (settings.limits_show, settings.limits_quiet_hours) == ("left", "")
    text = '[limits]\nshow = "used"\nquiet_hours = "22:00-07:00"\n'
    settings = load(tmp_path, text)
    assert (settings.limits_show, settings.limits_quiet_hours) == ("used", "22:00-07:00")
    assert settings.problems == ()


@pytest.mark.parametrize(
    ("table", "problem", "sentence"),
    [
        (
            {"show": "both"},
            "limits.show must be one of left, used; the default is used",
            "limits.show: should be 'left' or 'used'",
        ),
        (
            {"quiet_hours": "late"},
            'limits.quiet_hours must be like "22:00-07:00"',
            None,
        ),
        ({"quiet_hours": 22}, 'limits.quiet_hours must be like "22:00-07:00"', None),
        (
            {"loud": True},
            "limits.loud is not a setting; it is left out",
            "limits.loud is not a setting",
        ),
    ],
)
def test_what_is_wrong_is_named_and_left_out(
    tmp_path: Path, table: dict[str, object], problem: str, sentence: str | None
) -> None:
    written = "".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n"
        for key, value in table.items()
    )
    settings = load(tmp_path, f"[limits]\n{written}")
    assert settings.problems == (problem,)
    assert (settings.limits_show, settings.limits_quiet_hours) == ("left", "")
    found = validate({"limits": table})
    assert len(found) == 1
    assert sentence is None or found[0] == sentence


def test_limits_that_are_no_table_are_named(tmp_path: Path) -> None:
    assert load(tmp_path, "limits = 5\n").problems == ("limits must be a table",)


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("", []),
        ("22:00-07:00", [*range(7), 22, 23]),
        ("7:00 - 9:00", [7, 8]),
        ("09:00-09:00", list(range(24))),
        ("23:30-00:30", [0]),
        ("late", []),
        ("25:00-26:00", []),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_quiet_hours_are_local_and_may_pass_midnight(text: str, quiet: list[int]) -> None:
    found = [hour for hour in range(24) if quiet_hours.is_quiet(text, MIDNIGHT + hour * HOUR)]
    assert found == quiet


@pytest.mark.parametrize("text", ["22:00-07:00", "7:00-9:00", " 0:00 - 23:59 ", "late", "7-9"])
def test_both_readers_of_the_file_agree_on_what_is_a_range(text: str) -> None:
    assert (validate({"limits": {"quiet_hours": text}}) == ()) is bool(quiet_hours.parse(text))
