"""`foredeck doctor`: what it finds, and that it gives nothing away."""

import base64
import fcntl
import json
import re
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import home_of, put_login, use_simulator

SERVERS = ("issuer", "chatgpt", "openai")
KEYS = {"id", "title", "state", "found", "next_step"}
CANARY = "canary5c1e"


@pytest.fixture
def doctor(foredeck: CommandLine, sim: Simulator, tmp_path: Path) -> CommandLine:
    use_simulator(foredeck, sim, tmp_path / "codex")
    return foredeck


def checks(doctor: CommandLine, *arguments: str, code: int = 0) -> dict[str, Any]:
    ended = doctor("doctor", "--json", *arguments)
    assert (ended.code, ended.err) == (code, "")
    (document,) = ended.lines
    assert document["is_ok"] is (code == 0)
    return {each["id"]: each for each in document["checks"]}


def said(doctor: CommandLine, id_: str, *arguments: str, code: int = 0) -> tuple[str, str, str]:
    """State, words and next step of one check."""
    found = checks(doctor, "--offline", *arguments, code=code)[id_]
    return found["state"], found["found"], found["next_step"] or ""


def everything_in(*folders: Path) -> dict[str, tuple[int, bytes]]:
    paths = [path for folder in folders for path in folder.rglob("*")]
    return {
        str(path): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in paths
    }


def test_all_is_well_and_nothing_is_changed(
    doctor: CommandLine, sim: Simulator, tmp_path: Path
) -> None:
    put_login(doctor, sim.issue())
    before = everything_in(tmp_path)
    found = checks(doctor)
    assert everything_in(tmp_path) == before
    assert [each for each in found.values() if each["state"] == "failed"] == []
    assert all(set(each) == KEYS for each in found.values())
    assert all((each["next_step"] is None) == (each["state"] != "warning") for each in
               found.values())  # fmt: skip
    where = sim.issuer.removeprefix("http://")
    assert all(found[id_]["found"].startswith(f"{where} answers (4") for id_ in SERVERS)
    assert found["clock"]["state"] == "ok"


def test_servers_are_asked_without_any_credentials(doctor: CommandLine, sim: Simulator) -> None:
    doctor.environment |= {"OPENAI_API_KEY": sim.api_key or "", "CODEX_API_KEY": "sk-other-key"}
    put_login(doctor, sim.issue())
    checks(doctor)
    asked = [request for request in sim.requests if not request.path.startswith("/_sim")]
    assert {request.method for request in asked} == {"GET"}
    assert len(asked) == len(SERVERS)
    sent = {name for request in asked for name in request.headers}
    assert sent == {"host", "accept", "accept-encoding", "connection", "user-agent"}


def test_the_ids_are_those_of_the_documentation(doctor: CommandLine) -> None:
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    listed = text.partition("The ids, in\norder: ")[2].partition(".")[0]
    assert re.findall(r"`(\w+)`", listed) == list(checks(doctor, "--offline"))


def test_offline_nothing_is_asked(doctor: CommandLine, sim: Simulator) -> None:
    found = checks(doctor, "--offline")
    assert {found[id_]["state"] for id_ in (*SERVERS, "clock")} == {"skipped"}
    assert sim.requests == []


def test_a_reader_gets_a_line_each_and_a_sum(doctor: CommandLine) -> None:
    ended = doctor("doctor", "--offline")
    assert (ended.code, ended.err) == (0, "")
    *lines, empty, last = ended.out.splitlines()
    assert empty == ""
    assert {line.split()[0] for line in lines} <= {"ok", "warn", "skip", "->"}
    count = sum(not line.startswith(" ") for line in lines)
    assert last.startswith(f"{count} checks: ")
    nobody = next(i for i, line in enumerate(lines) if "nobody is signed in" in line)
    assert lines[nobody + 1].strip() == "-> Sign in with foredeck login"


