"""The scan finds what it is for: a secret whole, cut, or written in another way."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.secrets.scan import Scanner

SECRET = "rt_Zk3-tQ9_vX7/pL2+mW5=bN8~cR4hJ6yU1"
CLAIMS = base64.urlsafe_b64encode(json.dumps({"sub": "someone", "jti": "0123456789"}).encode())
JWT = f"eyJhbGciOiJSUzI1NiJ9.{CLAIMS.decode().rstrip('=')}.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"


@pytest.fixture
def scanner() -> Scanner:
    scanner = Scanner()
    scanner.plant("refresh token", SECRET)
    scanner.plant("id token", JWT)
    return scanner


@pytest.mark.parametrize(
    "text",
    [
        f"before{SECRET}after",
        SECRET[:20],
        SECRET[-20:],
        SECRET[7:27],
        quote(SECRET, safe=""),
        json.dumps({"token": SECRET}),
        base64.b64encode(f"x{SECRET}".encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        repr(SECRET),
    ],
    ids=["whole", "start", "end", "middle", "URL", "JSON", "base64", "basic", "repr"],
)
def test_secret_is_found(scanner: Scanner, text: str) -> None:
    (leak,) = scanner.scan("here", text.encode())
    assert (leak.name, leak.where) == ("refresh token", "here")
    assert SECRET[:20] not in repr(leak)


def test_part_of_a_token_is_found_and_its_header_is_none(scanner: Scanner) -> None:
    header, claims, signature = JWT.split(".")
    assert scanner.scan("here", f"{header}.[REDACTED]".encode()) == []
    assert [leak.name for leak in scanner.scan("here", claims[:24].encode())] == ["id token"]
    assert [leak.name for leak in scanner.scan("here", signature.encode())] == ["id token"]


def test_files_and_their_names_are_read(scanner: Scanner, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "deeper"
    folder.mkdir(parents=True)
    kept, lost = folder / "auth.json", folder / "note"
    kept.write_bytes(SECRET.encode())
    lost.write_bytes(b"\0\xff" + SECRET.encode())
    named = folder / quote(SECRET, safe="")
    named.write_bytes(b"nothing")
    found = scanner.scan_files([tmp_path], but=[kept])
    assert {leak.where for leak in found} == {str(lost), f"name of {named}"}


def test_hint_of_a_key_is_none() -> None:
    scanner = Scanner()
    scanner.plant("key", "sk-sim-0123456789abcdef0123456789abcdef01234567")
    assert scanner.scan("screen", b"sk-sim-0***34567") == []
