"""What environment and configuration put into headers is sent whole, or an error names it."""

from pathlib import Path

import pytest

from app.providers import choose_provider, overridden_host
from app.settings import Settings, load_settings
from services.errors import CredentialsError, ServiceError, UsageError
from services.headers import is_header, is_sendable
from services.models.account import AccountMode
from services.provider import Provider

BAD_KEYS = {
    "letters of other alphabets": "sk-aé漢",
    "bytes that are no UTF-8": "sk-\udce9",
    "a line break inside": "sk-a\nb",
    "an escape sequence": "sk-a\x1b[31mred",
    "a blank inside": "sk-a b",
    "a zero": "sk-a\0b",
}
bad_keys = pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
TABLE = """
provider = "x"
[providers.x]
base_url = "https://api.example/v1"
env_key = "X_KEY"
"""


@pytest.mark.parametrize(
    ("text", "sendable", "header"),
    [
        ("sk-1", True, True),
        ("~!", True, True),
        ("", False, True),
        ("a b", False, True),
        *((key, False, key == "sk-a b") for key in BAD_KEYS.values()),
    ],
)
def test_what_can_be_sent_is_visible_ascii(text: str, sendable: bool, header: bool) -> None:
    assert (is_sendable(text), is_header(text)) == (sendable, header)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def configured(folder: Path, text: str = TABLE) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    return load_settings({"config": str(path)}, {"FOREDECK_HOME": str(folder)})


def chosen(
    environ: dict[str, str],
    settings: Settings | None = None,
    login: AccountMode = AccountMode.NONE,
    **flags: str,
) -> Provider:
    provider = choose_provider(settings or load_settings(flags, environ), environ, login)
    assert provider is not None
    return provider


def assert_tells(error: ServiceError, name: str, secret: str) -> None:
    assert name in error.message
    assert error.next_step
    assert error.message.isprintable()
    assert secret not in f"{error.message} {error.next_step}"


@bad_keys
def test_key_of_openai_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        chosen({"OPENAI_API_KEY": key})
    assert_tells(caught.value, "OPENAI_API_KEY", key)


@pytest.mark.parametrize("login", [AccountMode.CHATGPT, AccountMode.API_KEY])
def test_key_that_is_not_used_may_be_anything(login: AccountMode) -> None:
    assert chosen({"OPENAI_API_KEY": "sk-a\nb"}, login=login).key is None