def test_no_textual_is_loaded(doctor: CommandLine) -> None:
    code = (
        "import sys\nfrom app.main import main\n"
        "code = main(['doctor', '--json'])\n"
        "assert not {'textual', 'rich', 'keyring'} & set(sys.modules), sorted(sys.modules)\n"
        "sys.exit(code)\n"
    )
    ended = subprocess.run(
        [doctor.python, "-c", code], env=doctor.environment, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, b"")


def jwt(**claims: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
             for part in ({"alg": "none"}, claims)]  # fmt: skip
    return f"{parts[0]}.{parts[1]}.{CANARY}"


LOGINS = {
    "whole": json.dumps(
        {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": f"sk-{CANARY}",
            "tokens": {
                "id_token": jwt(email=f"ada{CANARY}@example.test"),
                "access_token": f"opaque {CANARY}".replace(" ", "-"),
                "refresh_token": f"rt_{CANARY}",
            },
        }
    ),
    "API key": json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": f"sk-proj-{CANARY}-abcdefgh"}),
    "broken": f'{{"tokens": "rt_{CANARY}',
    "another kind": json.dumps({"personal_access_token": f"at-{CANARY}"}),
}


@pytest.mark.parametrize("login", LOGINS.values(), ids=LOGINS.keys())
def test_no_secret_is_told(doctor: CommandLine, login: str) -> None:
    home = home_of(doctor)
    (home / "auth.json").write_text(login)
    (home / "config.toml").write_text(f'forced_login_method = "{CANARY}"\nx = {CANARY}')
    own = Path(doctor.environment["FOREDECK_HOME"])
    own.mkdir()
    doctor.environment |= {
        "OPENAI_API_KEY": f"sk-{CANARY}",
        "CODEX_API_KEY": CANARY,
        "DEVIN_API_KEY": f"apk_{CANARY}",
        "HTTPS_PROXY": f"http://user:{CANARY}@127.0.0.1:1",
        "ALL_PROXY": f"http://{CANARY}@127.0.0.1:1",
        "DEVIN_API_BASE": f"https://user:{CANARY}@devin.example",
        "FOREDECK_OPENAI_BASE_URL": f"https://{CANARY}@127.0.0.1:1/v1?key={CANARY}",
    }
    for arguments, configuration in (
        ((), f"x = {CANARY}"),
        (("--json",), f'[providers.a]\nhttp_headers = "{CANARY}"'),
    ):
        (own / "config.toml").write_text(configuration)
        ended = doctor("doctor", *arguments)
        assert ended.code == 1
        assert CANARY not in ended.out + ended.err
    doctor.environment |= {"CODEX_ACCESS_TOKEN": f"at-{CANARY}", "HTTPS_PROXY": f"socks:{CANARY}"}
    doctor.environment["FOREDECK_ISSUER"] = f"https://{CANARY}@issuer.example/"
    ended = doctor("doctor", "--offline")
    assert CANARY not in ended.out + ended.err


class Answering:
    """A server on loopback that says the same to everybody."""

    def __init__(self, answer: str) -> None:
        self._answer = answer.replace("\n", "\r\n").encode() + b"\r\n\r\n"
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                while b"\r\n\r\n" not in connection.recv(65536):
                    pass
                connection.sendall(self._answer)

    def __enter__(self) -> str:
        self._thread.start()
        return self.url

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)


def test_a_block_by_the_guard_is_named(doctor: CommandLine) -> None:
    answer = "HTTP/1.1 403 Forbidden\ncf-ray: 8abc-\x1bFRA\ncf-mitigated: challenge"
    with Answering(answer + "\ncontent-length: 0") as url:
        doctor.environment["FOREDECK_CHATGPT_BASE_URL"] = f"{url}/backend-api"
        found = checks(doctor)["chatgpt"]
    assert found["state"] == "warning"
    assert found["found"].endswith("that is its guard, Cloudflare (cf-ray 8abc-␛FRA)")


