import pytest

from services.auth.calls.routing import NO_ROUTE, Route, read_route
from services.auth.provider import SignInProvider
from services.errors import BadPayloadError
from tests.unit.auth.identity.workspaces import ME, accounts, entry

CHATGPT = SignInProvider()
OTHER = entry("https://gov.chatgpt.com", "us", id="another")
GOV = Route(origin="https://gov.chatgpt.com")


@pytest.mark.parametrize(
    ("document", "route"),
    [
        (accounts(entry()), NO_ROUTE),
        (accounts(entry("NO_CONSTRAINT")), NO_ROUTE),
        (accounts(entry(override="us")), Route(override="us")),
        (accounts(entry(override="us_cr")), Route(override="us_cr")),
        (accounts(entry("https://gov.chatgpt.com")), GOV),
        (accounts(entry("https://gov.chatgpt.com/")), GOV),
        (accounts(entry("HTTPS://GOV.chatgpt.com:443")), GOV),
        (accounts(entry("https://chat.openai.com")), Route(origin="https://chat.openai.com")),
        (
            accounts(entry("https://gov.chatgpt.com", "us")),
            Route(origin="https://gov.chatgpt.com", override="us"),
        ),
        (accounts(OTHER, entry()), NO_ROUTE),
        (accounts(entry(), entry()), NO_ROUTE),
        (accounts({**entry("https://gov.chatgpt.com"), "id": None, "account_id": ME}), GOV),
        (accounts(None, 5, "x", [], entry(override="us")), Route(override="us")),
        ({"accounts": {ME: {"account": entry("https://gov.chatgpt.com", id=None)}}}, GOV),
        ({"accounts": {ME: entry("https://gov.chatgpt.com", id=None)}}, GOV),
        ({"accounts": {"default": {"account": entry("https://gov.chatgpt.com")}}}, GOV),
        ({"accounts": {"another": {"account": OTHER}, ME: entry()}}, NO_ROUTE),
    ],
)
def test_the_answer_names_the_route(document: object, route: Route) -> None:
    assert read_route(document, ME, CHATGPT) == route


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (accounts(), "does not list this workspace"),
        (accounts(OTHER), "does not list this workspace"),
        ({"accounts": {}}, "does not list this workspace"),
        ({"accounts": {ME: {"account": OTHER}}}, "does not list this workspace"),
        (accounts(entry(), entry(override="us")), "two routes"),
        (accounts(entry(None)), "no address"),
        (accounts(entry(5)), "no address"),
        (accounts({"id": ME, "account_routing_override": "us"}), "no address"),
        (accounts(entry(override=None)), "no route to this workspace that is known here"),
        (accounts(entry(override="eu")), "no route to this workspace that is known here"),
        (accounts(entry(override=True)), "no route to this workspace that is known here"),
        (accounts(entry("")), "that is none"),
        (accounts(entry("chatgpt.com")), "that is none"),
        (accounts(entry("https://gov.chatgpt.com/x")), "that is none"),
        (accounts(entry("https://gov.chatgpt.com?a=b")), "that is none"),
        (accounts(entry("https://u:p@gov.chatgpt.com")), "that is none"),
        (accounts(entry("https://gov.chatgpt.com\\@evil.example")), "that is none"),
        (accounts(entry("https://gov.chatgpt.com\x1b")), "that is none"),
        (accounts(entry("http://gov.chatgpt.com")), "gov.chatgpt.com, which is not ChatGPT's"),
        (accounts(entry("https://gov.chatgpt.com:8443")), "gov.chatgpt.com:8443, which is not"),
    ],
)
def test_what_cannot_be_obeyed_leads_the_usual_way_with_a_warning(
    document: object, words: str
) -> None:
    route = read_route(document, ME, CHATGPT)
    assert not route.is_constrained
    assert words in route.warning
    assert "usual" in route.warning
    assert route.warning.isprintable()


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://chatgpt.com.evil.example",
        "https://evilchatgpt.com",
        "https://openai.com",
        "https://api.openai.com",
        "http://127.0.0.1:8080",
        "https://127.0.0.1",
    ],
    ids="E28 {}".format,
)
def test_a_foreign_origin_is_refused_by_name(origin: str) -> None:
    route = read_route(accounts(entry(origin, "us")), ME, CHATGPT)
    assert route == Route(
        warning=f"The server sends this workspace to {origin.partition('//')[2]},"
        " which is not ChatGPT's; the usual route is taken"
    )


@pytest.mark.parametrize(
    ("origin", "warns"),
    [
        ("http://127.0.0.1:4010", False),
        ("https://chatgpt.com", False),
        ("https://gov.chatgpt.com", False),
        ("NO_CONSTRAINT", False),
        ("http://127.0.0.1:4011", True),
        ("https://evil.example", True),
    ],
)
def test_a_base_that_the_user_configured_stays(origin: str, warns: bool) -> None:
    here = SignInProvider(chatgpt_base_url="http://127.0.0.1:4010/backend-api")
    route = read_route(accounts(entry(origin)), ME, here)
    assert route.origin is None
    assert bool(route.warning) is warns


@pytest.mark.parametrize("document", [None, [], "x", {}, {"accounts": None}, {"accounts": "x"}])
def test_an_answer_of_another_kind_cannot_be_read(document: object) -> None:
    with pytest.raises(BadPayloadError):
        read_route(document, ME, CHATGPT)
