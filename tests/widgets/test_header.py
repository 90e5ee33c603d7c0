"""The first row: views, limits and who is signed in, in as many words as there is room for."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from textual.geometry import Region

from services.models.limits import LimitsState, Standing
from tests.widgets.conftest import Host, hosted, rows_of
from tests.widgets.gauges import DAY, MINUTE, NOW, RUNS_OUT, known, week, window
from widgets.glyphs import ASCII, UNICODE, Glyphs
from widgets.header import Header
from widgets.rate_gauge import LimitsShown

WORDS = ("ada@example.test · Plus", "a…@e….test · Plus", "Plus")
TWO = (("2", "chat"), ("5", "limits"))
FIVE = (("1", "feed"), ("2", "chat"), ("3", "tasks"), ("4", "devin"), ("5", "limits"))
CALM = known(window(38), week(30))


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


class Watched(Header):
    """Knows what it was asked to draw again."""

    asked: tuple[Region, ...] | None = None
    """The regions; empty for all of it, None for nothing, or for a new layout of the screen."""

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> "Watched":
        self.asked = None if layout else regions
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


def header(
    state: LimitsState | None = None,
    *,
    warning: str = "",
    views: tuple[tuple[str, str], ...] = (("2", "chat"),),
    account: tuple[str, ...] = WORDS,
    glyphs: Glyphs = UNICODE,
) -> Watched:
    row = Watched(glyphs)
    row.set_reactive(Header.views, views)
    row.set_reactive(Header.active, "chat")
    row.set_reactive(Header.account, account)
    if state is not None:
        row.set_reactive(Header.gauge, LimitsShown(state=state, now=NOW))
    row.set_reactive(Header.warning, warning)
    return row


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (60, WORDS[0]),
        (33, WORDS[0]),
        (32, WORDS[1]),
        (26, WORDS[2]),
        (14, WORDS[2]),
        (12, ""),
    ],
)
async def test_the_account_gets_shorter_before_it_goes(width: int, words: str) -> None:
    row = header()
    async with hosted(row, size=(width, 3)):
        assert rows_of(row)[0].removeprefix(" 2Chat").strip() == words


async def test_another_server_outranks_the_account() -> None:
    row = header(warning="demo")
    async with hosted(row, size=(60, 3)):
        assert rows_of(row)[0].endswith("  demo")
        assert "Plus" not in rows_of(row)[0]


NAMES, DIGITS = ["2Chat", "5Limits"], ["2", "5"]
PRESSED = known(window(38), week(59, forecast=RUNS_OUT))
WIDE = "week ━━━━─•──── runs out 41% left Thu 18:00{}   5h ━━•━━━──── 62% left 1h12{}"


@pytest.mark.parametrize(
    ("width", "shown", "left"),
    [
        (136, WIDE.format(" pace −17%", f"   {WORDS[0]}   17:00"), NAMES),
        (135, WIDE.format(" pace −17%", f"   {WORDS[0]}"), NAMES),
        (127, WIDE.format("", f"   {WORDS[0]}"), NAMES),
        (117, WIDE.format("", f"   {WORDS[1]}"), NAMES),
        (111, WIDE.format("", f"   {WORDS[2]}"), NAMES),
        (99, "week ━━─•── runs out 41% left Thu 18:00 · 5h ━•━━── 62% left 1h12   Plus", NAMES),
        (90, "week ━━─•── runs out 41% left Thu 18:00 · 5h ━•━━── 62% left 1h12", NAMES),
        (83, "week ━━─•── runs out 41% left Thu 18:00 · 5h ━•━━── 62% left", NAMES),
        (78, "week ━━─•── runs out 41% left Thu · 5h ━•━━── 62% left", NAMES),
        (72, "week ━━─•── runs out 41% left · 5h ━•━━── 62% left", NAMES),
        (68, "week ━━─•── runs out 41% left · 5h 62% left", NAMES),
        (61, "week ━━─•── runs out 41% left · 5h 62% left", DIGITS),
        (51, "week runs out 41% left · 5h 62% left", DIGITS),
        (44, "week runs out 41% left", DIGITS),
        (30, "runs out 41% left", DIGITS),
        (22, "runs out 41% left", ["2"]),
        (19, "runs out 41% left", []),
        (16, "41% left", ["2", "5"]),
        (8, "41% left", []),
    ],
)
async def test_words_go_in_their_order_as_it_gets_narrow(
    width: int, shown: str, left: list[str]
) -> None:
    row = header(PRESSED, views=TWO)
    async with hosted(row, size=(width, 3)):
        text = rows_of(row)[0]
        assert text.endswith(shown)
        assert text.removesuffix(shown).split() == left


@pytest.mark.parametrize("views", [TWO, FIVE])
@pytest.mark.parametrize(
    "state",
    [
        CALM,
        PRESSED,
        known(window(100, is_refused=True), week(97)),
        known(window(38, as_of=NOW - 1500), as_of=NOW - 1500),
        known(window(38, reset=-60.0), week(80)),
    ],
)
async def test_the_share_of_the_nearest_window_is_never_dropped(
    views: tuple[tuple[str, str], ...], state: LimitsState
) -> None:
    row = header(state, views=views, warning="api.server-with-a-long-name.example.test:8443")
    nearest = f"{state.pressing()[0].left_percent:.0f}% left"
    async with hosted(row, size=(200, 3)) as host:
        for width in range(200, 18, -7):
            await host.resize(width, 3)
            text = rows_of(row)[0]
            assert nearest in text, width
            assert len(text) <= width


async def test_at_80_columns_two_windows_stand_beside_five_names() -> None:
    row = header(CALM, views=FIVE)
    async with hosted(row, size=(80, 3)):
        assert rows_of(row)[0] == (
            " 1Feed  2Chat  3Tasks  4Devin  5Limits       5h ━•━━── 62% left · week 70% left"
        )


async def test_the_gauge_ends_one_cell_before_the_edge() -> None:
    row = header(CALM, views=TWO, account=())
    async with hosted(row, size=(80, 3)) as host:
        for width in (80, 120, 200):
            await host.resize(width, 3)
            assert len(rows_of(row)[0]) == width - 1


async def test_of_a_window_that_is_used_up_the_countdown_stays() -> None:
    row = header(known(window(100), week(30)), views=FIVE, warning="127.0.0.1:41555")
    async with hosted(row, size=(80, 3)):
        assert rows_of(row)[0] == (
            " 1  2  3  4  5     5h ────── out 0% left 1h12 · week 70% left   127.0.0.1:41555"
        )


async def test_demo_outlasts_the_second_window() -> None:
    row = header(PRESSED, views=TWO, warning="demo")
    async with hosted(row, size=(44, 3)):
        assert rows_of(row)[0] == " 2  5         week runs out 41% left   demo"


async def test_ascii_draws_nothing_else() -> None:
    state = known(window(38), week(59, forecast=RUNS_OUT))
    row = header(state, views=TWO, account=(), glyphs=ASCII)
    async with hosted(row, size=(120, 3)) as host:
        text = rows_of(row)[0]
        assert text.endswith("pace -17%   5h ##*###---- 62% left 1h12   17:00")
        assert "week ####-*---- runs out 41% left Thu 18:00" in text
        for width in (120, 80, 60, 40, 20, 10):
            await host.resize(width, 3)
            assert rows_of(row)[0].isascii()


async def shown_at(host: Host, row: Watched, now: float) -> tuple[Region, ...] | None:
    """What is asked to be drawn again when the clock shows this."""
    await host.settle()
    row.asked = None
    gauge = row.gauge
    assert gauge is not None
    row.gauge = gauge.at(now)
    return row.asked


async def test_a_step_of_the_countdown_draws_its_own_cells_only() -> None:
    row = header(CALM, views=TWO, account=())
    async with hosted(row, size=(80, 3)) as host:
        before = rows_of(row)[0]
        assert await shown_at(host, row, NOW + 1) == (Region(before.index("1h12") + 3, 0, 1, 1),)
        await host.settle()
        assert rows_of(row)[0] == before.replace("1h12", "1h11")


async def test_nothing_is_drawn_while_the_words_stay() -> None:
    row = header(CALM, views=TWO, account=())
    async with hosted(row, size=(80, 3)) as host:
        await shown_at(host, row, NOW + 1)
        assert await shown_at(host, row, NOW + 30) is None
        assert await shown_at(host, row, NOW + 60) is None
        assert await shown_at(host, row, NOW + 60.5) is not None


async def test_a_new_number_changes_nothing_but_the_gauge() -> None:
    row = header(CALM, views=TWO)
    async with hosted(row, size=(100, 3)) as host:
        before = rows_of(row)[0]
        row.gauge = LimitsShown(state=known(window(39), week(30)), now=NOW)
        assert row.asked == (Region(before.index("62%") + 1, 0, 1, 1),)
        await host.settle()
        assert rows_of(row)[0] == before.replace("62%", "61%")


async def test_a_change_of_colour_alone_is_drawn() -> None:
    row = header(known(window(38), as_of=NOW), views=TWO)
    async with hosted(row, size=(80, 3)):
        row.gauge = LimitsShown(state=known(window(38, forecast=RUNS_OUT), as_of=NOW), now=NOW)
        assert row.asked
        row.asked = None
        row.gauge = replace(row.gauge, show="used")
        assert row.asked


async def test_limits_come_and_go() -> None:
    row = header(views=TWO, account=("Plus",))
    async with hosted(row, size=(80, 3)) as host:
        assert rows_of(row)[0].split() == ["2Chat", "5Limits", "Plus"]
        for state, words in (
            (LimitsState(), ["limits", "unknown", "Plus"]),
            (known(window(38)), ["5h", "━•━━──", "62%", "left", "1h12"]),
            (LimitsState(standing=Standing.API_KEY), ["Plus"]),
            (LimitsState(standing=Standing.SIGNED_OUT), ["Plus"]),
        ):
            row.gauge = LimitsShown(state=state, now=NOW)
            await host.settle()
            assert rows_of(row)[0].split()[2 : 2 + len(words)] == words
        row.gauge = None
        await host.settle()
        assert rows_of(row)[0].split() == ["2Chat", "5Limits", "Plus"]


@pytest.mark.parametrize("width", [120, 40])
async def test_a_click_on_a_view_or_the_gauge_asks_for_it(width: int) -> None:
    row = header(CALM, views=TWO, account=("Plus",))
    async with hosted(row, size=(width, 3)) as host:
        text = rows_of(row)[0]
        for column in (text.index("5h"), text.index("62%"), text.index("left")):
            await host.pilot.click(row, offset=(column, 0))
        assert len(host.posted(Header.GaugeChosen)) == 3
        second = text.index("5")
        for column in (0, 1, second, second + 1):
            await host.pilot.click(row, offset=(column, 0))
        chosen = [message.name for message in host.posted(Header.ViewChosen)]
        assert chosen == ["chat", "chat", "limits", "limits"]
        await host.pilot.click(row, offset=(text.index("Plus") if "Plus" in text else 11, 0))
        assert len(host.messages) >= 7
        assert len(host.posted(Header.GaugeChosen)) == 3


async def test_the_row_fits_whatever_stands_in_it() -> None:
    state = known(
        window(38, limit_id="x", limit_name="语言模型的限额和很长的名字"),
        week(41, reset=40 * DAY, limit_id="y", limit_name="Another name that is long"),
    )
    row = header(state, views=FIVE, account=("语言@例子.测试 · Plus",))
    async with hosted(row, size=(200, 3)) as host:
        for width in range(160, 8, -9):
            await host.resize(width, 3)
            assert row.size.width == width
            assert row.render().cell_length <= width
            await shown_at(host, row, NOW + 5 * MINUTE)
