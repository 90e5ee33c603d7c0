"""Secrets in what is written about them: E32, and the refusals of E25."""

import base64
import json
import logging
import pprint
import traceback
from collections.abc import Callable

import pytest

from services.auth.claims import decode
from services.auth.credentials import Credentials, Tokens
from services.auth.flows.pkce import Pkce, new_pkce
from services.auth.grant import Grant
from services.auth.issuer.endpoint import Renewed
from services.auth.precedence import environment_storage
from services.auth.stores.document import parse, render
from services.auth.stores.storage import Stored
from services.errors import ServiceError
from services.models.account import AccountMode, StoragePlace
from services.provider import Secret
from tests.contract.account.conftest import Home, home, sim
from tests.unit.auth.flows.stage import TOKENS, Stage, answer, stage

__all__ = ["home", "sim"]
CANARY = "canary5f1d2c"
ID_TOKEN = f"h.{base64.urlsafe_b64encode(json.dumps({'x': CANARY}).encode()).decode()}.s"


def tokens() -> Tokens:
    return Tokens(
        id_token=Secret(ID_TOKEN),
        access_token=Secret(f"at_{CANARY}"),
        refresh_token=Secret(f"rt_{CANARY}"),
        account_id="acct-1",
    )


def credentials() -> Credentials:
    return Credentials(
        mode=AccountMode.CHATGPT,
        tokens=tokens(),
        api_key=Secret(f"sk-{CANARY}"),
        raw=Secret(f'{{"hidden": "{CANARY}"}}'),
    )


def pkce() -> Pkce:
    made = new_pkce()
    return Pkce(verifier=Secret(CANARY), challenge=made.challenge, state=Secret(CANARY))


HOLDERS: dict[str, Callable[[], object]] = {
    "E32 a secret": lambda: Secret(CANARY),
    "E32 tokens": tokens,
    "E32 a login": credentials,
    "E32 a stored login": lambda: Stored(
        credentials=credentials(), storage=StoragePlace.FILE, barred=credentials()
    ),
    "E32 what a login brought": lambda: Grant(
        id_token=Secret(ID_TOKEN),
        access_token=Secret(CANARY),
        refresh_token=Secret(CANARY),
        api_key=Secret(CANARY),
    ),
    "E32 what a refresh brought": lambda: Renewed(
        id_token=Secret(ID_TOKEN), access_token=Secret(CANARY), refresh_token=Secret(CANARY)
    ),
    "E32 what an attempt hides": pkce,
}


def crash_report(held: object) -> str:
    """A traceback that tells the variables of each frame."""

    def crash(argument: object) -> None:
        raise ZeroDivisionError(argument)

    try:
        crash(held)
    except ZeroDivisionError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(report.format())
    raise AssertionError


@pytest.mark.parametrize("make", HOLDERS.values(), ids=HOLDERS)
def test_what_holds_a_secret_writes_none_of_it(
    make: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    held = make()
    caplog.set_level(logging.DEBUG)
    logging.getLogger("services.test").debug("%s %r %s", held, held, {"in": [held]})
    written = [
        repr(held),
        str(held),
        f"{held}",
        f"{held!s:>40}",
        pprint.pformat(held),
        caplog.text,
        crash_report(held),
    ]
    assert all(written)
    for text in written:
        assert CANARY not in text
        assert ID_TOKEN.split(".")[1] not in text


def document(**members: object) -> bytes:
    return json.dumps({"auth_mode": "chatgpt", "tokens": TOKENS | members}).encode()


BAD = (f"{CANARY}\nx", f"{CANARY} x", f"{CANARY}ſ", f"{CANARY}\x00", f"{CANARY}\ud800")
NAMES = ("a newline", "a blank", "beyond Latin-1", "NUL", "a surrogate")
MANGLED = pytest.mark.parametrize("bad", BAD, ids=[f"E25 {name} inside" for name in NAMES])


def reported(error: ServiceError) -> str:
    return "".join(traceback.format_exception(error)) + repr(error.failure) + error.next_step


def read(content: bytes) -> str:
    """What is said of a file that cannot be used."""
    reading = parse(content, "auth.json")
    assert reading.credentials is None
    return f"{reading.problem} {reading!r}"


USES: dict[str, Callable[[str], object]] = {
    "token of the file": lambda bad: read(document(access_token=bad)),
    "account of the file": lambda bad: read(document(account_id=bad)),
    "key of the file": lambda bad: read(json.dumps({"OPENAI_API_KEY": bad}).encode()),
    "CODEX_ACCESS_TOKEN": lambda bad: environment_storage(
        {"CODEX_ACCESS_TOKEN": f"at-{bad}"}, is_interactive=True
    ),
    "CODEX_API_KEY": lambda bad: environment_storage({"CODEX_API_KEY": bad}, is_interactive=False),
    "JWT": lambda bad: decode(Secret(f"h.{bad}.s")),
}
RAISING = frozenset({"CODEX_ACCESS_TOKEN", "CODEX_API_KEY", "JWT"})


@MANGLED
@pytest.mark.parametrize("name", USES)
def test_what_no_header_could_carry_is_told_without_it(name: str, bad: str) -> None:
    if name in RAISING:
        with pytest.raises(ServiceError) as caught:
            USES[name](bad)
        told = reported(caught.value)
    else:
        told = str(USES[name](bad))
    assert told
    assert CANARY not in told


@MANGLED
async def test_a_key_that_no_header_could_carry_is_neither_sent_nor_told(
    home: Home, bad: str
) -> None:
    async with home.open() as desk:
        with pytest.raises(ServiceError) as caught:
            await desk.auth.use_api_key(Secret(f"sk-{bad}"))
    assert CANARY not in reported(caught.value)
    assert home.sim.requests == []


@MANGLED
async def test_a_refresh_token_that_cannot_be_sent_is_neither_sent_nor_told(bad: str) -> None:
    async with stage() as play:
        error = await _refused_refresh(play, bad)
        assert play.server.requests == []
    assert CANARY not in reported(error)


async def _refused_refresh(play: Stage, bad: str) -> ServiceError:
    play.server.answer(answer(body=TOKENS))
    with pytest.raises(ServiceError) as caught:
        await play.endpoint.refresh(Secret(bad), reason="scheduled", issuer=None, client_id=None)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [f"  {CANARY}", f"{CANARY}\r\n", f"\t{CANARY}\n\n"],
    ids=["E25 blanks before", "E25 newline after", "E25 both"],
)
async def test_blanks_around_are_trimmed_and_the_rest_is_sent_whole(home: Home, text: str) -> None:
    bare = parse(json.dumps({"OPENAI_API_KEY": text}).encode(), "auth.json").credentials
    assert bare is not None
    assert bare.api_key == Secret(CANARY)
    assert json.loads(render(bare, compact=True))["OPENAI_API_KEY"] == CANARY
    reading = parse(document(access_token=text, refresh_token=text, account_id=text), "auth.json")
    assert reading.credentials is not None
    assert reading.credentials.tokens is not None
    assert reading.credentials.tokens.access_token == Secret(CANARY)
    assert reading.credentials.tokens.refresh_token == Secret(CANARY)
    assert reading.credentials.tokens.workspace == CANARY
    key = text.replace(CANARY, home.sim.api_key or "")
    async with home.open() as desk:
        await desk.auth.use_api_key(Secret(key))
    assert home.stored()["OPENAI_API_KEY"] == home.sim.api_key
