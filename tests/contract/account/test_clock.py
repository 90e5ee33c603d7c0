"""A clock that is wrong, noticed by the way."""

import pytest

from tests.contract.account.conftest import Home


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(3600, "60 minutes behind"), (-600, "10 minutes ahead of"), (200, None)],
)
async def test_e14_a_clock_that_is_wrong_is_said(home: Home, ahead: int, words: str | None) -> None:
    home.plant()
    home.sim.auth.clock.advance(ahead)
    async with home.open() as desk:
        assert await desk.ask()
        notices = desk.auth.account.notices
    assert [words in notice for notice in notices if words] == ([True] if words else [])
    assert len(notices) == (1 if words else 0)
