"""What a transcript shows of each kind of item."""

import pytest

from app import themes
from services.models.chat import Reply, UserMessage
from tests.widgets.conftest import hosted, rows_of
from widgets.glyphs import UNICODE
from widgets.transcript.view import Transcript


@pytest.mark.parametrize("theme", themes.ALL_THEMES)
async def test_a_question_and_its_answer_stand_below_each_other_in_every_theme(theme: str) -> None:
    transcript = Transcript(UNICODE)
    async with hosted(transcript, size=(60, 12), theme=theme) as host:
        transcript.load(
            [
                UserMessage(id="u", turn_id="t", text="Why?", at=0),
                Reply(id="r", turn_id="t", text="# Because\nIt is **so**.\n\n```sh\nls\n```"),
            ]
        )
        await host.settle()
        rows = rows_of(transcript)

    assert rows[:6] == [
        "  ▎ Why?",
        "",
        "  Because",
        "  It is so.",
        "",
        "   ls" + " " * 50 + "sh",
    ]
