from pathlib import Path

import httpx
import pytest

from services.errors import UsageError
from services.transport.environment import is_loopback, read_network

PROXY = {"HTTPS_PROXY": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("192.168.0.1", False),
        ("localhost.example.com", False),
        ("0.0.0.0", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


@pytest.mark.parametrize(
    ("exceptions", "url", "is_direct"),
    [
        ("", "https://api.example.com/", False),
        ("*", "https://api.example.com/", True),
        ("example.com", "https://api.example.com/", True),
        (".example.com", "https://api.example.com/", True),
        ("*.example.com", "https://api.example.com/", True),
        ("example.com", "https://badexample.com/", False),
        ("EXAMPLE.com", "https://API.example.com/", True),
        ("other.org, example.com", "https://example.com/", True),
        ("example.com:8443", "https://example.com/", False),
        ("example.com:8443", "https://example.com:8443/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.0.0.0/8", "https://ten.example/", False),
        ("fd00::/8", "https://[fd00::5]/", True),
        ("10.1.2.3", "https://10.1.2.3/", True),
        ("not/a/network", "https://10.1.2.3/", False),
        ("", "https://127.0.0.1/", True),
        ("", "http://example.com/", True),
    ],
)
def test_exceptions_from_the_proxy_are_names_addresses_and_networks(
    exceptions: str, url: str, is_direct: bool
) -> None:
    network = read_network({**PROXY, "NO_PROXY": exceptions})
    assert (network.proxy_for(httpx.URL(url)) is None) is is_direct


def test_the_proxy_of_plain_http_is_never_used() -> None:
    assert read_network({"HTTP_PROXY": "http://p:1"}).proxy is None


def test_a_proxy_without_scheme_is_an_http_proxy() -> None:
    assert str(read_network({"https_proxy": "p.example:1"}).proxy) == "http://p.example:1"


@pytest.mark.parametrize("value", ["socks5://p:1", "http://", "http://[::"])
def test_a_proxy_that_cannot_be_used_is_said_to_be_so(value: str) -> None:
    with pytest.raises(UsageError, match="HTTPS_PROXY"):
        read_network({"HTTPS_PROXY": value})


def test_a_ca_file_that_is_missing_is_named_with_its_variable(tmp_path: Path) -> None:
    network = read_network({"SSL_CERT_FILE": str(tmp_path / "none.pem")})
    with pytest.raises(UsageError, match="SSL_CERT_FILE names a CA file that cannot be read"):
        network.context()


def test_a_ca_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    with pytest.raises(UsageError, match="CODEX_CA_CERTIFICATE"):
        read_network({"CODEX_CA_CERTIFICATE": str(path)}).context()
