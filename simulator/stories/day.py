"""A working day: an answer that fits what is asked, whatever is asked."""

import re
from random import Random

from simulator.answers import Answer, Part, Reading, Say, Think
from simulator.conversation import Conversation
from simulator.stories import plain, tools
from simulator.stories.texts import Written, written

ANSWERS = ("retries", "sqlite", "flaky", "async", "plan", "git", "cache", "docker", "regex")
"""Answers that are given in turn where no word of the question calls for one."""

CALLED = (*ANSWERS, "markdown", "hello", "again")
"""Answers that words call for; the first of those that fit equally well."""

FIRST = (
    (("search", "web", "news", "newest"), tools.search),
    (("draw", "picture"), tools.image),
    (("think",), plain.thinking),
    (("essay",), plain.long),
    (("hack", "steal"), plain.refusal),
)
"""Words that call for something else than text, before all."""

LAST = ((("tool", "command", "run", "shell"), tools.tool),)
"""The same, where no answer fits."""

EXACT = 3
"""Words up to this length must be the same; longer ones may go on (`test`, `tests`)."""


def tell(asked: Conversation, rng: Random) -> Answer:
    """Answer what was asked."""
    if asked.results:
        return tools.tool(asked, rng)
    start = rng.randrange(len(ANSWERS))
    used: list[str] = []
    for prompt in asked.prompts[:-1]:
        used.append(_choose(prompt, used, start))
    words = _words(asked.prompt)
    for called, story in FIRST:
        if _fit(called, words):
            return story(asked, rng)
    if not any(_fit(written(name).words, words) for name in CALLED):
        for called, story in LAST:
            if _fit(called, words):
                return story(asked, rng)
    return _with_opening(written(_choose(asked.prompt, used, start)), asked)


def _choose(prompt: str, used: list[str], start: int) -> str:
    """The name of the answer that fits best and was not given before."""
    words = _words(prompt)
    best = max(CALLED, key=lambda name: _fit(written(name).words, words))
    if _fit(written(best).words, words) and (best != "again" or used):
        if best not in used:
            return best
        if "again" not in used:
            return "again"
    in_turn = [ANSWERS[(start + step) % len(ANSWERS)] for step in range(len(ANSWERS))]
    fresh = [name for name in in_turn if name not in used]
    return fresh[0] if fresh else in_turn[len(used) % len(in_turn)]


def _words(prompt: str) -> list[str]:
    return re.findall(r"[^\W_]+", prompt.lower())


def _fit(called: tuple[str, ...] | frozenset[str], words: list[str]) -> int:
    """How many of the words are called for."""
    return sum(
        any(word == start or (len(start) > EXACT and word.startswith(start)) for start in called)
        for word in words
    )


def _with_opening(answer: Written, asked: Conversation) -> Answer:
    """The answer below a line that says how it hangs together with what was asked."""
    text = answer.text
    is_called = answer.name == "again" or _fit(answer.words, _words(asked.prompt))
    if not is_called:
        asked_for = _quoted(asked.prompt)
        opening = f"A simulated model has no answer to “{asked_for}”; take this one instead."
        text = f"{opening}\n\n{text}"
    elif asked.previous:
        text = f"*Turn {asked.turn}, after “{_quoted(asked.previous)}”.*\n\n{text}"
    parts: list[Part] = [Think(answer.thoughts), Say(text, phase="final_answer"), Reading()]
    return Answer(parts)


def _quoted(text: str, size: int = 48) -> str:
    line = " ".join(text.split())
    return line if len(line) <= size else f"{line[:size].rstrip()}…"
