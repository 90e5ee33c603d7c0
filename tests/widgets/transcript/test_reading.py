"""Following, reading elsewhere, moving by part, folding, searching and prepending."""

from app import themes
from services.models.chat import Item, Notice, Reasoning, Reply, UnknownItem, UserMessage
from tests.widgets.conftest import Host, hosted, rows_of, strips_of
from widgets.glyphs import UNICODE
from widgets.transcript.view import Transcript

ANSWER = "# Head\nSome *words*.\n\n```python\nx = 1\ny = 2\n```\n\n- one\n- two\n\nThe end."


def user(number: int, text: str = "") -> UserMessage:
    return UserMessage(id=f"u{number}", turn_id=f"t{number}", text=text or f"say {number}", at=0)


def reply(number: int, text: str | None = None) -> Reply:
    said = f"said {number}" if text is None else text
    return Reply(id=f"r{number}", turn_id=f"t{number}", text=said)


def talk(count: int, first: int = 0) -> list[Item]:
    return [each for n in range(first, first + count) for each in (user(n), reply(n))]


def copied(host: Host) -> list[str]:
    return [message.text for message in host.posted(Transcript.CopyRequested)]


def marked(shown: Transcript) -> list[str]:
    """Rows that have the cursor's bar."""
    return [row[1:].strip() for row in rows_of(shown) if row.startswith("▌")]


async def test_it_follows_the_end_while_the_reader_is_there() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load(talk(30))
        shown.open_item(reply(99, "start"))
        for number in range(40):
            shown.append("r99", "text", f"\n\nline {number}")
            await host.settle()
            assert rows_of(shown)[-1] == f"  line {number}"
        assert shown.is_following


async def test_reading_elsewhere_stays_put_and_says_that_more_came_below() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load(talk(30))
        await host.settle()
        shown.scroll_rows(-20)
        await host.settle()
        before = rows_of(shown)
        shown.open_item(reply(99))
        for _ in range(5):
            shown.append("r99", "text", "\n\nmore and more")
            await host.settle()
        assert rows_of(shown)[:-1] == before[:-1]
        assert rows_of(shown)[-1].endswith("↓ new below")
        assert shown.new_below == 1

        shown.action_end()
        await host.settle()
        assert rows_of(shown)[-1].endswith("more and more")
        assert shown.new_below == 0
        assert shown.is_following


async def test_a_click_on_the_marker_goes_to_the_end() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load(talk(30))
        await host.settle()
        shown.scroll_rows(-20)
        shown.close_item(reply(99, "the last"))
        await host.settle()
        await host.pilot.click(shown, offset=(50, 9))
        await host.settle()
        assert rows_of(shown)[-1] == "  the last"


async def test_the_cursor_moves_part_by_part_and_copies_what_it_marks() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 30)) as host:
        shown.load([user(1, "why"), reply(1, ANSWER)])
        await host.settle()
        shown.action_cursor_up()
        shown.action_copy_block()
        shown.action_cursor_up()
        shown.action_copy_block()
        shown.action_cursor_up()
        await host.settle()
        assert marked(shown) == ["x = 1" + " " * 43 + "python", "y = 2"]
        shown.action_copy_block()
        shown.action_copy_answer()
        for _ in range(3):
            shown.action_cursor_up()
        await host.settle()
        assert marked(shown) == ["▎ why"]
        shown.action_copy_block()
        shown.action_cursor_down()
        shown.action_copy_block()
        await host.settle()

    assert copied(host) == [
        "The end.", "- one\n- two", "x = 1\ny = 2", ANSWER, "why", "# Head",
    ]  # fmt: skip


async def test_without_a_cursor_the_whole_last_answer_is_copied() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 30)) as host:
        shown.load([user(1), reply(1, ANSWER)])
        shown.action_copy_block()
        await host.settle()
    assert copied(host) == [ANSWER]


async def test_a_block_that_does_not_fit_is_read_through_before_the_next() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 8)) as host:
        code = "\n".join(f"line {n}" for n in range(30))
        shown.load([user(1), reply(1, f"```\n{code}\n```\n\nafter"), user(2)])
        await host.settle()
        shown.action_home()
        await host.settle()
        seen: list[str] = []
        for _ in range(12):
            shown.action_cursor_down()
            await host.settle()
            seen += [row.strip("▌ ") for row in rows_of(shown)]
        assert [f"line {n}" for n in range(30) if f"line {n}" not in seen] == []
        assert "after" in seen
        assert marked(shown) == ["▎ say 2"]


async def test_paging_shows_every_line_both_ways() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load(talk(20))
        await host.settle()
        for action in (shown.action_page_up, shown.action_page_down):
            seen: set[str] = set()
            for _ in range(20):
                seen |= {row.strip("▌▎ ") for row in rows_of(shown)}
                action()
                await host.settle()
            assert {f"said {n}" for n in range(20)} <= seen


