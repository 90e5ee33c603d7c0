"""Bodies as bytes, where a conversation grows by a little and is sent as a whole each time."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

from services.inference.bodies import encode

KEPT: Final = 4
"""Conversations whose items stay encoded; each costs as much memory as its body."""
_LISTS: Final = frozenset({"input", "messages"})

_Known: TypeAlias = dict[int, tuple[object, bytes]]


class BodyEncoder:
    """Encodes bodies, and each item of a conversation only once.

    An item is known again by its identity, so it must not be changed after it was sent once.
    """

    def __init__(self) -> None:
        self._conversations: dict[str, _Known] = {}

    def encode(self, body: Mapping[str, Any], conversation_id: str) -> bytes:
        """A body as JSON; lone surrogates, which no UTF-8 can hold, become U+FFFD.

        Args:
            body: From `services.inference.bodies`.
            conversation_id: Whose items these are.
        """
        before = self._conversations.pop(conversation_id, {})
        after: _Known = {}
        members = (
            encode(name)
            + b":"
            + (
                _encode_items(cast("list[object]", value), before, after)
                if name in _LISTS and isinstance(value, list)
                else encode(value)
            )
            for name, value in body.items()
        )
        encoded = b"{" + b",".join(members) + b"}"
        self._conversations[conversation_id] = after
        if len(self._conversations) > KEPT:
            del self._conversations[next(iter(self._conversations))]
        return encoded


def _encode_items(items: list[object], before: _Known, after: _Known) -> bytes:
    parts: list[bytes] = []
    for item in items:
        # The item itself is held as well: an identity counts only while its object lives.
        known = before.get(id(item)) or (item, encode(item))
        after[id(item)] = known
        parts.append(known[1])
    return b"[" + b",".join(parts) + b"]"
