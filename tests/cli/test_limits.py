"""`limits` and what is below it, with limits that are values."""

import asyncio
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from app.cli import limits
from app.cli.limits_lines import plan_value, state_line
from services.errors import CredentialsError, LoginError, UnreachableError, UsageError
from services.models.limits import (
    Credits,
    LimitSource,
    LimitsState,
    LimitVerdict,
    ResetCredit,
    ResetCredits,
    SpendControl,
    Standing,
)
from tests.cli.limits_stand import FIVE_HOURS, KNOWN, NOW, Stand

DOWN = UnreachableError("chatgpt.com cannot be reached", next_step="Check the network")
OLD = replace(KNOWN, as_of=NOW - 61)


async def run(stand: Stand, *argv: str) -> int:
    arguments, output = stand.command("limits", *argv)
    limits.prepare(arguments)
    return await limits.run(stand.parts, arguments, output)


async def document(stand: Stand, *argv: str) -> dict[str, Any]:
    assert await run(stand, *argv, "--json") == 0
    return json.loads(stand.out.getvalue())


async def test_the_document_has_every_key_of_the_contract() -> None:
    assert await document(Stand()) == {
        "as_of": int(NOW) - 30,
        "source": "poll",
        "stale": False,
        "plan": "pro",
        "plan_raw": "pro",
        "allowed": True,
        "limit_reached": False,
        "reached_type": None,
        "windows": [
            {
                "id": "codex/18000",
                "limit_id": "codex",
                "limit_name": None,
                "label": "5h",
                "used_percent": 38.0,
                "window_seconds": 18000,
                "resets_at": int(NOW) + 4320,
                "reset_in_seconds": 4320,
                "as_of": int(NOW) - 30,
                "source": "poll",
                "forecast": {
                    "state": "runs_out",
                    "p10_at": int(NOW) + 1800,
                    "p50_at": int(NOW) + 2400,
                    "p90_at": int(NOW) + 3600,
                },
            },
            {
                "id": "codex/604800",
                "limit_id": "codex",
                "limit_name": None,
                "label": "week",
                "used_percent": 12.5,
                "window_seconds": 604800,
                "resets_at": int(NOW) + 300_000,
                "reset_in_seconds": 300_000,
                "as_of": int(NOW) - 30,
                "source": "headers",
                "forecast": {"state": "lasts", "p10_at": None, "p50_at": None, "p90_at": None},
            },
        ],
        "credits": None,
        "spend_control": None,
        "reset_credits": None,
        "limits": [
            {
                "limit_id": "codex",
                "limit_name": None,
                "allowed": True,
                "limit_reached": False,
                "as_of": int(NOW) - 30,
                "source": "poll",
            }
        ],
    }


BLOCKED = LimitVerdict(
    limit_id="codex_blocked",
    limit_name="Blocked",
    allowed=False,
    limit_reached=False,
    as_of=NOW - 90,
    source=LimitSource.POLL,
)


async def test_the_document_tells_of_a_refused_limit_that_has_no_window() -> None:
    values = await document(Stand(replace(KNOWN, verdicts=(BLOCKED,))))
    assert [window["limit_id"] for window in values["windows"]] == ["codex", "codex"]
    assert (values["allowed"], len(values["limits"])) == (True, 2)
    assert values["limits"][1] == {
        "limit_id": "codex_blocked",
        "limit_name": "Blocked",
        "allowed": False,
        "limit_reached": False,
        "as_of": int(NOW) - 90,
        "source": "poll",
    }


async def test_a_refused_limit_has_a_row_and_its_windows_say_so() -> None:
    stand = Stand(replace(KNOWN, verdicts=(BLOCKED,)))
    await run(stand)
    last = stand.out.getvalue().splitlines()[-1]
    row = ["Blocked", "", "", "no reset known", "refused by the server", "1m old, asked the server"]
    assert last.split("\t") == row

    fast = replace(FIVE_HOURS, id="codex_blocked/18000", limit_id="codex_blocked")
    stand = Stand(replace(KNOWN, windows=(*KNOWN.windows, fast), verdicts=(BLOCKED,)))
    await run(stand)
    rows = [line.split("\t") for line in stand.out.getvalue().splitlines()]
    assert [row[4] for row in rows[1:]] == ["lasts until the reset", "refused by the server"]


def test_a_refused_limit_stands_in_the_line_of_a_change() -> None:
    line = state_line(replace(KNOWN, verdicts=(BLOCKED,)), NOW)
    assert line.endswith("5h 38% used, week 12% used, Blocked refused")


