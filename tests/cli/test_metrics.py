"""`metrics`: what Prometheus reads, by the parser of its own client."""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from argparse import ArgumentTypeError
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from app.cli.metrics import CONTENT_TYPE, address, metrics, serve
from app.status_line import printable as shown
from app.version import __version__
from services.errors import RefusedError
from services.limits.board import Board, to_json
from services.models.limits import Credits, LimitSource, LimitVerdict, ResetCredits, SpendControl
from tests.cli.limits_stand import NOW
from tests.cli.status_store import row, store

ROOT = Path(__file__).resolve().parents[2]
Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Found:
    """Every sample, by name and labels; fails where two have the same."""
    found: Found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    assert text == "" or text.endswith("\n")
    return found


def key(name: str, /, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"foredeck_{name}", frozenset(labels.items())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "foredeck.db"


def fill(path: Path, rows: list[dict[str, Any]], board: Board | None = None, **facts: Any) -> None:
    connection = store(path, rows, **{"account": "acc/user", **facts})
    if board is not None:
        connection.execute("INSERT INTO limit_boards VALUES ('acc/user', 1, ?)", (to_json(board),))
    connection.close()


def fill_whole(path: Path) -> None:
    """A store with a number for every family."""
    week = row(
        "week",
        92.5,
        resets_in=None,
        window_id="codex/604800",
        window_seconds=604_800,
        is_refused=1,
        forecast="exhausted",
    )
    hours = row(
        "5h",
        38.0,
        window_id="codex/18000",
        forecast="runs_out",
        p10_at=NOW + 60,
        p50_at=NOW + 120.5,
    )
    board = Board(
        credits=Credits(has_credits=True, unlimited=False, balance="18.25"),
        spend_control=SpendControl(reached=True, used_percent=50.0),
        reset_credits=ResetCredits(available=2),
        verdicts=(
            LimitVerdict(limit_id="blocked", allowed=False, as_of=NOW, source=LimitSource.POLL),
            LimitVerdict(limit_id="fast", allowed=True, as_of=NOW, source=LimitSource.POLL),
        ),
    )
    fill(path, [hours, week], board, plan="pro", allowed=1, limit_reached=0, failure="{}")


def test_every_number_has_its_family_in_base_units(path: Path) -> None:
    fill_whole(path)
    five = {"limit": "codex", "window": "5h"}
    weekly = {"limit": "codex", "window": "week"}
    expected: Found = {
        key("build_info", version=__version__): 1,
        key("limits_up"): 1,
        key("limit_used_ratio", **five): 0.38,
        key("limit_used_ratio", **weekly): 0.925,
        key("limit_reset_timestamp_seconds", **five): NOW + 4_320,
        key("limit_read_timestamp_seconds", **five): NOW - 30,
        key("limit_read_timestamp_seconds", **weekly): NOW - 30,
        key("limit_window_seconds", **five): 18_000,
        key("limit_window_seconds", **weekly): 604_800,
        key("limit_refused", **five): 0,
        key("limit_refused", **weekly): 1,
        key("limit_run_out_timestamp_seconds", **five, percentile="10"): NOW + 60,
        key("limit_run_out_timestamp_seconds", **five, percentile="50"): NOW + 120.5,
        key("limit_info", **five, name=""): 1,
        key("limit_info", **weekly, name=""): 1,
        key("limit_allowed", limit="blocked"): 0,
        key("limit_allowed", limit="fast"): 1,
        key("limits_allowed"): 1,
        key("limits_reached"): 0,
        key("limits_poll_failed"): 1,
        key("limits_read_timestamp_seconds"): NOW - 30,
        key("limits_plan_info", plan="pro"): 1,
        key("credits_available"): 1,
        key("credits_unlimited"): 0,
        key("credits_balance"): 18.25,
        key("spend_control_reached"): 1,
        key("spend_control_used_ratio"): 0.5,
        key("reset_credits_available"): 2,
    }
    for labels, holds in ((five, "runs_out"), (weekly, "exhausted")):
        for state in ("lasts", "runs_out", "exhausted", "unknown"):
            expected[key("limit_forecast", **labels, state=state)] = state == holds
    assert parsed(metrics(str(path))) == expected


def test_the_age_of_numbers_is_exact(path: Path) -> None:
    fill(path, [row()], as_of=1_795_267_600.25)
    assert "foredeck_limits_read_timestamp_seconds 1795267600.25\n" in metrics(str(path))
    assert "foredeck_limit_window_seconds{" in metrics(str(path))


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_without_a_store_it_is_down(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    expected = {key("build_info", version=__version__): 1, key("limits_up"): 0}
    assert parsed(metrics(str(path))) == expected
    assert content is not None or not path.exists()


def test_a_board_that_cannot_be_read_costs_only_what_stands_in_it(path: Path) -> None:
    fill(path, [row()])
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO limit_boards VALUES ('acc/user', 1, '{')")
    connection.commit()
    connection.close()
    found = parsed(metrics(str(path)))
    assert found[key("limit_used_ratio", limit="codex", window="5h")] == 0.38
    assert key("credits_available") not in found


def test_windows_that_would_be_named_alike_are_told_once(path: Path) -> None:
    slots = [row(window_id=f"codex/{slot}", window_seconds=None) for slot in ("a", "a", "b")]
    fill(path, slots)
    found = parsed(metrics(str(path)))
    assert key("limit_used_ratio", limit="codex", window="a") in found
    assert key("limit_used_ratio", limit="codex", window="b") in found


HOSTILE = st.text(st.characters() | st.sampled_from('"\\\n{},= \r'), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(limit=HOSTILE, name=HOSTILE, plan=HOSTILE)
def test_names_of_any_kind_stay_within_their_labels(
    tmp_path_factory: pytest.TempPathFactory, limit: str, name: str, plan: str
) -> None:
    path = tmp_path_factory.mktemp("hostile") / "foredeck.db"
    texts = [text.encode("utf-8", "replace").decode() for text in (limit, name, plan)]
    limit, name, plan = texts
    fill(path, [row(limit_id=limit, limit_name=name)], plan=plan)
    found = parsed(metrics(str(path)))
    labels = {"limit": shown(limit), "window": "5h", "name": shown(name)}
    assert found[key("limit_info", **labels)] == 1
    assert not plan or found[key("limits_plan_info", plan=shown(plan))] == 1


# --- Served --------------------------------------------------------------------------------------


@contextmanager
def served(path: Path) -> Generator[int]:
    with serve(str(path), ("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def ask(
    port: int, target: str = "/metrics", method: str = "GET", **headers: str
) -> tuple[int, str | None, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()
    finally:
        connection.close()


def test_each_scrape_reads_the_store(path: Path) -> None:
    connection = store(path, [row()])
    used = key("limit_used_ratio", limit="codex", window="5h")
    try:
        with served(path) as port:
            status, kind, text = ask(port)
            assert (status, kind) == (200, CONTENT_TYPE)
            assert parsed(text)[used] == 0.38
            connection.execute("UPDATE limit_status SET used = 50")
            assert parsed(ask(port, "/metrics?x=y")[2])[used] == 0.5
            assert ask(port, method="HEAD")[::2] == (200, "")
            assert ask(port, "/")[0] == 404
            assert ask(port, method="POST")[0] == 501
    finally:
        connection.close()


def test_a_page_whose_name_leads_here_gets_nothing(path: Path) -> None:
    with served(path) as port:
        assert ask(port, Host="evil.example")[0] == 403
        assert ask(port, Host=f"evil.example:{port}")[0] == 403
        for host in (f"localhost:{port}", "127.0.0.1", f"[::1]:{port}"):
            assert ask(port, Host=host)[0] == 200


def test_a_port_that_is_taken_is_said(path: Path) -> None:
    with served(path) as port, pytest.raises(RefusedError, match="Nobody can listen"):
        serve(str(path), ("127.0.0.1", port))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),
        ("[::1]:9464", ("::1", 9464)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_addresses(text: str, where: tuple[str, int]) -> None:
    assert address(text) == where


@pytest.mark.parametrize("text", ["", "host", "host:", "::1:9464", "1:65536", "1:-1", "1:٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        address(text)


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", "metrics", *arguments],
        env={**os.environ, "FOREDECK_HOME": str(home), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_program_prints_and_serves(path: Path) -> None:
    fill(path, [row()])
    with start(path.parents[1]) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out == metrics(str(path))
    with start(path.parents[1], "--listen", "127.0.0.1:0") as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        assert told.startswith("note: Metrics are at http://127.0.0.1:")
        port = int(told.removesuffix("/metrics\n").rpartition(":")[2])
        assert ask(port)[2] == out
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_any_other_address_is_warned_of_once(path: Path) -> None:
    with start(path.parent, "--listen", "0.0.0.0:0") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("warning: Whoever reaches 0.0.0.0 can read")
        assert process.stderr.readline().startswith("note: Metrics are at http://0.0.0.0:")
        process.terminate()


def test_an_address_that_is_none_is_wrong_usage(path: Path) -> None:
    with start(path.parent, "--listen", "nowhere") as process:
        _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert json.dumps(err).count("127.0.0.1:9464") == 1
