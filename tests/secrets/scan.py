"""Looks for planted secrets in everything that was written, in the forms they may have there."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PIECE = 16
"""Characters: a piece of a secret this long is a leak. The hint of a key has eight."""
STEP = 4


@dataclass(frozen=True)
class Leak:
    """A piece of a secret where none may be; the secret itself is not named."""

    name: str
    where: str
    at: int


def pieces(secret: str) -> set[bytes]:
    """Parts of a secret that cannot stand anywhere by chance, so that a cut one is found as well.

    All of them together catch whatever shows `PIECE + STEP - 1` characters in a row.
    """
    if secret.startswith("eyJ"):
        # The header of a JWT is the same in all, and no secret.
        secret = secret.partition(".")[2]
    starts = range(0, max(len(secret) - PIECE, 0) + 1, STEP)
    plain = {secret[start : start + PIECE] for start in starts}
    forms = {form for piece in plain for form in (piece, quote(piece, safe=""), escaped(piece))}
    encoded = {
        # Each of the three ways in which it may fall into a longer text that is encoded.
        base64.b64encode(b"\0" * shift + secret.encode())[4:-4]
        for shift in range(3)
        if len(secret) > PIECE
    }
    return {form.encode("utf-8", "surrogatepass") for form in forms} | encoded


def escaped(text: str) -> str:
    """As JSON has it, without the quotation marks."""
    return json.dumps(text)[1:-1]


class Scanner:
    """Knows the secrets of a run, by their names."""

    def __init__(self) -> None:
        self._pieces: dict[bytes, str] = {}
        self.names: dict[str, int] = {}
        """How many secrets there are of each name."""

    def plant(self, name: str, secret: str) -> None:
        """Look for this secret from now on.

        Raises:
            AssertionError: It is too short to be told from other text.
        """
        assert len(secret) >= PIECE, f"{name} is too short to be looked for"
        self.names[name] = self.names.get(name, 0) + 1
        for piece in pieces(secret):
            self._pieces.setdefault(piece, name)

    def plant_document(self, document: Mapping[str, object], name: str = "auth.json") -> None:
        """The tokens and keys of an `auth.json`."""
        for key, value in document.items():
            if isinstance(value, dict):
                self.plant_document(value, name)  # pyright: ignore[reportUnknownArgumentType]
            elif isinstance(value, str) and key in SECRET_MEMBERS:
                self.plant(f"{name} {key}", value)

    def scan(self, where: str, data: bytes) -> list[Leak]:
        """Secrets in these bytes, each name once."""
        found = {
            name: Leak(name, where, data.find(piece))
            for piece, name in self._pieces.items()
            if piece in data
        }
        return sorted(found.values(), key=lambda leak: leak.name)

    def scan_files(self, folders: Iterable[Path], *, but: Iterable[Path] = ()) -> list[Leak]:
        """Secrets in the names and bytes of all files below some folders."""
        allowed = {path.resolve() for path in but}
        return [
            leak
            for folder in folders
            for path in files_below(folder)
            if path.resolve() not in allowed
            for leak in (
                *self.scan(f"name of {path}", str(path).encode("utf-8", "surrogateescape")),
                *self.scan(str(path), path.read_bytes()),
            )
        ]


SECRET_MEMBERS = frozenset({"OPENAI_API_KEY", "id_token", "access_token", "refresh_token"})


def files_below(folder: Path) -> Iterator[Path]:
    """Regular files, links not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path