async def test_only_refused_limits_are_no_empty_table() -> None:
    stand = Stand(replace(KNOWN, windows=(), verdicts=(BLOCKED,)))
    await run(stand)
    assert stand.out.getvalue().startswith("Blocked\t")


async def test_the_document_has_its_keys_where_nothing_is_known() -> None:
    stand = Stand(LimitsState(standing=Standing.API_KEY))
    values = await document(stand)
    assert set(values) == set(await document(Stand()))
    assert (values["windows"], values["as_of"], values["stale"]) == ([], None, False)
    assert "no limit windows" in stand.err.getvalue()
    assert stand.limits.refreshed == []


async def test_the_document_tells_credits_spending_and_resets() -> None:
    state = replace(
        KNOWN,
        credits=Credits(has_credits=True, unlimited=False, balance="18"),
        spend_control=SpendControl(reached=True, limit="50", used="50", resets_at=NOW + 0.7),
        reset_credits=ResetCredits(
            available=2,
            credits=(
                ResetCredit(id="a", status="available", expires_at=NOW + 5),
                ResetCredit(id="b", status="available"),
                ResetCredit(id="c", status="redeemed", expires_at=NOW + 3),
            ),
        ),
    )
    values = await document(Stand(state))
    assert values["credits"] == {"has_credits": True, "unlimited": False, "balance": "18"}
    assert values["spend_control"] == {
        "reached": True,
        "limit": "50",
        "used": "50",
        "remaining": None,
        "used_percent": None,
        "resets_at": int(NOW),
    }
    assert values["reset_credits"] == {"available": 2, "expires_at": [int(NOW) + 5]}


async def test_a_reset_that_has_passed_is_kept_with_nothing_left_to_wait() -> None:
    window = replace(FIVE_HOURS, resets_at=NOW - 100, window_seconds=None, id="codex/primary")
    (value,) = (await document(Stand(replace(KNOWN, windows=(window,)))))["windows"]
    assert (value["resets_at"], value["reset_in_seconds"]) == (int(NOW) - 100, 0)
    assert (value["label"], value["window_seconds"]) == (None, None)


async def test_names_in_the_document_cannot_drive_a_terminal() -> None:
    window = replace(FIVE_HOURS, limit_id="\x1b]52;c;x\x07", limit_name="\u202eeman\x9b31m")
    stand = Stand(replace(KNOWN, plan="\x1b[31m", windows=(window,)))
    assert await run(stand, "--json") == 0
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(stand.out.getvalue())
    assert "\\u001b" not in stand.out.getvalue()


@pytest.mark.parametrize(
    ("raw", "plan"),
    [("pro", "pro"), ("education", "edu"), ("hc", "unknown"), ("Pro", "unknown"), (None, None)],
)
def test_a_plan_is_told_as_codex_tells_it(raw: str | None, plan: str | None) -> None:
    assert plan_value(raw) == plan


async def test_what_is_younger_than_a_minute_is_not_read_again() -> None:
    stand = Stand()
    assert await run(stand) == 0
    assert stand.limits.refreshed == []


async def test_what_is_older_than_a_minute_is_read_again() -> None:
    stand = Stand(OLD)
    stand.limits.answers = [replace(KNOWN, as_of=NOW)]
    assert (await document(stand))["as_of"] == int(NOW)
    assert len(stand.limits.refreshed) == 1


async def test_refresh_reads_what_is_young_too() -> None:
    stand = Stand()
    await run(stand, "--refresh")
    assert len(stand.limits.refreshed) == 1


async def test_a_refresh_that_fails_prints_what_was_known_and_ends_with_the_cause() -> None:
    stand = Stand()
    stand.limits.answers = [DOWN]
    assert await run(stand, "--refresh", "--json") == 6
    values = json.loads(stand.out.getvalue())
    assert (values["stale"], values["windows"][0]["used_percent"]) == (True, 38.0)
    last = json.loads(stand.err.getvalue().splitlines()[-1])
    assert last["error"]["kind"] == "unreachable"


async def test_a_refresh_ends_with_the_failure_of_whoever_asked_just_before() -> None:
    stand = Stand()
    stand.limits.answers = [replace(KNOWN, failure=DOWN.failure)]
    assert await run(stand, "--refresh") == 6


async def test_without_refresh_old_numbers_are_good_enough_and_said_to_be_old() -> None:
    stand = Stand(OLD)
    stand.limits.answers = [DOWN]
    assert await run(stand) == 0
    assert "codex" not in stand.out.getvalue()
    assert "38% used" in stand.out.getvalue()
    assert "numbers of before. chatgpt.com cannot be reached." in stand.err.getvalue()


