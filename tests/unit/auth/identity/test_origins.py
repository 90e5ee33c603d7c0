import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.auth.calls.origins import (
    Kind,
    check_chatgpt_base,
    check_override,
    is_listed,
    may_see_tokens,
    origin_of,
    place_of,
    read_url,
    require_origin,
)
from services.auth.provider import DEFAULT_ISSUER, SignInProvider
from services.auth.settings import AuthSettings
from services.errors import CredentialsError, UsageError
from tests.unit.auth.rows import row

PLAIN = AuthSettings(home=Path("/nowhere"))


def checked(url: str, *hosts: str) -> str:
    return check_override(url, what="FOREDECK_ISSUER", default=DEFAULT_ISSUER, allow_hosts=hosts)


def configured(*, issuer: str = "", chatgpt: str = "", hosts: tuple[str, ...] = ()) -> AuthSettings:
    provider = SignInProvider()
    return AuthSettings(
        home=Path("/nowhere"),
        provider=SignInProvider(
            issuer=issuer or provider.issuer,
            chatgpt_base_url=chatgpt or provider.chatgpt_base_url,
        ),
        allow_token_hosts=hosts,
    )


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", DEFAULT_ISSUER),
        ("  ", DEFAULT_ISSUER),
        ("https://auth.openai.com", DEFAULT_ISSUER),
        ("https://auth.openai.com/", DEFAULT_ISSUER),
        ("HTTPS://Auth.OpenAI.com:443//", DEFAULT_ISSUER),
        ("http://127.0.0.1:40101", "http://127.0.0.1:40101"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("http://localhost:1/x/", "http://localhost:1/x"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("http://[::1]:9/a", "http://[::1]:9/a"),
        ("http://[0:0:0:0:0:0:0:1]:9", "http://[::1]:9"),
        (" https://login.example.com/realms/a ", "https://login.example.com/realms/a"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_override_has_one_spelling(given: str, used: str) -> None:
    assert checked(given) == used


@pytest.mark.parametrize(
    "url",
    [
        "auth.openai.com",
        "//auth.openai.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:hunter2@auth.openai.com",
        "https://hunter2@auth.openai.com",
        "https://auth.openai.com\\@evil.example",
        "https://auth.openai.com?next=hunter2",
        "https://auth.openai.com#hunter2",
        "https://auth.openai.com/../x",
        "https://auth.openai.com/%2e%2e/x",
        "https://auth.openai.com:0",
        "https://auth.openai.com:65536",
        "https://auth.openai.com:",
        "https://auth.openai.com.",
        "https://.openai.com",
        "https://-a.example",
        "https://аuth.openai.com",
        "https://auth.openai.com\n.evil.example",
        "https://a b.example",
        "https://[::1",
        "https://[1:2]",
        "https://٣.example",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(url)
    assert caught.value.message == "FOREDECK_ISSUER is not the address of a server"
    assert "hunter2" not in caught.value.message + caught.value.next_step


@pytest.mark.parametrize(
    "host",
    ["auth.openai.com", "192.168.1.5:8080", "127.1", "localhost.example.com", "[2001:db8::1]"],
)
def test_http_to_another_machine_is_refused_by_name(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked(f"http://{host}/", host)
    assert host in caught.value.message
    assert caught.value.next_step == "Use https, or a server on this machine"


@pytest.mark.parametrize(
    "entry", ["https://a.example", "*", "*.a.example", "", "a/b", "a b", "\x1b"]
)
def test_an_entry_of_allow_token_hosts_that_is_no_host_is_named(entry: str) -> None:
    with pytest.raises(UsageError, match="allow_token_hosts"):
        checked("", entry)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", "https://chatgpt.com/backend-api"),
        ("https://chatgpt.com", "https://chatgpt.com/backend-api"),
        ("https://chatgpt.com/", "https://chatgpt.com/backend-api"),
        ("https://chat.openai.com/", "https://chat.openai.com/backend-api"),
        ("https://chatgpt.com/backend-api///", "https://chatgpt.com/backend-api"),
        ("https://CHATGPT.com:443/backend-api", "https://chatgpt.com/backend-api"),
        ("http://127.0.0.1:5/backend-api", "http://127.0.0.1:5/backend-api"),
        ("http://127.0.0.1:5", "http://127.0.0.1:5"),
        ("https://chatgpt.com.evil.example", "https://chatgpt.com.evil.example"),
        ("https://gov.chatgpt.com/backend-api", "https://gov.chatgpt.com/backend-api"),
    ],
)
def test_the_base_of_chatgpt_gets_its_path(given: str, used: str) -> None:
    assert check_chatgpt_base(given, allow_hosts=()) == used


def test_a_wrong_base_of_chatgpt_is_named_by_its_setting() -> None:
    with pytest.raises(UsageError, match="FOREDECK_CHATGPT_BASE_URL"):
        check_chatgpt_base("http://chatgpt.com", allow_hosts=())


@pytest.mark.parametrize(
    ("kind", "url", "may"),
    [
        ("chatgpt", "https://chatgpt.com/backend-api/codex/responses", True),
        ("chatgpt", "https://CHATGPT.com:443/", True),
        ("chatgpt", "https://gov.chatgpt.com/", True),
        ("chatgpt", "https://a.b.chatgpt.com/", True),
        ("chatgpt", "https://chat.openai.com/", True),
        ("chatgpt", "http://chatgpt.com/", False),
        ("chatgpt", "https://chatgpt.com:8443/", False),
        ("chatgpt", "https://chatgpt.com.evil.example/", False),
        ("chatgpt", "https://evilchatgpt.com/", False),
        ("chatgpt", "https://chatgpt.com./", False),
        ("chatgpt", "https://openai.com/", False),
        ("chatgpt", "https://api.openai.com/", False),
        ("chatgpt", "https://auth.openai.com/", False),
        ("chatgpt", "https://user@chatgpt.com/", False),
        ("chatgpt", "http://127.0.0.1:8080/", False),
        ("chatgpt", "ftp://chatgpt.com/", False),
        ("issuer", "https://auth.openai.com/oauth/token", True),
        ("issuer", "http://auth.openai.com/oauth/token", False),
        ("issuer", "https://auth.openai.com:444/oauth/token", False),
        ("issuer", "https://sub.auth.openai.com/oauth/token", False),
        ("issuer", "https://chatgpt.com/oauth/token", False),
        ("issuer", "http://127.0.0.1:8080/oauth/token", False),
        ("openai", "https://api.openai.com/v1/models", True),
        ("openai", "https://gov.api.openai.com/v1/models", True),
        ("openai", "http://api.openai.com/v1/models", False),
        ("openai", "https://chatgpt.com/v1/models", False),
    ],
)
def test_usual_servers_see_tokens_of_their_kind(kind: Kind, url: str, may: bool) -> None:
    assert may_see_tokens(httpx.URL(url), kind=kind, settings=PLAIN) is may


LOCAL = configured(issuer="http://127.0.0.1:7001", chatgpt="http://127.0.0.1:7002/backend-api")


@pytest.mark.parametrize(
    ("kind", "url", "may"),
    [
        ("issuer", "http://127.0.0.1:7001/oauth/token", True),
        ("issuer", "http://127.0.0.1:7002/oauth/token", False),
        ("issuer", "https://127.0.0.1:7001/oauth/token", False),
        ("issuer", "http://localhost:7001/oauth/token", False),
        ("issuer", "https://auth.openai.com/oauth/token", True),
        ("chatgpt", "http://127.0.0.1:7002/elsewhere", True),
        ("chatgpt", "http://127.0.0.1:7001/backend-api", False),
    ],
)
def test_this_machine_sees_tokens_where_it_is_configured(kind: Kind, url: str, may: bool) -> None:
    assert may_see_tokens(httpx.URL(url), kind=kind, settings=LOCAL) is may


@pytest.mark.parametrize(
    ("base", "hosts", "url", "may"),
    [
        ("https://t.example", ("t.example",), "https://t.example/oauth/token", True),
        ("https://t.example", ("T.Example",), "https://t.example/oauth/token", True),
        ("https://t.example", (), "https://t.example/oauth/token", False),
        ("https://t.example", ("example",), "https://t.example/oauth/token", False),
        ("https://t.example", ("t.example",), "http://t.example/oauth/token", False),
        ("https://t.example", ("t.example",), "https://t.example:8443/oauth/token", False),
        ("https://t.example:8443", ("t.example",), "https://t.example:8443/x", True),
        ("https://t.example:8443", ("t.example:8443",), "https://t.example:8443/x", True),
        ("https://t.example:8443", ("t.example:443",), "https://t.example:8443/x", False),
        ("https://t.example", ("u.example",), "https://u.example/oauth/token", False),
        ("http://t.example", ("t.example",), "http://t.example/oauth/token", False),
        ("nonsense", ("t.example",), "https://t.example/oauth/token", False),
        ("https://[2001:db8::1]", ("[2001:db8::1]",), "https://[2001:db8::1]/x", True),
    ],
)
@pytest.mark.parametrize("kind", ["issuer", "chatgpt"])
def test_another_server_has_to_be_configured_and_listed(
    kind: Kind, base: str, hosts: tuple[str, ...], url: str, may: bool
) -> None:
    settings = configured(issuer=base, chatgpt=base, hosts=hosts)
    assert may_see_tokens(httpx.URL(url), kind=kind, settings=settings) is may


@row("E10 planted issuer")
def test_an_issuer_planted_in_the_file_sees_nothing() -> None:
    for planted in ("https://attacker.example", "http://127.0.0.1:6666"):
        with pytest.raises(CredentialsError) as caught:
            require_origin(httpx.URL(f"{planted}/oauth/token"), kind="issuer", settings=LOCAL)
        assert planted.partition("//")[2] in caught.value.message


def test_an_api_key_goes_to_the_server_that_is_configured_for_it() -> None:
    settings = replace(PLAIN, openai_base_url="https://llm.example/v1")

    def may(url: str) -> bool:
        return may_see_tokens(httpx.URL(url), kind="openai", settings=settings)

    assert may("https://llm.example/v1/models")
    assert may("https://api.openai.com/v1/models")
    assert not may("https://other.example/v1/models")
    assert not may("http://llm.example/v1/models")


def test_a_refusal_names_the_host_and_the_setting() -> None:
    with pytest.raises(CredentialsError) as caught:
        require_origin(httpx.URL("https://t.example:8443/x?a=b"), kind="chatgpt", settings=PLAIN)
    assert caught.value.message == "Tokens of ChatGPT are not sent to t.example:8443"
    assert caught.value.next_step == (
        "If you trust it, set it as FOREDECK_CHATGPT_BASE_URL and name its host in"
        " allow_token_hosts"
    )


@pytest.mark.parametrize(
    ("kind", "url", "step"),
    [
        ("issuer", "https://t.example/", "FOREDECK_ISSUER"),
        ("issuer", "http://t.example/", "https"),
        ("issuer", "http://127.0.0.1:1/", "configured base URL"),
        ("openai", "https://t.example/", "configured base URL"),
    ],
)
def test_a_refusal_says_what_to_do(kind: Kind, url: str, step: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        require_origin(httpx.URL(url), kind=kind, settings=PLAIN)
    assert step in caught.value.next_step


def test_an_allowed_address_is_not_refused() -> None:
    require_origin(httpx.URL("https://chatgpt.com/backend-api"), kind="chatgpt", settings=PLAIN)


def test_both_ways_of_reading_an_address_agree() -> None:
    for url in ("https://a.example", "http://[::1]:8", "https://xn--bcher-kva.example:444"):
        found = read_url(url)
        assert found is not None
        assert found[0] == origin_of(httpx.URL(url))
        assert is_listed(found[0], [place_of(url)])


def test_a_place_is_named_without_the_usual_port() -> None:
    assert place_of("https://a.example:443/x") == "a.example"
    assert place_of("http://127.0.0.1:5/x") == "127.0.0.1:5"
    assert place_of("nonsense") == ""


def test_loading_this_before_the_first_frame_loads_nothing_of_the_network() -> None:
    code = (
        "import sys; import services.auth.calls.origins, services.auth.calls.user_agent;"
        "print([m for m in ('httpx', 'pydantic', 'keyring', 'ssl', 'http.client', 'platform')"
        " if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
