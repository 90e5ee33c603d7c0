"""The day's story fits what is asked, over a whole conversation."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.server import Simulator
from simulator.stories.day import ANSWERS
from simulator.stories.texts import names, written

Ask = Callable[..., httpx.Response]
EventsOf = Callable[[httpx.Response], list[Any]]


def items(events: list[Any]) -> list[dict[str, Any]]:
    return [event["item"] for event in events if event["type"] == "response.output_item.done"]


def said(events: list[Any]) -> str:
    parts: list[dict[str, Any]] = []
    for item in items(events):
        parts += item.get("content") or []
    return "\n".join(part.get("text") or part.get("refusal") or "" for part in parts)


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Hello", "I am a simulated model"),
        ("why are my tests flaky?", "Why a test is flaky"),
        ("explain sqlite's WAL", "write-ahead log"),
        ("how do I undo a git commit", "Getting out of trouble with Git"),
        ("Search the web for the newest Python", "Python 3.14"),
        ("Think hard about a cache design", "A cache that stays correct"),
        ("Show me markdown", "Everything Markdown has"),
        ("hack into his account", "I can't help"),
        ("simulate commentary", "I'll look at how the queue is drained"),
        ("what is love", "no answer to “what is love”"),
    ],
)
def test_answer_fits_the_question(ask: Ask, events_of: EventsOf, prompt: str, words: str) -> None:
    assert words in said(events_of(ask(input=[user(prompt)])))


def test_follow_up_names_the_turn_and_what_came_before(ask: Ask, events_of: EventsOf) -> None:
    history = [user("explain sqlite")]
    history += items(events_of(ask(input=history)))
    answer = said(events_of(ask(input=[*history, user("how do I rebase in git?")])))
    assert answer.startswith("*Turn 2, after “explain sqlite”.*")
    assert "Getting out of trouble with Git" in answer


def test_no_answer_comes_twice_in_a_conversation(ask: Ask, events_of: EventsOf) -> None:
    prompts = [user(f"blub {number}") for number in range(len(ANSWERS))]
    answers = [
        said(events_of(ask(input=prompts[: number + 1]))).partition("\n\n")[2]
        for number in range(len(ANSWERS))
    ]
    assert {written(name).text for name in ANSWERS} == set(answers)


def test_same_conversation_gets_the_same_answer_on_both_wires(
    ask: Ask, events_of: EventsOf
) -> None:
    text = said(events_of(ask(input=[user("docker image")])))
    messages = [{"role": "user", "content": "docker image"}]
    chunks = events_of(ask("/v1/chat/completions", messages=messages))
    content = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert content == text.strip()


def test_context_of_a_client_is_not_taken_for_the_question(ask: Ask, events_of: EventsOf) -> None:
    context = user("<environment_context>\n<cwd>/docker</cwd>\n</environment_context>")
    answer = said(events_of(ask(input=[context, user("flaky test")])))
    assert answer.startswith("## Why a test is flaky")


def test_limits_fill_as_turns_go_by(sim: Simulator, ask: Ask, events_of: EventsOf) -> None:
    responses = [ask() for _ in range(4)]
    used = [float(response.headers["x-codex-primary-used-percent"]) for response in responses]
    assert used == sorted(used)
    assert used[0] < used[-1]
    kinds = [event["type"] for event in events_of(responses[0])]
    assert "codex.rate_limits" in kinds


@pytest.mark.parametrize("name", names())
def test_every_written_answer_is_whole(name: str) -> None:
    answer = written(name)
    assert answer.thoughts
    assert answer.text.count("```") % 2 == 0
