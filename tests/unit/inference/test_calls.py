import json
import unicodedata

import pytest

from services.inference.calls import shown_call
from services.models.chat import ToolCall

HOSTILE = "\x1b[2J\x9b2J\x7f\u202e\u2028\x00\ud800]8;;x\x07"


def shown(name: str, arguments: str) -> ToolCall:
    return shown_call(id="i", turn_id="t", call_id="c", name=name, arguments=arguments)


@pytest.mark.parametrize("is_escaped", [True, False])
@pytest.mark.parametrize("name", ["evil", "shell"])
def test_what_hides_behind_escapes_of_json_is_clean_once_it_is_decoded(
    name: str, is_escaped: bool
) -> None:
    arguments = json.dumps({"a": HOSTILE, HOSTILE: [HOSTILE]}, ensure_ascii=is_escaped)
    call = shown(name, arguments)
    for text in (call.words, call.arguments):
        wrong = [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
        assert [c for c in wrong if c != "\n"] == []
    assert "\n" not in call.words


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("read", '{"path": "a.py", "line": 3}', "read(path: a.py, line: 3)"),
        ("local_shell", "pytest -q", "pytest -q"),
        ("shell", '{"command": ["ls", "-l"]}', 'command: ["ls", "-l"]'),
        ("patch", "*** Begin Patch", "patch(*** Begin Patch)"),
        ("clock", "", "clock()"),
        ("deep", "[" * 50_000, "deep(" + "[" * 54 + "…"),
    ],
)
def test_a_call_is_said_in_a_few_words(name: str, arguments: str, words: str) -> None:
    assert shown(name, arguments).words == words
