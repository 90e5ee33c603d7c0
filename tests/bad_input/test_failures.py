"""Every failure is one card with its cause and next step; what was there before stays."""

import pytest

from services.models.chat import ErrorCard, Reply, UserMessage
from services.provider import Provider
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Open
from tests.bad_input.rows import FAILURES, Row


def in_one_line(rows: list[str]) -> str:
    """What stands in the conversation, without frames and line ends."""
    inside = (row.rpartition("▕")[2].strip(" │▎╭╮╰╯─✗") for row in rows)
    return " ".join(" ".join(inside).split())


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: row.name)
async def test_a_failure_is_one_card_and_r_tries_again(
    open_deck: Open, sim: Simulator, once: Provider, row: Row
) -> None:
    sim.script("responses", row.steps())
    sim.script("responses", ev.text_turn("all is well"))
    async with open_deck(provider=once, size=(120, 30)) as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.view.transcript.has_failed)
        user, *before, card = deck.items()
        assert isinstance(user, UserMessage)
        assert isinstance(card, ErrorCard)
        assert [r.text for r in before if isinstance(r, Reply) and r.is_partial] == [
            *([row.kept] if row.kept else [])
        ]
        await deck.until(lambda: deck.shows("r retry"))
        shown = in_one_line(deck.rows())
        assert row.says in shown
        assert row.next_step in shown
        assert card.failure.request_id
        assert card.failure.request_id in shown
        await deck.pilot.press("escape", "r")
        await deck.until(lambda: deck.replies() == ["all is well"])
        assert not deck.view.transcript.has_failed
    texts = [item["content"][0]["text"] for item in sim.sent("/responses")[1].body["input"]]
    assert texts == ["hi"]
