import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.catalogue import ModelCatalogue
from services.errors import (
    BadPayloadError,
    LoginError,
    NotFoundError,
    RefusedError,
    ServiceError,
    UnreachableError,
)
from services.models.catalogue import ModelInfo
from services.provider import Provider
from services.wire.models import ModelPage, read_models
from tests.unit.inference.conftest import Asked, FakeClock
from tests.unit.transport.raw_server import head, refusal

PROVIDER = Provider(id="openai", name="OpenAI", base_url="http://127.0.0.1:1/v1")


def entry(slug: str, **members: object) -> dict[str, Any]:
    return {"slug": slug, "display_name": slug.upper(), "visibility": "list", **members}


def page(*entries: Any, etag: str | None = None, provider: Provider = PROVIDER) -> ModelPage:
    return read_models({"models": list(entries)}, provider, etag=etag)


class Source:
    """Answers with what the test put there."""

    def __init__(self, *answers: ModelPage | ServiceError) -> None:
        self.provider = PROVIDER
        self.models_etag: str | None = None
        self.answers = list(answers)
        self.asked = 0

    async def model_page(self) -> ModelPage:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ServiceError):
            raise answer
        return answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models_cache.json"


def slugs(models: tuple[ModelInfo, ...]) -> list[str]:
    return [model.slug for model in models]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(path: Path) -> list[str]:
    return [file.name for file in path.iterdir()]


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


async def test_a_fresh_list_is_not_asked_for_again(path: Path, clock: FakeClock) -> None:
    source = Source(page(entry("a")))
    catalogue = ModelCatalogue(source, path, clock)
    assert slugs(await catalogue.models()) == slugs(await catalogue.models()) == ["a"]
    clock.time += 299
    await catalogue.models()
    assert source.asked == 1
    clock.time += 2
    await catalogue.models()
    assert source.asked == 2


async def test_the_list_outlives_the_program_in_a_private_file(
    path: Path, clock: FakeClock
) -> None:
    full = entry(
        "a",
        description="Good",
        default_reasoning_level="medium",
        supported_reasoning_levels=[{"effort": "low", "description": ""}],
        context_window=1000,
        support_verbosity=True,
        supports_reasoning_summaries=False,
        input_modalities=["text"],
        priority=3,
    )
    known = page(entry("b", priority=9), full, entry("h", visibility="hide"))
    first = ModelCatalogue(Source(known), path, clock)
    models = await first.models()
    source = Source(UnreachableError("no"))
    assert await ModelCatalogue(source, path, clock).models() == models
    assert source.asked == 0
    assert (mode_of(path), mode_of(path.parent)) == (0o600, 0o700)
    assert names_in(path.parent) == ["models_cache.json"]


@pytest.mark.parametrize(
    "provider",
    [
        Provider(id="local", name="L", base_url="http://127.0.0.1:2/v1"),
        replace(PROVIDER, owner="another-account"),
    ],
    ids=["server", "account"],
)
async def test_a_list_of_somebody_else_is_not_used(
    path: Path, clock: FakeClock, provider: Provider
) -> None:
    await ModelCatalogue(Source(page(entry("a"))), path, clock).models()
    other = Source(page(entry("b")))
    other.provider = provider
    assert slugs(await ModelCatalogue(other, path, clock).models()) == ["b"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"models": 7}', b"\xff" * 100])
async def test_a_broken_cache_is_no_cache(path: Path, clock: FakeClock, content: bytes) -> None:
    put(path, content)
    assert slugs(await ModelCatalogue(Source(page(entry("a"))), path, clock).models()) == ["a"]


async def test_a_cache_from_the_future_is_stale(path: Path, clock: FakeClock) -> None:
    await ModelCatalogue(Source(page(entry("a"))), path, clock).models()
    document = json.loads(content_of(path)) | {"fetched_at": clock.time + 9999}
    put(path, json.dumps(document).encode())
    source = Source(page(entry("b")))
    assert slugs(await ModelCatalogue(source, path, clock).models()) == ["b"]


async def test_a_folder_that_cannot_be_written_costs_nothing(
    tmp_path: Path, clock: FakeClock
) -> None:
    put(tmp_path / "file", b"")
    catalogue = ModelCatalogue(Source(page(entry("a"))), tmp_path / "file" / "x.json", clock)
    assert slugs(await catalogue.models()) == ["a"]


async def test_a_failure_keeps_the_last_good_list_unless_a_refresh_was_asked_for(
    path: Path, clock: FakeClock
) -> None:
    source = Source(page(entry("a")), UnreachableError("no"))
    catalogue = ModelCatalogue(source, path, clock)
    await catalogue.models()
    clock.time += 1000
    assert slugs(await catalogue.models()) == ["a"]
    with pytest.raises(UnreachableError):
        await catalogue.models(refresh=True)
    assert slugs(catalogue.known()) == ["a"]


