"""The table of keys, and the user's own laid over it."""

import pytest

from app.keymap import ACTIONS, Context, Keymap, show_key, show_keys


def test_every_action_has_its_own_id_a_key_and_words() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))
    assert [a.id for a in ACTIONS if not a.keys or not a.help or not a.group] == []


def test_no_key_means_two_things_in_one_context() -> None:
    assert Keymap().conflicts() == []


def test_all_can_be_reached_without_ctrl_and_alt_outside_of_text() -> None:
    hard = [
        action.id
        for action in ACTIONS
        if action.context not in {Context.EVERYWHERE, Context.COMPOSER}
        and all("ctrl+" in key or "alt+" in key for key in action.keys)
    ]
    assert hard == []


def test_every_textual_binding_carries_the_id_of_its_action() -> None:
    bindings = Keymap().bindings(*Context)
    assert [binding.id for binding in bindings] == [
        action.id for context in Context for action in Keymap().of(context)
    ]


def test_own_keys_replace_those_of_the_table() -> None:
    keymap, problems = Keymap().with_overrides({"pane.zoom": "ctrl+w, Z"})
    assert problems == ()
    assert keymap.textual_keymap() == {"pane.zoom": "ctrl+w,Z"}


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"pane.fly": "f"}, 'keys.bind: there is no action "pane.fly"'),
        ({"pane.zoom": "hyperspace+x"}, 'keys.bind: "hyperspace+x" for pane.zoom is not a key'),
        ({"pane.zoom": "foo"}, 'keys.bind: "foo" for pane.zoom is not a key'),
        ({"pane.zoom": "ctrl+"}, 'keys.bind: "ctrl+" for pane.zoom is not a key'),
        ({"pane.zoom": "n"}, 'keys: "n" means pane.new and pane.zoom'),
    ],
)
def test_an_own_key_that_cannot_be_used_is_named(overrides: dict[str, str], problem: str) -> None:
    assert Keymap().with_overrides(overrides)[1] == (problem,)


def test_a_key_that_is_none_leaves_the_usual_one() -> None:
    keymap, _ = Keymap().with_overrides({"pane.zoom": "hyperspace+x"})
    assert keymap.textual_keymap() == {}


def test_the_modern_flavour_gives_ctrl_p_to_the_palette() -> None:
    keymap, problems = Keymap().with_overrides({}, flavor="modern")
    assert problems == ()
    assert keymap.textual_keymap() == {"pane.palette": "colon,ctrl+p"}


def test_the_hints_of_a_place_begin_with_what_matters_most() -> None:
    ranks = [action.rank for action, _, _ in Keymap().hints([Context.TRANSCRIPT, Context.PANE])]
    assert ranks == sorted(ranks)
    assert Keymap().hints([Context.PANE])[0][1:] == ("?", "help")


def test_keys_are_shown_as_people_write_them() -> None:
    assert show_key("ctrl+x") == "ctrl-x"
    assert show_key("+") == "+"
    assert show_key("shift+up") == "shift-↑"
    assert show_key("shift+up", is_plain=True) == "shift-up"
    assert show_keys(("question_mark", "pagedown", "G")) == "? pgdn G"
