import pytest

from services.auth.flows.pasted import query_in
from services.auth.provider import SignInProvider
from services.errors import UsageError

PROVIDER = SignInProvider()
QUERY = "code=ac_x&state=s-1"
URL = f"http://127.0.0.1:1455/auth/callback?{QUERY}"

GOOD: dict[str, str] = {
    "the address": URL,
    "localhost": URL.replace("127.0.0.1", "localhost"),
    "other port": URL.replace("1455", "1457"),
    "IPv6": URL.replace("127.0.0.1", "[::1]"),
    "https": URL.replace("http:", "https:"),
    "scheme in capitals": URL.replace("http:", "HTTP:"),
    "without a scheme": URL.removeprefix("http://"),
    "IPv6 without a scheme": f"[::1]:1455/auth/callback?{QUERY}",
    "with a fragment": f"{URL}#_=_",
    "blanks around it": f"  \t{URL}\r\n",
    "broken into lines": f"{URL[:30]}\r\n  {URL[30:50]}\n{URL[50:]}",
    "angle brackets": f"<{URL}>",
    "quotes": f'"{URL}"',
    "bracketed paste": f"\x1b[200~{URL}\x1b[201~",
    "the query": QUERY,
    "the query with its mark": f"?{QUERY}",
    "the path and the query": f"/auth/callback?{QUERY}",
    "the query with a fragment": f"{QUERY}#",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_an_answer_is_found_in_what_people_paste(text: str) -> None:
    assert query_in(text, PROVIDER) == QUERY


def test_a_refusal_is_an_answer_too() -> None:
    query = "error=access_denied&error_description=&state=s-1"
    assert query_in(f"http://localhost:1455/auth/callback?{query}", PROVIDER) == query


BAD: dict[str, tuple[str, str]] = {
    "nothing": ("  \n ", "Nothing was pasted"),
    "words": ("hello there", "This is no address, and no code with its state"),
    "the code alone": ("ac_0123456789", "This is no address, and no code with its state"),
    "the page to sign in at": (
        "https://auth.openai.com/oauth/authorize?client_id=x&code_challenge=y&state=s-1",
        "This is the address of the page to sign in at, not of the one after it",
    ),
    "the page to log in at": (
        "https://auth.openai.com/log-in?code=1&state=2",
        "This is the address of the page to sign in at, not of the one after it",
    ),
    "another site": (
        f"https://evil.example/auth/callback?{QUERY}",
        "This is not the address that the issuer sends the browser to",
    ),
    "a look-alike": (
        f"http://127.0.0.1.evil.example/auth/callback?{QUERY}",
        "This is not the address that the issuer sends the browser to",
    ),
    "another page here": (
        f"http://127.0.0.1:1455/success?{QUERY}",
        "This is not the address that the issuer sends the browser to",
    ),
    "no code": (
        "http://127.0.0.1:1455/auth/callback?state=s",
        "There is no code in what was pasted",
    ),
    "no query": ("http://127.0.0.1:1455/auth/callback", "There is no code in what was pasted"),
    "no state": (
        "http://127.0.0.1:1455/auth/callback?code=x",
        "What was pasted is not whole: its state is missing",
    ),
    "an address that is none": ("http://[::1/auth/callback?code=x", "This is no address"),
    "a port that is none": (f"http://a:99999999/x?{QUERY}", "This is no address"),
    "a novel": (URL * 1000, "What was pasted is too long for an address"),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_what_is_no_answer_is_named(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        query_in(text, PROVIDER)
    assert caught.value.message == says
    assert "ac_" not in caught.value.message + caught.value.next_step


def test_the_next_step_names_the_host_that_the_browser_goes_to() -> None:
    with pytest.raises(UsageError) as caught:
        query_in("x", SignInProvider(redirect_host="localhost"))
    assert caught.value.next_step.endswith("begins with http://localhost")
