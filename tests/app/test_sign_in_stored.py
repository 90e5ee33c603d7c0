"""Signing in where something is stored already that cannot be used, or is locked."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.signing_in import World, said, screen_of, signing_in, started, until_screen
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture

KEPT = "It is kept under another name when you sign in."


@contextmanager
def held(path: Path) -> Generator[None]:
    """Another program holds this lock."""
    with path.open("a") as file:
        path.chmod(0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def spoil(world: World) -> None:
    """Have something stored that nobody can read."""
    world.file.write_text("{not json")
    world.file.chmod(0o600)


async def test_what_cannot_be_used_is_told_with_what_becomes_of_it(world: World) -> None:
    spoil(world)
    async with signing_in(world) as deck:
        await deck.until(lambda: KEPT in said(deck))
        assert "▌ auth.json" in deck.text()
        (code,) = world.sim.auth.device.waiting()
        world.sim.auth.device.decide(code, "allow")
        await started(deck)
    kept = [path for path in world.file.parent.iterdir() if path.read_text() == "{not json"]
    assert len(kept) == 1


async def test_a_screen_that_opens_since_it_cannot_be_used_says_it_once(world: World) -> None:
    spoil(world)
    world.sim.auth.policy.approve_at = None
    async with world.running() as deck:
        await until_screen(deck)
        await deck.until(lambda: KEPT in said(deck))
        assert said(deck).count("auth.json") == 1


async def test_nothing_is_promised_for_a_login_that_the_configuration_forbids(
    world: World,
) -> None:
    home = world.file.parent
    (home / "config.toml").write_text('forced_login_method = "chatgpt"\n')
    world.put({"auth_mode": "apikey", "OPENAI_API_KEY": world.sim.api_key})
    async with signing_in(world) as deck:
        await deck.until(lambda: "does not allow" in said(deck))
        assert KEPT not in said(deck)


@pytest.mark.parametrize("key", ["enter", "b"])
async def test_a_lock_that_another_program_holds_is_said_before_anybody_is_asked(
    world: World, key: str
) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome() as deck:
        with held(world.file.with_name("foredeck-auth.lock")):
            await deck.pilot.press("enter")
            screen = await until_screen(deck)
            if key == "b":
                await deck.pilot.press(key)
            await deck.until(lambda: "Another program holds the lock" in said(deck))
            assert "r try again" in said(deck)
            assert deck.shows("esc back")
        await deck.pilot.press("r")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        assert screen_of(deck) is screen
