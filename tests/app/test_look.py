"""What stands on the screen at several sizes, without colour, and with ASCII only."""

from dataclasses import replace

import pytest

from app.settings import Settings
from services.models.chat import ErrorCard
from services.provider import Provider
from simulator import events as ev
from simulator import items
from simulator.script import Status
from simulator.server import Simulator
from tests.app.conftest import Deck, Open

PLAIN_ANSWER = """# Head

Words with **bold**, a [link](https://example.org), `code` and ~~no~~.

- one
  - two
- [ ] open
- [x] done

> quoted

| name | value |
| :--- | ---: |
| a | 1 |
| a very long cell that has to be cut or wrapped somewhere in a small terminal | 2 |

```python
print("a line of code that is a good deal longer than the widths that are tried in here, truly")
```

---

The end.[^1]

[^1]: A note.
"""


def turn() -> list[ev.Event]:
    """Reasoning, a search, a tool call's text and an answer."""
    return [
        ev.created(),
        ev.item_done(items.reasoning("**Plan**\n\nThink first.", item_id="rs_1"), 0),
        ev.item_done(items.web_search_call(item_id="ws_1"), 1),
        ev.item_done({"type": "hologram", "id": "h_1", "of": "things"}, 2),
        ev.item_done(items.message(PLAIN_ANSWER, item_id="msg_1"), 3),
        ev.completed(),
    ]


class Watch:
    """Collects what is not ASCII on the screens that it is shown."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self.found: list[str] = []

    async def look(self, where: str) -> None:
        await self._deck.pilot.pause()
        wrong = {character for character in self._deck.text() if not character.isascii()}
        rows = [row.strip() for row in self._deck.rows() if wrong.intersection(row)]
        self.found += [f"{where}: {row}" for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("size", [(100, 30), (34, 12)])
async def test_ascii_leaves_no_other_character_on_any_screen(
    open_deck: Open, sim: Simulator, settings: Settings, once: Provider, size: tuple[int, int]
) -> None:
    gate = sim.gate()
    sim.script("responses", turn())
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], gate])
    async with open_deck(settings=replace(settings, ascii=True), provider=once, size=size) as deck:
        watch = Watch(deck)
        await watch.look("empty")
        await deck.say("a question longer than the list of chats is wide, but not 60")
        await deck.until(lambda: deck.replies() and not deck.view.is_answering)
        await watch.look("answered")
        await deck.pilot.press("escape", "g")
        await watch.look("at the start")
        for key in ("j", "enter", "j", "enter", "j", "enter", "j"):
            await deck.pilot.press(key)
            await watch.look("unfolded")
        await deck.say("again")
        await deck.until(lambda: deck.shows("partly"))
        await deck.say("a queued message that is too long for one row of a small terminal")
        await deck.until(lambda: deck.shows("queued"))
        await watch.look("queued")
        for keys in (("f1",), ("ctrl+x", "colon"), ("ctrl+x", "p"), ("ctrl+x",)):
            await deck.pilot.press(*keys)
            await deck.until(lambda: len(deck.app.screen_stack) == 2)
            if len(keys) == 1:
                deck.app.screen.add_class("-shown")
            await watch.look(" ".join(keys))
            await deck.pilot.press("ctrl+c")
            await deck.until(lambda: len(deck.app.screen_stack) == 1)
        sim.script("responses", [Status(500, {}, {"error": {"message": "Oops"}})])
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: not deck.view.is_answering)
        await watch.look("interrupted")
        await deck.pilot.press("enter")
        await deck.until(lambda: any(isinstance(item, ErrorCard) for item in deck.items()))
        await watch.look("failed")
        await deck.pilot.press(*"draft", "ctrl+c")
        await deck.until(lambda: any("draft put away" in words for words in deck.notices()))
        await watch.look("put away")
        assert not watch.found, "\n".join(watch.found)


@pytest.mark.parametrize(
    ("size", "has_list"), [((80, 24), False), ((100, 30), True), ((160, 40), True)]
)
async def test_the_shell_at_every_width(
    open_deck: Open, sim: Simulator, size: tuple[int, int], has_list: bool
) -> None:
    sim.script("responses", ev.text_turn("an answer"))
    async with open_deck(size=size) as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.replies() and not deck.view.is_answering)
        rows = deck.rows()
        assert rows[0].split()[0] == "2Chat"
        assert rows[0].endswith("simulator")
        assert rows[-1].endswith("help")
        assert "online" in rows[-1]
        assert any("Chats 1" in row for row in rows) is has_list
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.rows()[-1].endswith("? help"))


@pytest.mark.parametrize("width", [20, 24, 32, 40, 60])
async def test_the_footer_never_cuts_help(open_deck: Open, width: int) -> None:
    async with open_deck(size=(width, 12)) as deck:
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.rows()[-1].endswith("? help"))
        await deck.pilot.press("i")
        await deck.until(lambda: deck.rows()[-1].endswith("help"))


async def test_no_color_leaves_grey_only(
    open_deck: Open, sim: Simulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    sim.script("responses", turn())
    async with open_deck(settings=replace(settings, no_color=True)) as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.replies() and not deck.view.is_answering)
        for strip in deck.app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    triplet = colour.get_truecolor() if colour else None
                    assert triplet is None or len(set(triplet)) == 1, segment
