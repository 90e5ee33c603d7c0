"""Bodies as bytes, where a conversation grows by a little and is sent as a whole each time."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from operator import eq, is_
from typing import Any, Final, TypeAlias, cast

from services.inference.bodies import encode

KEPT: Final = 4
"""Conversations whose items stay encoded; each costs as much memory as its body."""
_SAME: Final[Mapping[str, Callable[[object, object], bool]]] = {"input": is_, "messages": eq}
"""Lists that grow, and how an element is known again: messages are made anew for each body."""

_Known: TypeAlias = tuple[Sequence[object], Sequence[bytes]]
"""Items that were sent, and each as JSON."""


class BodyEncoder:
    """Encodes bodies, and each item of a conversation only once.

    An item must not be changed after it was sent once: it is known again without a look inside.
    """

    def __init__(self) -> None:
        self._conversations: dict[str, _Known] = {}

    def encode(self, body: Mapping[str, Any], conversation_id: str) -> bytes:
        """A body as JSON; lone surrogates, which no UTF-8 can hold, become U+FFFD.

        Args:
            body: From `services.inference.bodies`.
            conversation_id: Whose items these are.
        """
        known = self._conversations.pop(conversation_id, ((), ()))
        pieces = [b"{"]
        for name, value in body.items():
            pieces += (b"," if len(pieces) > 1 else b"", encode(name), b":")
            if name in _SAME and isinstance(value, list):
                items = cast("list[object]", value)
                known = items, _encode_items(items, known, _SAME[name])
                pieces.append(b"[")
                for part in known[1]:
                    pieces += (part, b",")
                pieces[-1] = b"]" if items else b"[]"
            else:
                pieces.append(encode(value))
        pieces.append(b"}")
        self._conversations[conversation_id] = known
        if len(self._conversations) > KEPT:
            del self._conversations[next(iter(self._conversations))]
        # Megabytes in the end: joined, and so copied, only once.
        return b"".join(pieces)


def _encode_items(
    items: Sequence[object], known: _Known, is_same: Callable[[object, object], bool]
) -> list[bytes]:
    """Each item as JSON; nearly always they begin with all those that are known."""
    before, encoded = known
    same = sum(takewhile(bool, map(is_same, before, items)))
    others = {id(item): part for item, part in zip(before[same:], encoded[same:], strict=True)}
    return [*encoded[:same], *(others.get(id(item)) or encode(item) for item in items[same:])]
