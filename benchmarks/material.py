"""What is streamed: mixed Markdown of any size, and the server's steps that send it."""

import random
from collections.abc import Iterable
from typing import Any, TypeAlias

from simulator import events, items

Steps: TypeAlias = list[dict[str, Any]]

PROSE = (
    "the cache holds each request until a reader asks for it again and then hands over what it "
    "kept so that nobody waits twice for one answer unless the key has changed in between or a "
    "worker lost its lease while another one had already begun to write"
)
WORDS = PROSE.split(" ")
FENCES = {
    "python": (
        "async def fetch(client, url, *, limit=3):\n"
        '    """Ask until it answers."""\n'
        "    for attempt in range(limit):\n"
        "        reply = await client.get(url, timeout=10.0)\n"
        "        if reply.status_code < 500:\n"
        "            return reply.json()\n"
        "        await asyncio.sleep(2**attempt)  # back off\n"
        '    raise TimeoutError(f"{url} did not answer")\n'
    ),
    "sql": (
        "SELECT chat_id, count(*) AS turns, max(ended_at) AS last\n"
        "FROM turns WHERE status = 'completed' AND ended_at > 1700000000\n"
        "GROUP BY chat_id HAVING turns > 10 ORDER BY last DESC LIMIT 50;\n"
    ),
    "typescript": (
        "export function merge<T>(left: T[], right: T[], less: (a: T, b: T) => boolean): T[] {\n"
        "  const merged: T[] = [];\n"
        "  while (left.length && right.length) {\n"
        "    merged.push(less(left[0], right[0]) ? left.shift()! : right.shift()!);\n"
        "  }\n"
        "  return [...merged, ...left, ...right];\n"
        "}\n"
    ),
}


def markdown(size: int, *, seed: int = 0) -> str:
    """About `size` characters of headings, prose, lists, tables, quotes and closed fences."""
    chance = random.Random(seed)
    parts: list[str] = []
    length = 0
    while length < size:
        parts.append(_section(chance, len(parts) + 1))
        length += len(parts[-1])
    text = "".join(parts)
    cut = text.rfind("\n\n", 0, size)
    if cut < 0 or text.count("```", 0, cut) % 2:
        return text
    return text[:cut]


def plain_turn(size: int, *, seed: int = 0) -> str:
    """About `size` characters of an everyday answer: prose, a list, a short fence."""
    chance = random.Random(seed)
    head = f"{_prose(chance, size // 10)}\n\n- {_prose(chance, 6)}\n- {_prose(chance, 7)}\n\n"
    return f"{head}```python\nvalue = cache.get({seed})\nprint(value)\n```\n\n{_prose(chance, 40)}"


def _section(chance: random.Random, number: int) -> str:
    language = list(FENCES)[number % len(FENCES)]
    rows = "".join(
        f"| `{chance.choice(WORDS)}` | {_prose(chance, 4)} | {chance.randrange(9999)} |\n"
        for _ in range(5)
    )
    return (
        f"## {number}. {_prose(chance, 5).capitalize()}\n\n{_prose(chance, 60)}\n\n"
        f"{_prose(chance, 30)} **{_prose(chance, 3)}** and *{_prose(chance, 2)}*, see "
        f"[the manual](https://example.com/manual/{number}) or `{chance.choice(WORDS)}()`.\n\n"
        f"- {_prose(chance, 12)}\n- {_prose(chance, 9)}\n  - {_prose(chance, 8)}\n"
        f"- [x] {_prose(chance, 7)}\n\n```{language}\n{FENCES[language]}```\n\n"
        f"| name | what | count |\n|---|:--|--:|\n{rows}\n> {_prose(chance, 25)}\n\n"
        f"1. {_prose(chance, 10)}\n2. {_prose(chance, 14)}\n\n"
    )


def _prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words))


def answer(text: str, marker: str, *, rate: float, size: int = 4, mark: str = "") -> Steps:
    """The steps of one turn.

    Args:
        text: The answer.
        marker: A word of its own paragraph, in the last delta.
        rate: Deltas a second; 0 for as fast as they are read.
        size: Characters a delta.
        mark: Name under which the server notes when the last delta was written.
    """
    item = "msg_bench"
    whole = f"{text}\n\n{marker}"
    done = items.message(whole, item_id=item)
    steps: Steps = [
        _burst(
            [
                events.created(),
                events.in_progress(),
                events.item_added(items.message("", item_id=item, status="in_progress")),
                events.part_added(item, _part("")),
            ]
        ),
        _burst(events.deltas(item, text, size), rate),
        {"send": events.delta(item, f"\n\n{marker}")},
    ]
    if mark:
        steps.append({"mark": mark})
    steps.append(
        _burst(
            [
                events.text_done(item, whole),
                events.part_done(item, _part(whole)),
                events.item_done(done),
                events.completed(output=[done], usage=events.usage()),
            ]
        )
    )
    return steps


def _burst(what: Iterable[events.Event], rate: float = 0) -> dict[str, Any]:
    return {"burst": list(what), "rate": rate}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}
