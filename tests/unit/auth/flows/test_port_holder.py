from pathlib import Path

import pytest

from services.auth.flows.port_holder import find_holder

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
ROW = (
    "   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 0 0 0 {inode} 1"
)


def machine(folder: Path, *, table: str = "tcp", row: str = "", name: str = "codex\n") -> Path:
    """A /proc with one process, number 4711, which holds socket 99."""
    (folder / "net").mkdir()
    (folder / "net" / table).write_text(f"{HEAD} inode\n{row}\n")
    handles = folder / "4711" / "fd"
    handles.mkdir(parents=True)
    (folder / "4711" / "comm").write_text(name)
    (handles / "3").symlink_to("socket:[99]")
    (folder / "self").mkdir()
    (folder / "8000").mkdir()
    return folder


def listening(port: int = 1455, *, address: str = "0100007F", state: str = "0A") -> str:
    return ROW.format(address=address, port=port, state=state, inode=99)


@pytest.mark.parametrize(("table", "address"), [("tcp", "0100007F"), ("tcp6", "0" * 31 + "1")])
def test_who_listens_is_named_with_its_number(tmp_path: Path, table: str, address: str) -> None:
    proc = machine(tmp_path, table=table, row=listening(address=address))
    assert find_holder(1455, proc) == "codex (process 4711)"


def test_a_connection_over_the_port_is_no_listener(tmp_path: Path) -> None:
    assert find_holder(1455, machine(tmp_path, row=listening(state="01"))) == ""


def test_a_port_that_nobody_holds_has_no_holder(tmp_path: Path) -> None:
    assert find_holder(1455, machine(tmp_path, row=listening(1457))) == ""


def test_a_name_is_shown_clean(tmp_path: Path) -> None:
    proc = machine(tmp_path, row=listening(), name="a\x1b]0;b\n")
    assert find_holder(1455, proc) == "a␛]0;b (process 4711)"


def test_a_process_without_a_name_has_its_number(tmp_path: Path) -> None:
    assert find_holder(1455, machine(tmp_path, row=listening(), name="")) == "process 4711"


def test_a_holder_that_may_not_be_seen_is_none(tmp_path: Path) -> None:
    proc = machine(tmp_path, row=listening())
    (proc / "4711" / "fd" / "3").unlink()
    assert find_holder(1455, proc) == ""


def test_a_system_without_proc_names_nobody(tmp_path: Path) -> None:
    assert find_holder(1455, tmp_path / "nothing") == ""
