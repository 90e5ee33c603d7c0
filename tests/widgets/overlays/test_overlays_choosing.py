"""Palette, picker and confirmation as they are shown and used."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.content import Content

from app import themes
from app.palette import Entry
from app.screens.confirm import ConfirmScreen
from app.screens.palette import PaletteScreen
from app.screens.picker import PickerScreen
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.palette_list import PaletteList

Over = Callable[..., Any]
Shown = Callable[..., Awaitable[str]]
Result = Callable[..., Awaitable[list[object]]]

SIZES = [(20, 5), (40, 16), (80, 24), (120, 40), (200, 60)]
ENTRIES = (
    Entry(key="new", title="New chat", group="DO", keys="n"),
    Entry(key="copy", title="Copy block", group="DO", keys="y"),
    Entry(key="chat:1", title="Why [red]markup[/red] is text", group="CHATS", detail="3m"),
    Entry(key="chat:2", title="日本語のタイトル", group="CHATS", detail="2h"),
)


def palette(glyphs: Glyphs = UNICODE) -> PaletteScreen:
    return PaletteScreen(ENTRIES, glyphs, prompt="what to do", footnote="by a few letters")


async def test_the_palette_shows_groups_keys_count_and_what_its_keys_do(over: Over) -> None:
    async with over(palette()) as opened:
        text = opened.text
        assert "what to do" in text
        assert "4 of 4" in text
        assert opened.line("Copy block").split()[-2:] == ["y", "│"]
        assert text.index("DO") < text.index("New chat") < text.index("CHATS")
        assert "by a few letters" in text
        assert "enter run  ↑ ↓ move  esc close" in text


async def test_letters_narrow_the_palette_and_enter_gives_the_first_row(
    shown: Shown, result: Result
) -> None:
    text = await shown(palette(), *"cp")
    assert "1 of 4" in text
    assert "New chat" not in text
    assert await result(palette(), *"cp", "enter") == ["copy"]


async def test_letters_that_come_before_the_palette_is_drawn_are_taken(over: Over) -> None:
    async with over() as opened:
        opened.push(palette())
        await opened.press_at_once(*"cp", "enter")
        assert opened.results == ["copy"]


async def test_what_nothing_is_called_says_so_and_enter_waits(shown: Shown, result: Result) -> None:
    assert "nothing is called that" in await shown(palette(), *"zzz")
    assert await result(palette(), *"zzz", "enter") == []


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        (["enter"], "new"),
        (["down", "down", "up", "enter"], "copy"),
        (["up", "enter"], "new"),
        (["pagedown", "enter"], "chat:2"),
        (["ctrl+n", "ctrl+n", "ctrl+p", "enter"], "copy"),
        (["escape"], None),
        (["ctrl+c"], None),
    ],
)
async def test_keys_of_the_palette(keys: list[str], key: str | None, result: Result) -> None:
    assert await result(palette(), *keys) == [key]


async def test_a_row_of_the_palette_is_clicked(over: Over) -> None:
    async with over(palette()) as opened:
        await opened.pilot.click(PaletteList, offset=(8, 2))
        await opened.settle()
        assert opened.results == ["copy"]


async def test_a_hint_of_the_palette_is_clicked(over: Over) -> None:
    async with over(palette()) as opened:
        row = next(place for place, line in enumerate(opened.lines) if "esc close" in line)
        await opened.pilot.click(offset=(opened.lines[row].index("close"), row))
        await opened.settle()
        assert opened.results == [None]


async def test_remote_words_are_text_and_wide_letters_keep_the_edge(over: Over) -> None:
    async with over(palette()) as opened:
        assert "Why [red]markup[/red] is text" in opened.text
        row = opened.line("日本語")
        assert Content(row).cell_length == Content(opened.line("Copy block")).cell_length


async def test_letters_that_were_searched_for_are_underlined(over: Over) -> None:
    async with over(palette(), *"cp") as opened:
        marked = [
            segment.text
            for strip in opened.strips
            for segment in strip
            if segment.style and segment.style.underline
        ]
        assert "".join(marked) == "Cp"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
async def test_a_long_palette_keeps_the_selected_row_in_view_at_every_size(
    size: tuple[int, int], glyphs: Glyphs, over: Over
) -> None:
    entries = [Entry(key=str(n), title=f"row {n}", group=f"G{n // 10}") for n in range(40)]
    async with over(PaletteScreen(entries, glyphs), size=size) as opened:
        await opened.press(*["pagedown"] * 20, "up")
        assert glyphs.selected in opened.line("row 38")
        assert max(Content(line).cell_length for line in opened.lines) <= size[0]


async def test_plain_marks_leave_nothing_but_ascii(shown: Shown) -> None:
    entries = [*ENTRIES[:3], Entry(key="long", title="long " * 40, group="CHATS")]
    assert (await shown(PaletteScreen(entries, ASCII, title="Pick"), size=(120, 40))).isascii()
    assert (await shown(ConfirmScreen("Stop?", glyphs=ASCII))).isascii()


async def test_a_picker_has_a_title_and_begins_at_what_holds_now(
    over: Over, result: Result
) -> None:
    entries = [Entry(key=f"m{n}", title=f"model {n}", group="") for n in range(40)]

    def picker() -> PickerScreen:
        return PickerScreen("Model", entries, UNICODE, current="m30")

    async with over(picker()) as opened:
        assert "╭─ Model ─" in opened.text
        assert "▌" in opened.line("model 30")
    assert await result(picker(), "down", "enter") == ["m31"]
    assert await result(picker(), "7", "enter") == ["m7"]


@pytest.mark.parametrize(
    ("key", "answer"),
    [("y", True), ("n", False), ("enter", False), ("escape", False), ("ctrl+c", False)],
)
async def test_only_a_plain_yes_is_a_yes(key: str, answer: bool, result: Result) -> None:
    overlay = ConfirmScreen("Stop the answer?", "It cannot be undone.", "stop", glyphs=UNICODE)
    assert await result(overlay, key) == [answer]


@pytest.mark.parametrize("size", SIZES)
async def test_a_question_shows_its_keys_at_every_size(size: tuple[int, int], shown: Shown) -> None:
    overlay = ConfirmScreen("Stop [b]?", "It cannot be undone.", "stop", no="keep", glyphs=UNICODE)
    text = await shown(overlay, size=size)
    assert "Stop [b]?" in text
    assert "y stop" in text
    assert "keep" in text


@pytest.mark.parametrize("size", [(20, 5), (80, 24)])
@pytest.mark.parametrize("theme", list(themes.ALL_THEMES))
async def test_the_selected_row_is_marked_and_bold_in_every_theme(
    size: tuple[int, int], theme: str, over: Over
) -> None:
    async with over(palette(), size=size, theme=theme) as opened:
        assert "▌" in opened.line("New chat")
        bold = [
            segment.text
            for strip in opened.strips
            for segment in strip
            if segment.style and segment.style.bold
        ]
        assert "New chat" in bold
        assert "esc close" in opened.text
