import httpx
import pytest

from services.auth.calls.cookies import COOKIE_LIMIT, HEADER_LIMIT, JAR_LIMIT, NAMES, CookieJar
from tests.unit.auth.identity.conftest import FakeClock

BASE = "https://chatgpt.com/backend-api"
URL = httpx.URL(f"{BASE}/codex/responses")


@pytest.fixture
def jar(clock: FakeClock) -> CookieJar:
    return CookieJar(BASE, clock)


def take(jar: CookieJar, *lines: str, url: str | httpx.URL = URL) -> None:
    jar.received(httpx.URL(url), httpx.Headers([(b"set-cookie", line.encode()) for line in lines]))


def sent(jar: CookieJar, url: str | httpx.URL = URL) -> str | None:
    return jar.header_for(httpx.URL(url))


def test_an_empty_jar_sends_nothing(jar: CookieJar) -> None:
    jar.received(URL, httpx.Headers())
    assert sent(jar) is None


@pytest.mark.parametrize("name", sorted([*NAMES, "cf_chl_rc_m", "cf_chl_2"]))
def test_cookies_of_the_guard_come_back(jar: CookieJar, name: str) -> None:
    take(jar, f"{name}=a.b-c_1/2+3%4=; Path=/; Secure; HttpOnly; SameSite=None")
    assert sent(jar) == f"{name}=a.b-c_1/2+3%4="


@pytest.mark.parametrize(
    "line",
    [
        "__Secure-next-auth.session-token=eyJhbGciOi; Path=/",
        "_puid=user-1",
        "oai-did=1",
        "__CF_BM=1",
        "x__cf_bm=1",
        "__cf_bm2=1",
        "cf_chl_a b=1",
        "cf_chl_ä=1",
        "__cf_bm",
        "=1",
        "",
        ";;;",
        "__cf_bm=a b",
        '__cf_bm="a',
        "__cf_bm=a,b",
        "__cf_bm=a\\b",
        "__cf_bm=ä",
        "__cf_bm=a\x7f",
    ],
)
def test_everything_else_is_dropped(jar: CookieJar, line: str) -> None:
    take(jar, "_cfuvid=kept; Path=/", line)
    assert sent(jar) == "_cfuvid=kept"


def test_a_quoted_value_keeps_its_quotes(jar: CookieJar) -> None:
    take(jar, '__cf_bm="a"; Path=/', "_cfuvid=; Path=/")
    assert sent(jar) == '__cf_bm="a"; _cfuvid='


@pytest.mark.parametrize(
    "url",
    [
        "http://chatgpt.com/",
        "https://chatgpt.com:8443/",
        "https://auth.openai.com/",
        "https://api.openai.com/",
        "https://openai.com/",
        "https://chatgpt.com.evil.example/",
        "http://127.0.0.1:8080/",
    ],
)
def test_other_servers_neither_set_nor_see_cookies(jar: CookieJar, url: str) -> None:
    take(jar, "__cf_bm=1; Path=/; Domain=chatgpt.com")
    take(jar, "_cfuvid=evil; Path=/", url=url)
    assert sent(jar, url) is None
    assert sent(jar) == "__cf_bm=1"


@pytest.mark.parametrize(
    ("set_by", "domain", "asked", "goes"),
    [
        ("chatgpt.com", "", "chatgpt.com", True),
        ("chatgpt.com", "", "gov.chatgpt.com", False),
        ("chatgpt.com", "; Domain=chatgpt.com", "gov.chatgpt.com", True),
        ("chatgpt.com", "; Domain=.ChatGPT.com", "gov.chatgpt.com", True),
        ("chatgpt.com", "; Domain=", "chatgpt.com", True),
        ("chatgpt.com", "; Domain=com", "chatgpt.com", False),
        ("chatgpt.com", "; Domain=gov.chatgpt.com", "gov.chatgpt.com", False),
        ("chatgpt.com", "; Domain=evil.example", "chatgpt.com", False),
        ("gov.chatgpt.com", "; Domain=chatgpt.com", "chatgpt.com", True),
        ("gov.chatgpt.com", "; Domain=other.chatgpt.com", "other.chatgpt.com", False),
        ("chat.openai.com", "; Domain=.openai.com", "chat.openai.com", True),
        ("chat.openai.com", "; Domain=.openai.com", "api.openai.com", False),
        ("chat.openai.com", "", "chatgpt.com", False),
    ],
)
def test_a_cookie_goes_to_its_domain(
    jar: CookieJar, set_by: str, domain: str, asked: str, goes: bool
) -> None:
    take(jar, f"__cf_bm=1; Path=/{domain}", url=f"https://{set_by}/")
    assert sent(jar, f"https://{asked}/x") == ("__cf_bm=1" if goes else None)


