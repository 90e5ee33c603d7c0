"""What may hold a secret never shows it in a repr: reprs stand in logs, errors and reports."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from typing import Any

import httpx
import pytest

import app.providers
import app.settings
import services.auth
import services.provider
import services.transport
from services.auth.flows.callback_request import read_request
from services.auth.issuer.posting import Answer
from services.auth.stores.files import Found
from services.provider import Secret
from services.transport.signing import Signed

CANARY = "canary-5f1d2c"
PACKAGES = (services.auth, services.transport)
MODULES = (services.provider, app.settings, app.providers)
LOOSE = ("bytes", "Headers", "Mapping", "Secret")
"""Parts of the types of fields into which secrets get: bodies, headers, documents, tables."""
LOOSE_NAMES = ("query", "headers")
OPEN = ("key_bindings",)
"""Keys of the keyboard."""


def records() -> Iterator[type[Any]]:
    """All dataclasses of sign-in and transport."""
    names = [module.__name__ for module in MODULES]
    for package in PACKAGES:
        found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        names += [module.name for module in found]
    for name in names:
        module = importlib.import_module(name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if is_dataclass(kind) and kind.__module__ == name:
                yield kind


def is_loose(field: "Field[Any]") -> bool:
    return field.name not in OPEN and (
        field.name in LOOSE_NAMES or any(part in str(field.type) for part in LOOSE)
    )


def planted(field: "Field[Any]") -> object:
    if not is_loose(field):
        return None
    return Secret(CANARY) if "Secret" in str(field.type) else {"name": CANARY}


@pytest.mark.parametrize(
    "kind",
    [kind for kind in records() if any(map(is_loose, fields(kind)))],
    ids=lambda k: k.__name__,
)
def test_records_keep_what_may_be_secret_to_themselves(kind: type[Any]) -> None:
    record: Any = object.__new__(kind)
    for field in fields(kind):
        object.__setattr__(record, field.name, planted(field))
    assert repr(record).startswith(kind.__qualname__)
    assert CANARY not in repr(record)


def test_requests_and_answers_keep_their_secrets_to_themselves() -> None:
    url = httpx.URL("https://chatgpt.com/backend-api/codex/responses")
    head = f"GET /auth/callback?code={CANARY} HTTP/1.1\r\nreferer: http://x/?{CANARY}\r\n\r\n"
    shown = [
        Signed(url=url, headers={"authorization": f"Bearer {CANARY}"}),
        Answer(
            status=200,
            headers=httpx.Headers({"set-cookie": f"a={CANARY}"}),
            body=CANARY.encode(),
            host="auth.openai.com",
        ),
        Found(content=CANARY.encode()),
        read_request(head.encode()),
    ]
    assert CANARY not in repr(shown)
    assert "auth.openai.com" in repr(shown)