async def test_a_changed_mark_makes_the_list_stale_and_the_same_one_keeps_it_fresh(
    path: Path, clock: FakeClock
) -> None:
    source = Source(page(entry("a"), etag='"1"'), page(entry("b"), etag='"2"'))
    catalogue = ModelCatalogue(source, path, clock)
    await catalogue.models()
    source.models_etag = '"1"'
    clock.time += 1000
    assert slugs(await catalogue.models()) == ["a"]
    source.models_etag = '"2"'
    assert slugs(await catalogue.models()) == ["b"]
    assert source.asked == 2


async def test_the_default_is_the_first_that_is_listed(path: Path, clock: FakeClock) -> None:
    known = page(entry("h", visibility="hide", priority=0), entry("b", priority=2), entry("a"))
    assert await ModelCatalogue(Source(known), path, clock).default() == "b"


@pytest.mark.parametrize("error", [NotFoundError("no"), BadPayloadError("no")])
async def test_a_server_without_a_list_has_no_default(
    path: Path, clock: FakeClock, error: ServiceError
) -> None:
    assert await ModelCatalogue(Source(error), path, clock).default() is None


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("gpt-5", "GPT-5"),
        ("gpt-5-codex", "GPT-5-CODEX"),
        ("gpt-5-codex-max", "GPT-5-CODEX"),
        ("gpt-5.1", "GPT-5"),
        ("vendor/gpt-5-codex", "GPT-5-CODEX"),
        ("a/b/gpt-5", "a/b/gpt-5"),
        ("llama", "llama"),
    ],
)
async def test_a_model_is_looked_up_by_its_longest_prefix(
    path: Path, clock: FakeClock, slug: str, name: str
) -> None:
    catalogue = ModelCatalogue(Source(page(entry("gpt-5"), entry("gpt-5-codex"))), path, clock)
    await catalogue.models()
    found = catalogue.lookup(slug)
    assert (found.slug, found.name) == (slug, name)


async def test_what_is_assumed_of_an_unknown_model(path: Path, clock: FakeClock) -> None:
    found = ModelCatalogue(Source(page()), path, clock).lookup("x")
    assert found == ModelInfo(
        slug="x", name="x", context_window=272_000, is_listed=False, provider="openai"
    )


def test_entries_that_cannot_be_read_are_skipped() -> None:
    found = page(entry("a"), None, {}, {"slug": 7}, {"slug": "x\x1b"}, {"slug": ""}, "s")
    assert (slugs(found.models), found.skipped) == (["a"], 6)


def test_a_hostile_list_is_capped() -> None:
    many = [entry(f"m{number}") for number in range(10_000)]
    found = page(*many, entry("big" * 1_000_000))
    assert (len(found.models), found.skipped) == (1000, 9001)
    (named,) = page(entry("a", display_name="n" * 1_000_000 + "\x1b")).models
    assert len(named.name) <= 256


def test_a_list_of_which_nothing_can_be_read_is_a_bad_payload() -> None:
    with pytest.raises(BadPayloadError):
        page({}, {})
    with pytest.raises(BadPayloadError):
        read_models({"object": "list"}, PROVIDER)


def test_models_without_a_list_of_codex_come_from_data() -> None:
    document = {"object": "list", "data": [{"id": "llama3"}, {"id": 7}, {"id": "qwen"}]}
    found = read_models(document, Provider(id="x", name="x", base_url="", default_model="qwen"))
    assert [(model.slug, model.is_default) for model in found.models] == [
        ("llama3", False),
        ("qwen", True),
    ]
    assert found.models[0].supports_reasoning


def test_what_the_api_does_not_offer_is_not_listed() -> None:
    (model,) = page(entry("a", supported_in_api=False)).models
    assert not model.is_listed


async def test_the_client_asks_for_the_list(asked: Asked) -> None:
    body = json.dumps({"models": [entry("a")]}).encode()
    asked.server.answer(head(etag='"7"') + body)
    client = asked.client()
    assert (await client.model_page()).etag == '"7"'
    assert slugs(await client.models()) == ["a"]
    assert asked.server.requests[0].path == "/v1/models"


async def test_the_list_is_asked_for_again_within_the_budget(asked: Asked) -> None:
    asked.server.answer(refusal("500 Oops", {}))
    asked.server.answer(head(content_type="application/json") + b'{"data": [{"id": "a"}]}')
    assert slugs(await asked.client().models()) == ["a"]
    assert len(asked.clock.slept) == 1


async def test_the_list_is_given_up_once_the_budget_is_spent(asked: Asked) -> None:
    asked.server.answer(refusal("500 Oops", {}))
    with pytest.raises(RefusedError):
        await asked.client(request_retries=2).models()
    assert len(asked.server.requests) == 3


async def test_the_list_is_not_waited_for_longer_than_its_limit(asked: Asked) -> None:
    asked.server.answer(refusal("503 No", {}, retry_after="40"))
    with pytest.raises(RefusedError):
        await asked.client().models()
    assert asked.clock.slept == []


async def test_a_list_that_is_refused_is_not_asked_for_again(asked: Asked) -> None:
    asked.server.answer(refusal("401 No", {}))
    with pytest.raises(LoginError):
        await asked.client().models()
    assert len(asked.server.requests) == 1
