"""Alerts of the running app, with limits that the server tells."""

from dataclasses import replace

from tests.app.signing_in import World
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture


async def test_quiet_hours_keep_an_alert_for_later_and_it_is_told_once(world: World) -> None:
    world.put(world.sim.issue())
    world.sim.limits.set(
        windows=[
            {"slot": "primary", "used_percent": 91, "per_hour": 0},
            {"slot": "secondary", "used_percent": 5, "per_hour": 0},
        ]
    )
    loud = world.settings
    told: list[list[str]] = []
    for settings in (replace(loud, limits_quiet_hours="00:00-00:00"), loud, loud):
        world.settings = settings
        async with world.chatting() as deck:
            services = deck.shell._services
            assert services is not None
            limits = services.limits
            await deck.until(lambda of=limits: of.state.windows, "no limits")
            await deck.until(lambda of=limits: of._alerting._heard, "no look at them")
            if settings is loud and not any(told):
                await deck.until(lambda d=deck: d.notices(), "no alert")
            told.append([words.split(",")[0] for words in deck.notices()])
    assert told == [[], ["5h: 9 % left"], []]