async def test_a_failure_with_nothing_stored_prints_nothing() -> None:
    stand = Stand(LimitsState())
    stand.limits.answers = [DOWN]
    assert await run(stand, "--json") == 6
    assert stand.out.getvalue() == ""


async def test_the_first_reading_of_another_process_is_waited_for() -> None:
    stand = Stand(LimitsState())
    stand.limits.answers = [LimitsState(), LimitsState(), replace(KNOWN, as_of=NOW)]
    assert (await document(stand))["as_of"] == int(NOW)


async def test_whoever_is_signed_out_meanwhile_is_told() -> None:
    with pytest.raises(CredentialsError):
        await run(Stand(LimitsState(standing=Standing.SIGNED_OUT)))


async def test_a_reader_gets_columns_and_facts_and_a_program_gets_rows_only() -> None:
    reader, program = Stand(is_terminal=True), Stand()
    await run(reader)
    await run(program)
    assert "plan: pro" in reader.out.getvalue()
    rows = [line.split("\t") for line in program.out.getvalue().splitlines()]
    assert [row[:3] for row in rows] == [
        ["5h", "38% used", "62% left"],
        ["week", "12% used", "88% left"],
    ]
    assert rows[0][3] == "resets Sat 21 Nov 14:38 UTC, in 1 h 12 min"
    assert rows[1][4] == "lasts until the reset"


async def test_a_refusal_is_said() -> None:
    refused = replace(KNOWN, allowed=False, reached_type="workspace_owner_credits_depleted")
    stand = Stand(refused)
    assert await run(stand) == 0
    assert (
        stand.err.getvalue()
        == "note: The server refuses calls: workspace owner credits depleted.\n"
    )


@pytest.mark.parametrize(
    "argv",
    [
        ("--format", "tmux", "--json"),
        ("--format", "tmux", "--refresh"),
        ("--refresh", "watch"),
        ("--json", "history", "--csv"),
    ],
)
async def test_flags_that_do_not_fit_together_are_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        await run(Stand(), *argv)


# --- watch ---------------------------------------------------------------------------------------


class Lines(io.StringIO):
    """A stream that hands over each line of JSON as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.came: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def write(self, text: str) -> int:
        self.came.put_nowait(json.loads(text))
        return len(text)


async def test_watch_prints_a_line_for_each_change_and_only_then() -> None:
    lines = Lines()
    stand = Stand(out=lines)
    task = asyncio.ensure_future(run(stand, "watch", "--json"))
    try:
        async with asyncio.timeout(5):
            shown = [await lines.came.get()]
            assert stand.limits.is_looking
            stand.limits.show(replace(KNOWN, as_of=NOW + 5))
            stand.limits.show(
                replace(KNOWN, as_of=NOW + 6, windows=(replace(FIVE_HOURS, resets_at=NOW + 1),))
            )
            shown.append(await lines.came.get())
            # Older and nearer to its reset, but the same.
            stand.clock.at += 30
            stand.limits.show(replace(stand.limits.state, as_of=NOW + 36))
            await asyncio.sleep(0)
            stand.limits.show(replace(KNOWN, windows=(replace(FIVE_HOURS, used_percent=40.0),)))
            shown.append(await lines.came.get())
            stand.limits.show(replace(stand.limits.state, failure=DOWN.failure))
            shown.append(await lines.came.get())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [line["windows"][0]["used_percent"] for line in shown] == [38.0, 38.0, 40.0, 40.0]
    assert [line["stale"] for line in shown] == [False, False, False, True]
    assert lines.came.empty()


async def test_watch_goes_on_where_the_network_is_away_at_first() -> None:
    lines = Lines()
    stand = Stand(LimitsState(), out=lines)
    stand.limits.answers = [DOWN]
    task = asyncio.ensure_future(run(stand, "watch", "--json"))
    try:
        async with asyncio.timeout(5):
            await stand.limits.was_refreshed.wait()
            stand.limits.show(KNOWN)
            assert (await lines.came.get())["plan"] == "pro"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert "cannot be reached. Check the network. It is tried again." in stand.err.getvalue()


async def test_watch_fails_where_the_login_is_refused() -> None:
    stand = Stand(LimitsState())
    stand.limits.answers = [LoginError("The login was refused")]
    assert await run(stand, "watch") == 3


async def test_watch_ends_where_nobody_is_signed_in_any_more() -> None:
    stand = Stand(out=Lines())
    task = asyncio.ensure_future(run(stand, "watch", "--json"))
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
        stand.limits.show(LimitsState(standing=Standing.SIGNED_OUT))
        with pytest.raises(CredentialsError):
            await task
