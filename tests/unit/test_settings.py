from pathlib import Path

import pytest

from app.providers import OPENAI_BASE_URL, checked_url, choose_provider, overridden_host
from app.settings import MAX_CONFIG_BYTES, Settings, load_settings
from services.errors import CredentialsError, UsageError
from services.provider import Provider, Secret


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "foredeck"
    folder.mkdir(exist_ok=True)
    return folder / "config.toml"


def load(config: Path, flags: dict[str, object] | None = None, **environ: str) -> Settings:
    return load_settings(flags or {}, {"FOREDECK_HOME": str(config.parent), **environ})


def test_without_a_file_the_defaults_stand(config: Path) -> None:
    settings = load(config)
    assert settings.problems == ()
    assert (settings.theme, settings.max_width, settings.mouse) == ("auto", 100, True)
    assert settings.folders.config_file == config


def test_a_flag_beats_the_environment_and_that_beats_the_file(config: Path) -> None:
    config.write_text('openai_base_url = "https://file.example/v1"\nmodel = "from-file"\n')
    assert load(config).openai_base_url == "https://file.example/v1"
    settings = load(
        config,
        {"model": "from-flag", "effort": None},
        FOREDECK_OPENAI_BASE_URL="http://127.0.0.1:1/v1",
    )
    assert settings.openai_base_url == "http://127.0.0.1:1/v1"
    assert (settings.model, settings.effort) == ("from-flag", None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("max_width = 'wide'", "max_width must be a whole number; the default is used"),
        ("max_width = true", "max_width must be a whole number; the default is used"),
        ("mouse = 1", "mouse must be true or false; the default is used"),
        ("model = 7", "model must be text; the default is used"),
        (
            "theme = 'pink'",
            "theme must be one of auto, dark, light, ansi-dark, ansi-light; the default is used",
        ),
        ("colour = 1", "colour is not a setting; it is left out"),
        ("[keys]\nstyle = 'x'", "keys.style is not a setting; it is left out"),
        (
            "[keys]\nflavor = 'vi'",
            "keys.flavor must be one of readline, modern; the default is used",
        ),
        ("[keys]\nbind = 3", "keys.bind must map action ids to keys"),
        ("keys = 3", "keys must be a table"),
        ("providers = 3", "providers must hold tables, such as [providers.local]"),
        ("allow_token_hosts = 'x'", "allow_token_hosts must be a list of host names"),
    ],
)
def test_what_is_wrong_costs_only_itself(config: Path, text: str, problem: str) -> None:
    config.write_text("effort = 'high'\n" + text)
    settings = load(config)
    assert settings.problems == (problem,)
    assert settings.effort == "high"


def test_a_file_that_is_no_toml_is_said_and_the_defaults_stand(config: Path) -> None:
    config.write_text("model = = 1")
    (problem,) = load(config).problems
    assert problem.startswith(f"{config} is not valid TOML: ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"#" * (MAX_CONFIG_BYTES + 1), "is larger than 64 kB and was not read"),
        (b"a = " + b"[" * 5000, "is not valid TOML"),
    ],
)
def test_hostile_files_are_said(config: Path, content: bytes, words: str) -> None:
    config.write_bytes(content)
    (problem,) = load(config).problems
    assert words in problem


