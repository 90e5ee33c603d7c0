"""Tool calls as they are shown: arguments are decoded here, and cleaned after that.

JSON keeps control characters behind escapes. Whoever decodes it gets them back, so nothing
outside of here decodes what a model wrote.
"""

import json
from typing import Any, Final, cast

from services.clean import clean_code, clean_line
from services.errors import BadPayloadError
from services.models.chat import ToolCall
from services.wire.reading import loads

MAX_DECODED: Final = 64 * 1024
"""Characters of arguments that are decoded; longer ones are shown as they came."""
MAX_WORDS: Final = 60
"""Characters of a call in a few words."""
SHELLS: Final = {"shell", "local_shell", "exec"}
"""Tools whose arguments are a command line."""


def shown_call(*, id: str, turn_id: str, call_id: str, name: str, arguments: str) -> ToolCall:  # noqa: A002
    """A call whose every text is safe to show.

    Args:
        id: Ours.
        turn_id: Of its turn.
        call_id: The server's.
        name: Of the tool.
        arguments: As the model wrote them: JSON, or the free text of a custom tool.
    """
    decoded: Any = None
    if len(arguments) <= MAX_DECODED:
        try:
            decoded = loads(arguments)
        except BadPayloadError:
            decoded = None
    text = arguments
    if isinstance(decoded, dict | list):
        text = json.dumps(decoded, indent=2, ensure_ascii=False)
    return ToolCall(
        id=id,
        turn_id=turn_id,
        call_id=clean_line(call_id),
        name=clean_line(name),
        arguments=clean_code(text),
        words=_words(name, arguments, decoded),
    )


def _words(name: str, arguments: str, decoded: Any) -> str:
    if isinstance(decoded, dict):
        pairs = cast("dict[str, Any]", decoded).items()
        inside = ", ".join(f"{key}: {_value(value)}" for key, value in pairs)
    else:
        inside = arguments[: 4 * MAX_WORDS]
    words = inside if name in SHELLS and inside else f"{name}({inside})"
    return clean_line(clean_code(words[: 4 * MAX_WORDS]), MAX_WORDS)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