@pytest.mark.parametrize(
    ("path", "asked", "goes"),
    [
        ("; Path=/", "/anything", True),
        ("; Path=/backend-api", "/backend-api", True),
        ("; Path=/backend-api", "/backend-api/codex", True),
        ("; Path=/backend-api", "/backend-apix", False),
        ("; Path=/backend-api/", "/backend-api/codex", True),
        ("; Path=/backend-api", "/", False),
        ("; Path=relative", "/backend-api/codex/models", True),
        ("", "/backend-api/codex/models", True),
        ("", "/backend-api/wham", False),
    ],
)
def test_a_cookie_goes_to_its_path(jar: CookieJar, path: str, asked: str, goes: bool) -> None:
    take(jar, f"__cf_bm=1{path}")
    assert sent(jar, f"https://chatgpt.com{asked}") == ("__cf_bm=1" if goes else None)


@pytest.mark.parametrize(
    ("attributes", "after", "lives"),
    [
        ("", 10**9, True),
        ("; Max-Age=60", 59, True),
        ("; Max-Age=60", 60, False),
        ("; max-age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 1, True),
        ("; Max-Age=0", 0, False),
        ("; Max-Age=-5", 0, False),
        ("; Max-Age=soon", 10**9, True),
        ("; Max-Age=" + "9" * 5000, 10**9, True),
        ("; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0, False),
        ("; Expires=Tue, 14 Nov 2023 22:14:20 GMT", 59, True),
        ("; Expires=Tue, 14 Nov 2023 22:14:20 GMT", 60, False),
        ("; Expires=Tue, 14-Nov-2023 22:14:20 GMT", 60, False),
        ("; Expires=nonsense", 10**9, True),
        ("; Expires=Tue, 99 Nov 99999999999 22:14:20 GMT", 10**9, True),
    ],
)
def test_a_cookie_lives_as_long_as_it_says(
    jar: CookieJar, clock: FakeClock, attributes: str, after: float, lives: bool
) -> None:
    take(jar, f"__cf_bm=1; Path=/{attributes}")
    clock.at += after
    assert sent(jar) == ("__cf_bm=1" if lives else None)


def test_a_newer_value_replaces_the_older_one_and_an_ended_one_removes_it(jar: CookieJar) -> None:
    take(jar, "__cf_bm=1; Path=/")
    take(jar, "__cf_bm=2; Path=/")
    assert sent(jar) == "__cf_bm=2"
    take(jar, "__cf_bm=gone; Path=/; Max-Age=0")
    assert sent(jar) is None


def test_the_longer_path_comes_first(jar: CookieJar) -> None:
    take(jar, "__cf_bm=short; Path=/", "__cf_bm=long; Path=/backend-api")
    assert sent(jar) == "__cf_bm=long; __cf_bm=short"


def test_the_oldest_cookies_give_way(jar: CookieJar) -> None:
    for number in range(JAR_LIMIT):
        take(jar, f"cf_chl_{number}=1; Path=/")
    take(jar, "cf_chl_0=renewed; Path=/", "cf_chl_new=1; Path=/")
    names = {pair.partition("=")[0] for pair in (sent(jar) or "").split("; ")}
    assert len(names) == JAR_LIMIT
    assert {"cf_chl_0", "cf_chl_new"} <= names
    assert "cf_chl_1" not in names


def test_a_cookie_that_is_too_large_is_dropped(jar: CookieJar) -> None:
    fits = "a" * (COOKIE_LIMIT - len("__cf_bm"))
    take(jar, f"__cf_bm={fits}; Path=/")
    assert sent(jar) == f"__cf_bm={fits}"
    take(jar, f"__cf_bm={fits}a; Path=/", "_cfuvid=1; Path=/" + "; x" * COOKIE_LIMIT)
    assert sent(jar) == f"__cf_bm={fits}"


def test_the_header_stays_within_what_servers_take(jar: CookieJar) -> None:
    take(jar, *(f"cf_chl_{number}={'a' * 3000}; Path=/" for number in range(5)))
    assert len(sent(jar) or "") <= HEADER_LIMIT
    assert (sent(jar) or "").count("cf_chl_") == 2


def test_this_machine_counts_where_it_is_configured(clock: FakeClock) -> None:
    local = CookieJar("http://127.0.0.1:4010/backend-api", clock)
    url = "http://127.0.0.1:4010/backend-api/wham/usage"
    take(local, "__cf_bm=1; Path=/; Secure", "session=2; Path=/", url=url)
    take(local, "_cfuvid=1; Path=/; Domain=0.0.1", url=url)
    assert sent(local, url) == "__cf_bm=1"
    assert sent(local, "http://127.0.0.1:4011/backend-api") is None
    assert sent(local, "https://127.0.0.1:4010/backend-api") is None


@pytest.mark.parametrize("base", ["https://proxy.example/backend-api", "nonsense"])
def test_another_configured_server_gets_no_cookies(clock: FakeClock, base: str) -> None:
    other = CookieJar(base, clock)
    take(other, "__cf_bm=1; Path=/", url="https://proxy.example/backend-api")
    assert sent(other, "https://proxy.example/backend-api") is None


def test_no_value_shows_in_a_report(jar: CookieJar) -> None:
    take(jar, "cf_clearance=canary; Path=/")
    assert "canary" not in repr(vars(jar))
