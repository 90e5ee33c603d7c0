"""The ports to which a browser brings back a sign-in."""

from dataclasses import replace

from app.doctor.finding import Surroundings, Verdict, fine, skipped, warning
from services.auth.settings import AuthSettings


async def callback_ports(around: Surroundings) -> Verdict:
    """Which of them are free, and who holds the others."""
    from services.auth.flows.ports import CallbackPorts, PortTakenError

    auth = around.auth
    if not isinstance(auth, AuthSettings):
        return skipped("they are not known")
    provider = auth.provider
    free: list[str] = []
    taken: list[str] = []
    for port in provider.callback_ports:
        try:
            bound = await CallbackPorts().bind(
                replace(provider, callback_ports=(port,)), lambda: None
            )
        except PortTakenError as error:
            taken.append(error.message)
        else:
            free.append(str(port))
            for listening in bound.sockets:
                listening.close()
    found = "; ".join([*taken, f"free: {', '.join(free)}" if free else ""]).strip("; ")
    if free:
        return fine(found)
    return warning(found, "End what holds them, or sign in with foredeck login --device")
