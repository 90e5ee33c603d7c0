"""The stories by name."""

from dataclasses import dataclass

from simulator.stories import day
from simulator.teller import Story


@dataclass(frozen=True, slots=True)
class Shelved:
    """A story and what it is about."""

    tell: Story
    about: str


STORIES = {
    "day": Shelved(day.tell, "a working day: answers chosen by what is asked"),
}


def find_story(name: str) -> Story:
    """The story of that name.

    Raises:
        KeyError: There is none.
    """
    return STORIES[name].tell