def test_a_wrong_clock_is_told_where_all_servers_agree(doctor: CommandLine) -> None:
    answer = "HTTP/1.1 200 OK\ndate: Mon, 02 Jan 2006 15:04:05 GMT\ncontent-length: 0"
    with Answering(answer) as url:
        doctor.environment["FOREDECK_CHATGPT_BASE_URL"] = url
        assert checks(doctor)["clock"]["state"] == "ok"
        doctor.environment |= {"FOREDECK_ISSUER": url, "FOREDECK_OPENAI_BASE_URL": url}
        found = checks(doctor)["clock"]
    assert found["state"] == "warning"
    assert "ahead of the servers" in found["found"]


def test_a_server_that_is_not_there_is_a_failure(doctor: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    doctor.environment["FOREDECK_ISSUER"] = f"http://127.0.0.1:{port}"
    found = checks(doctor, code=1)
    assert found["issuer"]["state"] == "failed"
    assert found["issuer"]["found"] == f"Nothing answers at 127.0.0.1:{port}"
    assert found["chatgpt"]["state"] == "ok"


def test_who_is_signed_in_is_told_without_the_address(doctor: CommandLine, sim: Simulator) -> None:
    put_login(doctor, sim.issue())
    state, found, _ = said(doctor, "account")
    name, _, host = (sim.account.email or "").partition("@")
    assert state == "ok"
    assert found.startswith(f"signed in as {name[0]}…@{host[0]}…")
    assert "the token ends in" in found
    assert f"@{host}" not in doctor("doctor", "--offline").out


def test_rights_that_are_too_wide_are_told_and_left(doctor: CommandLine, sim: Simulator) -> None:
    path = put_login(doctor, sim.issue())
    path.chmod(0o644)
    state, found, next_step = said(doctor, "auth_file")
    assert (state, next_step) == ("warning", f"chmod 600 {path}")
    assert found == f"{path} can be read by other users (0644)"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_broken_file_is_a_failure_and_left_alone(doctor: CommandLine) -> None:
    path = home_of(doctor) / "auth.json"
    path.write_text('{"tokens": ')
    state, found, _ = said(doctor, "auth_file", code=1)
    assert (state, "no JSON" in found) == ("failed", True)
    assert path.read_text() == '{"tokens": '


def test_a_link_is_followed_and_named(doctor: CommandLine, sim: Simulator, tmp_path: Path) -> None:
    path = put_login(doctor, sim.issue())
    target = path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(target)
    assert said(doctor, "auth_file")[:2] == (
        "ok",
        f"{path}, a link to {target} is whole, and only its owner can read it",
    )


def test_a_second_name_of_the_file_is_told(
    doctor: CommandLine, sim: Simulator, tmp_path: Path
) -> None:
    path = put_login(doctor, sim.issue())
    (tmp_path / "twin").hardlink_to(path)
    assert said(doctor, "auth_file")[0] == "warning"


def test_a_lock_that_somebody_holds_is_named(doctor: CommandLine) -> None:
    with (home_of(doctor) / "auth.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        state, found, _ = said(doctor, "locks")
    assert (state, found.partition(" in ")[0]) == ("warning", "auth.lock")
    assert said(doctor, "locks")[0] == "ok"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, which takes no files")
def test_a_home_that_takes_no_files_is_a_failure(doctor: CommandLine) -> None:
    doctor.environment["CODEX_HOME"] = "/proc"
    state, found, _ = said(doctor, "locks", code=1)
    assert (state, found.startswith("/proc cannot be written: ")) == ("failed", True)


def test_a_home_that_is_not_there_leaves_the_rest_to_be_checked(doctor: CommandLine) -> None:
    doctor.environment["CODEX_HOME"] = "/nowhere"
    found = checks(doctor, "--offline", code=1)
    states = {id_: each["state"] for id_, each in found.items()}
    assert found["sign_in"]["found"] == "CODEX_HOME names /nowhere, which cannot be found"
    dependent = ("codex", "auth_file", "account", "keyring", "locks", "callback_ports")
    assert {states[id_] for id_ in dependent} == {"skipped"}
    assert states["proxy"] == "ok"


def test_a_wrong_configuration_is_a_failure(doctor: CommandLine) -> None:
    own = Path(doctor.environment["FOREDECK_HOME"])
    own.mkdir()
    path = own / "config.toml"
    path.write_text('max_width = "wide"\n[keys.bind]\n"pane.fly" = "f"\n')
    state, found, next_step = said(doctor, "configuration", code=1)
    assert state == "failed"
    assert "max_width must be a whole number" in found
    assert 'there is no action "pane.fly"' in found
    assert next_step == f"Correct {path}; see foredeck config validate"


def test_a_key_that_is_no_setting_is_a_warning(doctor: CommandLine) -> None:
    own = Path(doctor.environment["FOREDECK_HOME"])
    own.mkdir()
    (own / "config.toml").write_text("brand_new = 1\n")
    assert said(doctor, "configuration")[:2] == ("warning", "brand_new is not a setting")


def test_what_codex_is_configured_to_is_told(doctor: CommandLine) -> None:
    config = home_of(doctor) / "config.toml"
    config.write_text(
        'cli_auth_credentials_store = "file"\nforced_chatgpt_workspace_id = ["w1", "w2"]\n'
        'forced_login_method = "chatgpt"\n'
    )
    assert said(doctor, "codex")[:2] == (
        "ok",
        "credentials store file; only workspace w1 or w2; only login method chatgpt",
    )
    config.write_text('cli_auth_credentials_store = "drawer"\n')
    state, words, _ = said(doctor, "sign_in", code=1)
    assert state == "failed"
    assert "cli_auth_credentials_store" in words


def test_folders_that_others_can_read_are_told(doctor: CommandLine) -> None:
    data = Path(doctor.environment["FOREDECK_HOME"]) / "data"
    data.mkdir(parents=True, mode=0o700)
    database = data / "foredeck.db"
    database.touch(0o644)
    assert said(doctor, "folders") == (
        "warning",
        f"others can read {database}",
        f"chmod go-rwx {database}",
    )


def test_a_file_where_a_folder_should_be_is_a_failure(doctor: CommandLine) -> None:
    Path(doctor.environment["FOREDECK_HOME"]).write_text("")
    state, found, _ = said(doctor, "folders", code=1)
    assert (state, "is no folder" in found) == ("failed", True)


def test_the_proxy_is_named_without_its_password(doctor: CommandLine) -> None:
    doctor.environment |= {
        "HTTPS_PROXY": f"http://me:{CANARY}@proxy.example:3128",
        "NO_PROXY": "10.0.0.0/8",
    }
    assert said(doctor, "proxy")[:2] == (
        "ok",
        "http://proxy.example:3128, but not for 10.0.0.0/8",
    )
    doctor.environment["HTTPS_PROXY"] = "socks5://127.0.0.1:9"
    state, found, _ = said(doctor, "proxy", code=1)
    assert (state, "socks5" in found) == ("failed", True)


TLS = Path(__file__).parents[1] / "unit" / "transport" / "tls"


def test_a_ca_file_is_read_and_counted(doctor: CommandLine) -> None:
    doctor.environment["CODEX_CA_CERTIFICATE"] = str(TLS / "ca.pem")
    assert said(doctor, "certificates")[:2] == (
        "ok",
        f"1 authority of {TLS / 'ca.pem'} (CODEX_CA_CERTIFICATE)",
    )
    for wrong in ("/nowhere.pem", str(Path(__file__))):
        doctor.environment["CODEX_CA_CERTIFICATE"] = wrong
        state, _, next_step = said(doctor, "certificates", code=1)
        assert (state, next_step) == ("failed", "Correct or unset CODEX_CA_CERTIFICATE")


def test_overrides_are_named(doctor: CommandLine, sim: Simulator) -> None:
    where = sim.issuer.removeprefix("http://")
    found = said(doctor, "environment")[1]
    assert f"FOREDECK_ISSUER ({where})" in found
    doctor.environment["FOREDECK_ISSUER"] = "https://issuer.example"
    state, found, _ = said(doctor, "sign_in")
    assert (state, "FOREDECK_ISSUER names issuer.example" in found) == ("warning", True)
