"""The stories by name."""

from dataclasses import dataclass
from random import Random

from simulator.answers import Answer
from simulator.conversation import Conversation
from simulator.limits.stories import LIMITS, LIMITS_OF, USUAL
from simulator.stories import day, plain, tools, trouble
from simulator.teller import Story


@dataclass(frozen=True, slots=True)
class Shelved:
    """A story and what it is about."""

    tell: Story
    about: str


def _day(asked: Conversation, rng: Random) -> Answer:
    """The day; the prompt `simulate NAME` calls for another story."""
    word, _, name = asked.prompt.strip().partition(" ")
    if word.lower() == "simulate" and name.strip() in STORIES:
        return STORIES[name.strip()].tell(asked, rng)
    return day.tell(asked, rng)


STORIES: dict[str, Shelved] = {
    "day": Shelved(_day, "a working day: answers chosen by what is asked (default)"),
    "markdown": Shelved(plain.markdown, "every element of Markdown on one page"),
    "thinking": Shelved(plain.thinking, "queued, then long reasoning in several parts"),
    "long": Shelved(plain.long, "one answer of some thousand words"),
    "commentary": Shelved(plain.commentary, "progress in words before the final answer"),
    "refusal": Shelved(plain.refusal, "the model will not"),
    "search": Shelved(tools.search, "a web search with citations"),
    "tool": Shelved(tools.tool, "a function call; its output is used in the answer"),
    "parallel": Shelved(tools.parallel, "two function calls at once"),
    "custom": Shelved(tools.custom, "a tool with free text as input: a patch"),
    "shell": Shelved(tools.shell, "a local shell call"),
    "image": Shelved(tools.image, "a picture in two steps"),
    "everything": Shelved(tools.everything, "each kind of item that server-side tools leave"),
    "truncated": Shelved(plain.truncated, "ends incomplete: max_output_tokens"),
    "filtered": Shelved(plain.filtered, "ends incomplete: content_filter"),
    "empty": Shelved(plain.empty, "an answer without anything in it"),
    "thought-only": Shelved(plain.thought_only, "reasoning without an answer"),
    "unfinished": Shelved(trouble.unfinished, "end_turn is false: the client asks on"),
    "rerouted": Shelved(plain.rerouted, "another model answers than was asked for"),
    "error": Shelved(trouble.error, "500, then a failed response, then the answer"),
    "broken": Shelved(trouble.broken, "the connection breaks once in the middle"),
    "rate": Shelved(trouble.rate, "429 with retry-after, then one in the stream, then the answer"),
    "limit": Shelved(trouble.limit, "429 usage_limit_reached"),
    "overload": Shelved(trouble.overload, "503 server_is_overloaded, for ever"),
    "failed": Shelved(trouble.failed, "response.failed: context_length_exceeded"),
    "too-long": Shelved(trouble.too_long, "400 context_length_exceeded"),
    "plain-error": Shelved(trouble.plain_error, "an error event in the middle of the text"),
    "metadata": Shelved(trouble.metadata, "queued; limits, headers, keepalive and sound beside it"),
    "unknown": Shelved(trouble.unknown, "items, events and values that nobody knows yet"),
}


def all_stories() -> dict[str, str]:
    """What every story is about, by name: those of answers, then those of limits."""
    answers = {name: shelved.about for name, shelved in STORIES.items()}
    return answers | {name: story.about for name, story in LIMITS.items()}


def find_story(name: str) -> Story:
    """The story of that name; in a limit story it is a day like any other.

    Raises:
        KeyError: There is none.
    """
    return STORIES["day" if name in LIMITS else name].tell


def limits_of(name: str) -> str:
    """The limit story that goes with a story."""
    return name if name in LIMITS else LIMITS_OF.get(name, USUAL)
