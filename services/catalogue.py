"""The models that a provider offers, remembered on disk. Wire format: docs/protocols/models.md."""

import asyncio
import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from services.clock import Clock
from services.errors import BadPayloadError, NotFoundError, ServiceError
from services.models.catalogue import ModelInfo
from services.provider import Provider
from services.wire.models import ModelPage, as_wire, fallback, read_models
from services.wire.reading import as_number, as_object, as_text, loads

FRESH: Final = 300.0
"""Seconds for which a list is used without asking again."""
CACHE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of the cache file."""
_NAMED: Final = re.compile(r"\w+/([^/]+)")
_log = logging.getLogger(__name__)


class ModelSource(Protocol):
    """Who is asked for the list."""

    @property
    def provider(self) -> Provider:
        """Whose models they are."""
        ...

    @property
    def models_etag(self) -> str | None:
        """Mark of the list that the last answer of the server named, if it did."""
        ...

    async def model_page(self) -> ModelPage:
        """The list, and its mark."""
        ...


class ModelCatalogue:
    """Knows the models of one provider.

    The last good list is kept: a failure to renew it is no failure to look up.

    Args:
        source: The inference client.
        path: The cache file; its folder is made when needed.
        clock: Time.
    """

    def __init__(self, source: ModelSource, path: Path, clock: Clock) -> None:
        self._source = source
        self._path = path
        self._clock = clock
        self._models: tuple[ModelInfo, ...] = ()
        self._etag: str | None = None
        self._named: str | None = None
        """Mark that the source knew when the list was fetched; some servers never name ours."""
        self._fetched_at: float | None = None
        self._was_read = False
        self._fetching = asyncio.Lock()

    async def models(self, *, refresh: bool = False) -> tuple[ModelInfo, ...]:
        """The list, best first: from memory or disk while it is fresh, else from the server.

        Args:
            refresh: Ask the server also when the list is fresh; its failure is then told.

        Raises:
            ServiceError: The server cannot be asked, and no list is known.
        """
        self._read_cache()
        if not refresh and self._is_fresh():
            return self._models
        async with self._fetching:
            if not refresh and self._is_fresh():
                return self._models
            try:
                page = await self._source.model_page()
            except ServiceError as error:
                _log.warning(
                    "the list of models could not be renewed: %s, status %s, request id %s",
                    error.kind.value,
                    error.status,
                    error.request_id,
                )
                if refresh or not self._models:
                    raise
                return self._models
            if page.skipped:
                _log.warning("%d entries of the list of models were skipped", page.skipped)
            self._models = page.models
            self._etag = page.etag
            self._named = self._source.models_etag
            self._fetched_at = self._clock.now()
            await asyncio.to_thread(self._write_cache)
        return self._models

    async def default(self) -> str | None:
        """Slug of the model to take where the user named none; None if the server names none.

        Raises:
            ServiceError: The server cannot be asked.
        """
        try:
            models = await self.models()
        except (NotFoundError, BadPayloadError):
            return None
        return next((model.slug for model in models if model.is_default), None)

    def known(self) -> tuple[ModelInfo, ...]:
        """The last good list, without asking the server; may be empty."""
        self._read_cache()
        return self._models

    def lookup(self, slug: str) -> ModelInfo:
        """What is known of a model: of the entry whose slug is the longest prefix of `slug`.

        `vendor/name` is also looked up as `name`. Fallback values where nothing is known. The
        slug in the answer is the one that was asked for.
        """
        self._read_cache()
        found = self._longest_prefix(slug)
        if found is None and (named := _NAMED.fullmatch(slug)) is not None:
            found = self._longest_prefix(named[1])
        if found is None:
            return fallback(slug, self._source.provider.id)
        if found.slug == slug:
            return found
        return replace(found, slug=slug, is_default=False)

    def _longest_prefix(self, slug: str) -> ModelInfo | None:
        fitting = [model for model in self._models if slug.startswith(model.slug)]
        return max(fitting, key=lambda model: len(model.slug), default=None)

    def _is_fresh(self) -> bool:
        if self._fetched_at is None:
            return False
        named = self._source.models_etag
        if named is not None and named != self._named:
            # The server tells with each answer whether the list has changed.
            return named == self._etag
        return 0 <= self._clock.now() - self._fetched_at <= FRESH

    def _identity(self) -> str:
        provider = self._source.provider
        text = "\n".join((provider.id, provider.base_url, provider.wire, provider.owner))
        return hashlib.sha256(text.encode()).hexdigest()

    def _read_cache(self) -> None:
        if self._was_read:
            return
        self._was_read = True
        try:
            with self._path.open("rb") as file:
                members = as_object(loads(file.read(CACHE_LIMIT + 1), CACHE_LIMIT))
            if members.get("identity") != self._identity():
                return
            page = read_models(members, self._source.provider)
        except (OSError, ServiceError):
            return
        # A clock that was set back must not keep an old list alive.
        fetched_at = as_number(members.get("fetched_at"))
        if fetched_at is not None and fetched_at <= self._clock.now():
            self._fetched_at = fetched_at
        self._models = _with_default(page.models, as_text(members.get("default")))
        self._etag = as_text(members.get("etag"))

    def _write_cache(self) -> None:
        default = next((model.slug for model in self._models if model.is_default), None)
        document: Mapping[str, object] = {
            "fetched_at": self._fetched_at,
            "etag": self._etag,
            "identity": self._identity(),
            "default": default,
            "models": [as_wire(model) for model in self._models],
        }
        try:
            write_privately(self._path, json.dumps(document, ensure_ascii=False).encode())
        except OSError as error:
            _log.warning("the list of models could not be written: %s", error.strerror)


def _with_default(models: tuple[ModelInfo, ...], slug: str | None) -> tuple[ModelInfo, ...]:
    return tuple(replace(model, is_default=model.slug == slug) for model in models)


def write_privately(path: Path, data: bytes) -> None:
    """Replace a file in one step; only its owner may read it.

    Raises:
        OSError: The disk is full or read-only.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
