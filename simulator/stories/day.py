"""A working day: an answer that fits what is asked."""

from random import Random

from simulator.answers import Answer, Say, Think
from simulator.conversation import Conversation
from simulator.stories.texts import written


def tell(asked: Conversation, rng: Random) -> Answer:
    """Answer what was asked."""
    del asked, rng
    answer = written("retries")
    return Answer([Think(answer.thoughts), Say(answer.text, phase="final_answer")])
