"""The demo: signed in with its simulator, and with nothing of the user's."""

import os
from pathlib import Path

from app.demo import open_demo
from app.settings import load_settings
from services.models.account import AccountMode


async def test_the_demo_has_a_login_of_its_own_and_leaves_the_users_alone(tmp_path: Path) -> None:
    codex = tmp_path / "codex"
    codex.mkdir()
    mine = '{"auth_mode": "apikey", "OPENAI_API_KEY": "sk-mine"}'
    (codex / "auth.json").write_text(mine)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CODEX_HOME": str(codex)}
    async with open_demo(load_settings({}, environ), environ) as services:
        assert services.provider.base_url.startswith("http://127.0.0.1:")
        assert services.account.mode is AccountMode.CHATGPT
        assert await services.catalogue.models()
        assert services.open_auth is not None
        async with services.open_auth() as auth:
            place = Path(auth.account.place)
            assert auth.account.email
            assert not place.is_relative_to(tmp_path)
            assert (await auth.logout()).is_revoked is True
    assert not place.parent.exists()
    assert (codex / "auth.json").read_text() == mine
    assert sorted(path.name for path in codex.iterdir()) == ["auth.json"]
