"""What the mouse does: wheel, links, selecting."""

from textual import events

from services.models.chat import Reply, UserMessage
from tests.widgets.conftest import Host, hosted, rows_of
from widgets.glyphs import UNICODE
from widgets.transcript.view import Transcript


def reply(text: str) -> Reply:
    return Reply(id="r", turn_id="t", text=text)


async def drag(host: Host, shown: Transcript, start: tuple[int, int], end: tuple[int, int]) -> None:
    await host.pilot.mouse_down(shown, offset=start)
    await host.pilot.hover(shown, offset=end)
    await host.pilot.mouse_up(shown, offset=end)
    await host.settle()


def copied(host: Host) -> list[str]:
    return [message.text for message in host.posted(Transcript.CopyRequested)]


async def test_dragging_copies_what_was_written_without_wraps_and_bars() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(24, 12)) as host:
        text = "some words that wrap at this width"
        shown.load([UserMessage(id="u", turn_id="t", text=text, at=0), reply("- 漢字かな\n- two")])
        await host.settle()
        assert rows_of(shown)[:2] == [" ▎ some words that wrap", " ▎ at this width"]
        await drag(host, shown, (0, 0), (23, 1))
        await drag(host, shown, (5, 3), (8, 4))
    assert copied(host) == [text, "字かな\n• two"]


async def test_a_tab_in_code_is_copied_as_a_tab() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(40, 6)) as host:
        shown.load([reply("```make\nall:\n\techo 1\n```")])
        await host.settle()
        await drag(host, shown, (0, 0), (39, 1))
    assert copied(host) == ["all:\n\techo 1"]


async def test_a_selection_stays_while_the_answer_grows() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(40, 12)) as host:
        shown.open_item(reply("first part\n\nsecond"))
        await host.settle()
        await drag(host, shown, (2, 0), (6, 0))
        for _ in range(5):
            shown.append("r", "text", " and more\n\nnext")
            await host.settle()
        assert shown.has_selection
        assert shown.selected_text() == "first"
        shown.action_copy_selection()
        await host.settle()
        assert not shown.has_selection
    assert copied(host) == ["first", "first"]


async def test_a_click_on_a_link_tells_its_real_target() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 6)) as host:
        shown.load([reply("see [here](https://a.b/ü?c) or [bad](javascript:x) [/x] [@click=y]z")])
        await host.settle()
        row = rows_of(shown)[0]
        assert "here (https://a.b/" in row
        await host.pilot.click(shown, offset=(row.index("here") + 1, 0))
        await host.pilot.click(shown, offset=(row.index("see"), 0))
        await host.settle()
        assert "bad (javascript:x)" in " ".join(rows_of(shown)) or "[bad](javascript:x)" in row
        assert "[/x] [@click=y]z" in " ".join(" ".join(rows_of(shown)).split())
    (opened,) = host.posted(Transcript.LinkOpened)
    assert opened.url.startswith("https://a.b/%C3%BC")


async def test_the_wheel_scrolls_and_the_end_is_followed_again() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(40, 6)) as host:
        shown.load([reply("\n\n".join(f"part {n}" for n in range(30)))])
        await host.settle()
        end = rows_of(shown)
        for kind, is_following in (
            (events.MouseScrollUp, False), (events.MouseScrollDown, True),
        ):  # fmt: skip
            await host.pilot._post_mouse_events([kind], shown, offset=(3, 3))
            await host.settle()
            assert shown.is_following is is_following
        assert rows_of(shown) == end