@bad_keys
def test_key_of_a_table_that_no_header_can_carry_is_refused(folder: Path, key: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        chosen({"X_KEY": key}, configured(folder))
    assert_tells(caught.value, "X_KEY", key)


def test_blanks_around_a_key_are_no_part_of_it(folder: Path) -> None:
    keys = [
        chosen({"OPENAI_API_KEY": " sk-1\n"}).key,
        chosen({"X_KEY": "sk-1\r\n"}, configured(folder)).key,
    ]
    assert [key and key.reveal() for key in keys] == ["sk-1", "sk-1"]


def test_headers_of_a_table_are_sent_whole(folder: Path) -> None:
    more = '\n[providers.x.http_headers]\nAuthorization = "Basic a b"\n'
    more += '[providers.x.env_http_headers]\nX-Team = "TEAM"\nX-None = "NONE"\n'
    found = chosen({"X_KEY": "k", "TEAM": " a b\n"}, configured(folder, TABLE + more))
    assert found.headers == (("Authorization", "Basic a b"), ("X-Team", "a b"))


@pytest.mark.parametrize("value", [r"a\nb", r"a\u001bb", "é"])
def test_header_of_a_table_that_cannot_be_sent_is_refused(folder: Path, value: str) -> None:
    more = f'[providers.x.http_headers]\nX-Team = "{value}"\n'
    with pytest.raises(UsageError) as caught:
        chosen({"X_KEY": "k"}, configured(folder, TABLE + more))
    assert_tells(caught.value, "providers.x.http_headers.X-Team", value)


@pytest.mark.parametrize("value", ["a\nb", "a\x1bb", "é", "\udce9"])
def test_variable_that_no_header_can_carry_is_refused(folder: Path, value: str) -> None:
    more = '[providers.x.env_http_headers]\nX-Team = "TEAM"\n'
    with pytest.raises(CredentialsError) as caught:
        chosen({"X_KEY": "k", "TEAM": value}, configured(folder, TABLE + more))
    assert_tells(caught.value, "TEAM", value)


@pytest.mark.parametrize("table", ["http_headers", "env_http_headers"])
@pytest.mark.parametrize("name", ["X Team", "X:Team", "é", "", r"a\nb"])
def test_name_that_no_header_has_is_refused(folder: Path, table: str, name: str) -> None:
    more = f'[providers.x.{table}]\n"{name}" = "TEAM"\n'
    with pytest.raises(UsageError) as caught:
        chosen({"X_KEY": "k", "TEAM": "a"}, configured(folder, TABLE + more))
    assert f"providers.x.{table}" in caught.value.message
    assert caught.value.message.isprintable()


WORK = {"OPENAI_ORGANIZATION": "org-1", "OPENAI_PROJECT": " proj_1\n"}


@pytest.mark.parametrize(
    ("environ", "login", "headers"),
    [
        ({**WORK}, AccountMode.NONE, {"OpenAI-Organization": "org-1", "OpenAI-Project": "proj_1"}),
        (
            {**WORK},
            AccountMode.API_KEY,
            {"OpenAI-Organization": "org-1", "OpenAI-Project": "proj_1"},
        ),
        ({"OPENAI_PROJECT": "p"}, AccountMode.NONE, {"OpenAI-Project": "p"}),
        ({"OPENAI_ORGANIZATION": " ", "OPENAI_PROJECT": ""}, AccountMode.NONE, {}),
    ],
)
def test_organization_and_project_are_named_to_openai(
    environ: dict[str, str], login: AccountMode, headers: dict[str, str]
) -> None:
    assert dict(chosen({"OPENAI_API_KEY": "sk-1", **environ}, login=login).headers) == headers


def test_organization_and_project_are_named_to_nobody_else(folder: Path) -> None:
    others = [
        chosen(WORK, login=AccountMode.CHATGPT),
        chosen(WORK, provider="ollama"),
        chosen({**WORK, "X_KEY": "k"}, configured(folder)),
    ]
    assert not [name for other in others for name, _ in other.headers if "openai" in name.lower()]


@pytest.mark.parametrize("name", WORK)
def test_organization_that_no_header_can_carry_is_refused(name: str) -> None:
    # Left out, the calls would be paid for by another one.
    with pytest.raises(UsageError) as caught:
        chosen({"OPENAI_API_KEY": "sk-1", name: "org\n1"})
    assert_tells(caught.value, name, "org\n1")


OPENAI, GOV = "https://api.openai.com/v1", "https://gov.api.openai.com/v1"


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("sk-proj-fedramp-1", GOV),
        (" sk-svcacct-fedramp-1\n", GOV),
        ("sk-proj-1", OPENAI),
        ("sk-fedramp-1", OPENAI),
        ("sk-proj-fedramp", OPENAI),
    ],
)
def test_key_of_the_government_goes_to_its_own_server(key: str, url: str) -> None:
    provider = chosen({"OPENAI_API_KEY": key})
    assert (provider.base_url, provider.name, overridden_host(provider)) == (url, "OpenAI", "")


def test_address_that_is_configured_counts_for_every_key() -> None:
    url = "http://127.0.0.1:9/v1"
    environ = {"OPENAI_API_KEY": "sk-proj-fedramp-1", "FOREDECK_OPENAI_BASE_URL": url}
    assert chosen(environ).base_url == url


def test_stored_key_is_not_that_of_the_environment() -> None:
    environ = {"OPENAI_API_KEY": "sk-proj-fedramp-1"}
    assert chosen(environ, login=AccountMode.API_KEY).base_url == OPENAI
