from app.cli.parser import parse
from app.settings import load_settings


def test_the_look_can_be_chosen_on_the_command_line() -> None:
    flags = vars(parse(["--ascii", "--theme", "light", "--reduced-motion", "a prompt"]))
    settings = load_settings(flags, {})
    assert (settings.ascii, settings.theme, settings.reduced_motion) == (True, "light", True)
    assert flags["prompt"] == "a prompt"


def test_what_is_not_given_leaves_the_configuration_alone() -> None:
    flags = vars(parse([]))
    assert [flags[name] for name in ("ascii", "theme", "reduced_motion")] == [None, None, None]