async def test_reasoning_opens_and_folds_by_key_and_by_click() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load([Reasoning(id="x", turn_id="t", summary="**Plan** it", seconds=12)])
        await host.settle()
        assert rows_of(shown)[0] == "  ▸ thought for 12 s"
        shown.action_fold()
        await host.settle()
        assert rows_of(shown)[0:2] == ["  ▾ thought for 12 s", "    Plan it"]
        await host.pilot.click(shown, offset=(5, 0))
        await host.settle()
        assert rows_of(shown)[0].endswith("▸ thought for 12 s")


async def test_a_search_goes_from_match_to_match_around_the_ends() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 12)) as host:
        shown.load(
            [
                user(1, "find Needle here"),
                *talk(20, 10),
                reply(2, "first\n\n```\ncode\n```\n\na needle, a NEEDLE"),
                UnknownItem(id="x", turn_id="t2", type="new", raw='{"needle": 1}'),
                *talk(20, 40),
            ]
        )
        await host.settle()
        assert shown.find("needle") == 4
        assert shown.is_finding
        seen: list[str] = []
        for _ in range(4):
            await host.settle()
            seen.append(marked(shown)[0])
            shown.action_find_previous()
        first = "▾ unsupported item: new"
        assert seen == [first, "a needle, a NEEDLE", "▎ find Needle here", first]
        await host.settle()
        found = themes.THEMES[themes.DARK].variables["found-current"]
        row = next(strip for strip in strips_of(shown) if "a NEEDLE" in strip.text)
        lit = [text for text, style, _ in row if style and found in str(style)]
        assert lit == ["needle", "NEEDLE"]
        shown.action_find_next()
        await host.settle()
        assert marked(shown)[0] == seen[0]
        assert shown.find("nowhere") == 0
        shown.end_find()
        assert not shown.is_finding


async def test_earlier_items_are_asked_for_once_and_keep_the_place() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load(talk(30, 100), earlier=60)
        await host.settle()
        assert host.posted(Transcript.EarlierWanted) == []
        for _ in range(30):
            shown.scroll_rows(-3)
            await host.settle()
        assert len(host.posted(Transcript.EarlierWanted)) == 1
        before = rows_of(shown)
        shown.prepend(talk(30, 70))
        await host.settle()
        assert rows_of(shown) == before
        shown.action_home()
        await host.settle()
        assert rows_of(shown)[0].endswith("▎ say 70")
        assert len(host.posted(Transcript.EarlierWanted)) == 1


async def test_dimmed_items_stay_until_they_are_dropped_and_replaced() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.load([user(1)])
        shown.open_item(reply(1, ""))
        shown.append("r1", "text", "half an ans")
        await host.settle()
        shown.dim_items(["r1"])
        shown.close_item(Notice(id="n", turn_id="t1", text="connection lost, retry 1 of 5"))
        await host.settle()
        muted = themes.THEMES[themes.DARK].variables["text-muted"]
        styles = {str(s.style) for s in strips_of(shown)[2] if s.text.strip()}
        assert len(styles) == 1
        assert muted in str(styles.pop())
        shown.drop_items(["r1"])
        shown.close_item(reply(2, "the whole answer"))
        await host.settle()
        assert [row for row in rows_of(shown) if row] == [
            "  ▎ say 1", "  connection lost, retry 1 of 5", "  the whole answer",
        ]  # fmt: skip


async def test_the_place_survives_a_storm_of_sizes_and_another_theme() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(100, 20)) as host:
        words = "some words to wrap around " * 8
        shown.load([each for n in range(40) for each in (user(n), reply(n, f"{n}: {words}"))])
        await host.settle()
        shown.scroll_rows(-60)
        await host.settle()
        before = rows_of(shown)
        for width, height in ((20, 5), (100, 40), (33, 7), (1, 1), (2, 2), (160, 50), (100, 20)):
            await host.resize(width, height)
        assert [row.strip() for row in rows_of(shown)[:3]] == [row.strip() for row in before[:3]]
        host.app.theme = themes.LIGHT
        await host.settle()
        assert rows_of(shown) == before
        ground = str(themes.THEMES[themes.LIGHT].background)
        assert all(ground in str(s.style) for strip in strips_of(shown) for s in strip)


async def test_code_is_plain_at_first_and_coloured_by_a_thread_once() -> None:
    shown = Transcript(UNICODE)
    async with hosted(shown, size=(60, 10)) as host:
        shown.open_item(reply(1, ""))
        shown.append("r1", "text", "```python\ndef f(): pass\n```\n\nafter")
        await host.settle()
        keyword = themes.THEMES[themes.DARK].variables["syntax-keyword"]
        await host.until(lambda: any(keyword in str(s.style) for s in strips_of(shown)[0]))
        coloured = [s.text for s in strips_of(shown)[0] if keyword in str(s.style)]
        assert coloured == ["def", "pass"]
        assert rows_of(shown)[0].split() == ["def", "f():", "pass", "python"]
