"""Stories that only talk."""

from random import Random

from simulator.answers import Answer, Pause, Refuse, Say, Stop, Think
from simulator.conversation import Conversation
from simulator.stories.texts import written

LONG = ("retries", "sqlite", "async", "cache", "flaky", "git", "docker", "plan", "regex")

RAW_THOUGHT = (
    "first the obvious reading: the cache is keyed by user id, so a rename keeps the old page. "
    "does anything else change the page? yes, the plan. so id and plan are not enough, it has to "
    "be updated_at, which both touch. check clock skew: two writers on two machines could give "
    "the same second; add the row version then. "
)


def answer(name: str) -> Answer:
    """A written answer with its reasoning."""
    whole = written(name)
    return Answer([Think(whole.thoughts), Say(whole.text, phase="final_answer")])


def markdown(asked: Conversation, rng: Random) -> Answer:
    """Every element of Markdown."""
    del asked, rng
    return answer("markdown")


def thinking(asked: Conversation, rng: Random) -> Answer:
    """Long reasoning in many parts, raw text included."""
    del asked, rng
    whole = written("cache")
    more = written("thinking").thoughts
    return Answer(
        [
            Think((), raw=RAW_THOUGHT * 3),
            Think(whole.thoughts + more, seconds=1.2),
            Say(whole.text, phase="final_answer"),
        ],
        is_queued=True,
    )


def long(asked: Conversation, rng: Random) -> Answer:
    """One answer of some thousand words."""
    del asked, rng
    chapters = [f"# Part {number}\n\n{written(name).text}" for number, name in enumerate(LONG, 1)]
    return Answer(
        [
            Think(written("plan").thoughts),
            Say("\n\n---\n\n".join(chapters), phase="final_answer"),
        ]
    )


def refusal(asked: Conversation, rng: Random) -> Answer:
    """The model will not."""
    del asked, rng
    return Answer(
        [
            Think(
                ["**Weighing the request**\n\nThis asks for help to get into somebody's account."]
            ),
            Refuse(
                "I can't help with getting into an account that isn't yours. If you have lost "
                "access to your own, the provider's recovery page is the way, and I can help you "
                "prepare what it will ask for."
            ),
        ]
    )


def commentary(asked: Conversation, rng: Random) -> Answer:
    """Progress in words before the answer."""
    del asked, rng
    return Answer(
        [
            Say("I'll look at how the queue is drained first.", phase="commentary"),
            Think(["**Reading the worker**\n\nIt stops at the first empty poll."]),
            Pause(0.8),
            Say("The worker is fine; next, the test that fails.", phase="commentary"),
            Think(["**Reading the test**\n\nIt sleeps for 100 ms and then asserts."]),
            Pause(0.8),
            Say(written("flaky").text, phase="final_answer"),
        ]
    )


def truncated(asked: Conversation, rng: Random) -> Answer:
    """The answer ends at its length limit."""
    del asked, rng
    text = written("async").text
    return Answer([Say(text[: len(text) // 2]), Stop("max_output_tokens")])


def filtered(asked: Conversation, rng: Random) -> Answer:
    """The answer is stopped by a filter."""
    del asked, rng
    return Answer([Say("The recipe begins with"), Stop("content_filter")])


def empty(asked: Conversation, rng: Random) -> Answer:
    """Nothing at all."""
    del asked, rng
    return Answer()


def thought_only(asked: Conversation, rng: Random) -> Answer:
    """Reasoning, and then no answer."""
    del asked, rng
    return Answer([Think(written("plan").thoughts)])


def rerouted(asked: Conversation, rng: Random) -> Answer:
    """Another model answers than was asked for."""
    del asked, rng
    return Answer(answer("git").parts, model="gpt-5.5-mini")
