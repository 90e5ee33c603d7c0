"""The chat service with everything real below it, against the simulator."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.settings import load_settings
from app.wiring import Services, open_services
from services.events import ItemEnded, TextDelta, TurnEnded
from services.models.chat import Notice, QueuedMessage, Reply, TurnStatus
from simulator import events
from simulator.script import Drop, Gate
from simulator.server import Simulator
from tests.cli.conftest import CommandLine


@pytest.fixture
async def services(sim: Simulator, tmp_path: Path) -> AsyncIterator[Services]:
    environ = {
        "FOREDECK_HOME": str(tmp_path / "home-of-services"),
        "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
        "OPENAI_API_KEY": sim.api_key or "",
    }
    settings = load_settings({"model": "gpt-5.5"}, environ)
    async with open_services(settings, environ=environ) as services:
        yield services


def texts(request: Any) -> list[tuple[str, str]]:
    return [(item["role"], item["content"][0]["text"]) for item in request.body["input"]]


async def test_an_interrupt_closes_the_connection_within_200_ms(
    sim: Simulator, services: Services
) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "Half a sen", 2), Gate()])
    chat_id = (await services.chat.new()).summary.id
    with services.bus.subscribe() as subscription:
        await services.chat.submit(chat_id, "hi")
        while not any(isinstance(event, TextDelta) for event in subscription.take()):
            await asyncio.wait_for(subscription.wait(), 5)
    begun = time.perf_counter()
    await services.chat.interrupt(chat_id)
    assert time.perf_counter() - begun < 0.2
    partial = (await services.chat.open(chat_id)).items[-1]
    assert isinstance(partial, Reply)
    assert partial.is_partial
    sim.script("responses", events.text_turn("And on"))
    await services.chat.submit(chat_id, "go on")
    await services.chat.wait(chat_id)
    assert texts(sim.sent("/responses")[-1]) == [
        ("user", "hi"),
        ("assistant", partial.text),
        ("user", "go on"),
    ]


ANSWER = events.text_turn("Hello world", size=3)


@pytest.mark.parametrize("cut", range(len(ANSWER)))
async def test_a_stream_cut_anywhere_ends_in_the_whole_answer_once(
    sim: Simulator, services: Services, cut: int
) -> None:
    sim.script("responses", [*ANSWER[:cut], Drop()])
    sim.script("responses", ANSWER)
    chat_id = (await services.chat.new()).summary.id
    with services.bus.subscribe() as subscription:
        await services.chat.submit(chat_id, "hi")
        await services.chat.wait(chat_id)
        told = subscription.take()
    ended = next(event for event in told if isinstance(event, TurnEnded))
    assert (ended.status, ended.text) == (TurnStatus.COMPLETED, "Hello world")
    items = (await services.chat.open(chat_id)).items
    assert [item.text for item in items if isinstance(item, Reply)] == ["Hello world"]
    notices = [event.item for event in told if isinstance(event, ItemEnded)]
    lines = [notice.text for notice in notices if isinstance(notice, Notice)]
    # Before anything of an answer has come, the short retries of the request are not told.
    assert lines == (["connection lost, retry 1 of 5"] if cut else [])
    for request in sim.sent("/responses"):
        assert [role for role, _ in texts(request)].count("user") == 1


async def test_ask_sends_what_waited_first_and_prints_only_its_own_answer(
    sim: Simulator, foredeck: CommandLine, services: Services, tmp_path: Path
) -> None:
    sim.script("responses", events.text_turn("One"))
    chat_id = (await services.chat.new()).summary.id
    await services.chat.submit(chat_id, "first")
    await services.chat.wait(chat_id)
    await services.chats.enqueue(chat_id, QueuedMessage(id="q", text="second"))
    sim.script("responses", events.text_turn("Two"))
    sim.script("responses", events.text_turn("Three"))
    foredeck.environment["FOREDECK_HOME"] = str(tmp_path / "home-of-services")
    ended = await asyncio.to_thread(foredeck, "ask", "--last", "third")
    assert (ended.code, ended.out) == (0, "Three\n")
    assert ended.err == "note: messages that waited in this chat are sent first\n"
    sent = [texts(request)[-1][1] for request in sim.sent("/responses")]
    assert sent == ["first", "second", "third"]
