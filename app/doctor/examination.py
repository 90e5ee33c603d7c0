"""All checks, in the order in which they are told."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from app.children import CREDENTIALS
from app.doctor import accounts, keeping, machine, network, ports, session, terminal
from app.doctor.finding import Finding, Surroundings, Verdict, failed, skipped
from app.logs import secrets_of
from services.clean import clean_code, clean_line
from services.errors import ServiceError
from services.redact import redact

Look: TypeAlias = Callable[[Surroundings], Verdict | Awaitable[Verdict]]

LONGEST: Final = 400
"""Characters of a sentence."""
LOCAL: Final[tuple[tuple[str, str, Look], ...]] = (
    ("program", "program", machine.program),
    ("environment", "environment", machine.environment),
    ("configuration", "configuration", machine.configuration),
    ("folders", "folders", machine.folders),
    ("terminal", "terminal", terminal.terminal),
    ("colours", "colours", terminal.colours),
    ("size", "size", terminal.size),
    ("language", "language", terminal.language),
    ("multiplexer", "multiplexer", session.multiplexer),
    ("session", "session", session.session),
    ("clipboard", "clipboard", session.clipboard),
    ("sign_in", "sign-in", accounts.sign_in),
    ("codex", "Codex CLI", accounts.codex),
    ("auth_file", "auth.json", accounts.auth_file),
    ("account", "account", accounts.account),
    ("keyring", "keyring", keeping.keyring),
    ("locks", "locks", keeping.locks),
    ("callback_ports", "callback ports", ports.callback_ports),
    ("proxy", "proxy", network.proxy),
    ("certificates", "certificates", network.certificates),
)
"""Id, title and check of all that is found on this machine."""
SERVERS: Final = (
    ("issuer", "sign-in server"),
    ("chatgpt", "ChatGPT"),
    ("openai", "API"),
)
"""Id and title of the servers that are asked."""
CLOCK: Final = ("clock", "clock")


async def examine(around: Surroundings) -> list[Finding]:
    """Look at everything; what is slow is done at the same time."""
    asking = asyncio.ensure_future(_servers(around))
    try:
        verdicts = await asyncio.gather(*(_look(look, around) for _, _, look in LOCAL))
        outside = await asking
    finally:
        asking.cancel()
    names = [(id_, title) for id_, title, _ in LOCAL] + [*SERVERS, CLOCK]
    secrets = _secrets(around)
    return [
        _finding(id_, title, verdict, secrets)
        for (id_, title), verdict in zip(names, [*verdicts, *outside], strict=True)
    ]


async def _look(look: Look, around: Surroundings) -> Verdict:
    try:
        verdict = look(around)
        return await verdict if inspect.isawaitable(verdict) else verdict
    except ServiceError as error:
        return failed(error.message, error.next_step)
    except Exception as error:
        from app.crash import write_report

        report = write_report(error, around.settings.folders.state)
        return failed(report, "Report it as a bug of foredeck")


async def _servers(around: Surroundings) -> list[Verdict]:
    """Verdicts on the servers and the clock."""
    if around.is_offline:
        return [skipped("not asked, since --offline was given")] * (len(SERVERS) + 1)
    urls = accounts.server_urls(around)
    answers = await network.ask_servers(urls, around.environ)
    verdicts = [
        answers[id_].verdict if id_ in answers else skipped("its address is not known")
        for id_, _ in SERVERS
    ]
    return [*verdicts, network.clock(list(answers.values()))]


def _finding(id_: str, title: str, verdict: Verdict, secrets: tuple[str, ...]) -> Finding:
    return Finding(
        id=id_,
        title=title,
        state=verdict.state,
        found=_safe(verdict.found, secrets),
        next_step=_safe(verdict.next_step, secrets),
    )


def _safe(text: str, secrets: tuple[str, ...]) -> str:
    return clean_line(clean_code(redact(text, secrets)), LONGEST)


def _secrets(around: Surroundings) -> tuple[str, ...]:
    """Values that no sentence may hold, whatever a check does."""
    environ: Mapping[str, str] = around.environ
    named = [environ.get(name, "").strip() for name in CREDENTIALS]
    return (*secrets_of(around.settings, environ), *(value for value in named if value))