def test_a_named_file_that_is_missing_is_a_problem(config: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert load(config, {"config": str(missing)}).problems == (
        f"There is no configuration file {missing}",
    )


def test_a_profile_lies_on_top(config: Path) -> None:
    config.write_text("model = 'a'\neffort = 'low'\n[profiles.deep]\neffort = 'high'\n")
    settings = load(config, {"profile": "deep"})
    assert (settings.model, settings.effort, settings.problems) == ("a", "high", ())
    assert load(config, {"profile": "none"}).problems == (
        'There is no profile "none" in the configuration',
    )


def test_keys_are_taken(config: Path) -> None:
    config.write_text(
        '[keys]\nflavor = "modern"\nesc = "interrupt"\n[keys.bind]\n"chat.new" = "ctrl+n"\n'
    )
    settings = load(config)
    assert (settings.key_flavor, settings.key_esc) == ("modern", "interrupt")
    assert settings.key_bindings == {"chat.new": "ctrl+n"}


def test_nothing_set_up_means_no_provider(config: Path) -> None:
    assert choose_provider(load(config), {}) is None


def test_a_key_means_openai(config: Path) -> None:
    provider = choose_provider(load(config), {"OPENAI_API_KEY": " sk-1 "})
    assert provider == Provider(
        id="openai",
        name="OpenAI",
        base_url=OPENAI_BASE_URL,
        key=Secret("sk-1"),
        key_source="OPENAI_API_KEY",
    )
    assert "sk-1" not in repr(provider)
    assert overridden_host(provider) == ""


def test_a_local_server_needs_no_key(config: Path) -> None:
    settings = load(config, FOREDECK_OPENAI_BASE_URL="http://127.0.0.1:4000/v1/")
    provider = choose_provider(settings, {})
    assert provider == Provider(
        id="openai",
        name="127.0.0.1:4000",
        base_url="http://127.0.0.1:4000/v1",
        key_source="OPENAI_API_KEY",
    )
    assert overridden_host(provider) == "127.0.0.1:4000"


def test_a_configured_provider_is_read_whole(config: Path) -> None:
    config.write_text(
        """
        provider = "work"
        [providers.work]
        name = "Work"
        base_url = "https://llm.example/v1/"
        wire_api = "chat"
        model = "m1"
        env_key = "WORK_KEY"
        http_headers = { "X-Team" = "a" }
        env_http_headers = { "X-Org" = "WORK_ORG", "X-None" = "NOT_SET" }
        query_params = { "api-version" = "1" }
        stream_idle_timeout_ms = 1500
        request_max_retries = 1
        stream_max_retries = 200
        body = { temperature = 0.5 }
        """
    )
    provider = choose_provider(load(config), {"WORK_KEY": "k", "WORK_ORG": "o"})
    assert provider == Provider(
        id="work",
        name="Work",
        base_url="https://llm.example/v1",
        wire="chat",
        key=Secret("k"),
        key_source="WORK_KEY",
        headers=(("X-Team", "a"), ("X-Org", "o")),
        query=(("api-version", "1"),),
        idle_timeout=1.5,
        request_retries=1,
        stream_retries=100,
        default_model="m1",
        extra_body=(("temperature", 0.5),),
    )
    with pytest.raises(CredentialsError, match="WORK_KEY is not set"):
        choose_provider(load(config), {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("provider = 'none'", 'There is no provider "none"'),
        ("provider = 'p'\n[providers.p]", "providers.p.base_url is missing"),
        (
            "provider = 'p'\n[providers.p]\nbase_url = 'https://h'\nwire_api = 'x'",
            "wire_api must be responses or chat",
        ),
        (
            "provider = 'p'\n[providers.p]\nbase_url = 'https://h'\nstream_max_retries = 'x'",
            "stream_max_retries must be a number of 0 or more",
        ),
        (
            "provider = 'p'\n[providers.p]\nbase_url = 'https://h'\nhttp_headers = 1",
            "http_headers must be a table",
        ),
    ],
)
def test_a_wrong_provider_is_named(config: Path, text: str, words: str) -> None:
    config.write_text(text)
    with pytest.raises(UsageError, match=words):
        choose_provider(load(config), {})


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://127.0.0.1/v1", "http://", "http://[::1", "http://h:99999/v1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a server"):
        checked_url(url)


@pytest.mark.parametrize("url", ["http://192.168.1.2:11434/v1", "http://example.org/v1"])
def test_plain_http_to_another_machine_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is another machine"):
        checked_url(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://127.9.9.9/v1", "http://[::1]:8/v1", "https://h/v1"]
)
def test_loopback_and_https_are_fine(url: str) -> None:
    assert checked_url(url + "/") == url


def test_a_key_inside_an_address_is_refused() -> None:
    with pytest.raises(UsageError, match="must not hold a name or password"):
        checked_url("https://user:secret@host/v1")


def test_a_profile_leaves_alone_what_it_does_not_name(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('allow_token_hosts = ["a.example"]\n[profiles.w]\nmodel = "m"\n')
    settings = load_settings({"config": str(file), "profile": "w"}, {})
    assert (settings.model, settings.allow_token_hosts) == ("m", ("a.example",))
