from textual import events

from tests.widgets.conftest import hosted
from widgets.composer import Composer
from widgets.glyphs import UNICODE
from widgets.prompt import Prompt


async def test_an_opened_long_paste_takes_a_third_of_the_screen_at_most() -> None:
    composer = Composer(UNICODE)
    async with hosted(composer, size=(60, 36)) as host:
        lines = "\n".join(f"line {number}" for number in range(300))
        composer.query_one(Prompt).post_message(events.Paste(lines))
        await host.settle()
        composer.action_expand_paste()
        await host.settle()
        assert composer.text == lines
        assert composer.query_one(Prompt).size.height == 36 * 33 // 100
        assert composer.size.height <= 36 * 33 // 100 + 3
