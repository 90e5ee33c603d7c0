from pathlib import Path

import pytest

from app.remember import remember_server
from app.settings import load_settings
from services.provider import Provider, Secret

SERVER = Provider(
    id="local",
    name="127.0.0.1:4000",
    base_url="http://127.0.0.1:4000/v1",
    wire="chat",
    key=Secret("sk-never-written"),
)


@pytest.mark.parametrize("known", ["", 'theme = "light"\n[keys]\nflavor = "modern"'])
def test_a_server_is_kept_beside_what_stands_there(tmp_path: Path, known: str) -> None:
    path = tmp_path / "new" / "config.toml"
    if known:
        path.parent.mkdir()
        path.write_text(known)
    assert remember_server(SERVER, path) == f"The server is kept in {path}"
    settings = load_settings({}, {"FOREDECK_CONFIG": str(path), "FOREDECK_HOME": str(tmp_path)})
    assert settings.problems == ()
    assert settings.provider == "local"
    assert settings.providers["local"] == {"base_url": SERVER.base_url, "wire_api": "chat"}
    assert settings.theme == ("light" if known else "auto")
    assert "sk-never-written" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("known", ['provider = "work"\n', "[providers.local]\n", "= broken"])
def test_what_the_user_wrote_is_never_changed(tmp_path: Path, known: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(known)
    assert "is left as it is" in remember_server(SERVER, path)
    assert path.read_text() == known


def test_a_folder_that_cannot_be_made_is_said() -> None:
    words = remember_server(SERVER, Path("/proc/none/config.toml"))
    assert words.startswith("The server is not kept: ")
