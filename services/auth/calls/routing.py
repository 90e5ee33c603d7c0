"""Where the workspace of an account lives. Wire format and rules: docs/protocols/auth.md."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

import httpx

from services.auth.calls.origins import read_url
from services.auth.provider import SignInProvider
from services.clean import clean_line
from services.clock import Clock
from services.errors import BadPayloadError, RefusedError, ServiceError, UnreachableError
from services.transport.http import read_json
from services.transport.signing import Signer
from services.wire.reading import JsonObject, as_list, as_object, as_text

TIMEOUT: Final = 15.0
"""Seconds for one question."""
FRESH: Final = 3600.0
"""Seconds for which an answer counts."""
AGAIN: Final = 300.0
"""Seconds after a refusal until the question is asked again."""
SOON: Final = 30.0
"""Seconds until it is asked again where nothing was reached."""
ANSWER_LIMIT: Final = 1024 * 1024
"""Bytes of the answer."""
OVERRIDES: Final = frozenset({"us", "us_cr"})
UNCONSTRAINED: Final = "NO_CONSTRAINT"
_ENTRIES: Final = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where calls of an account go, and what they say about it."""

    origin: str | None = None
    """`https://host` instead of that of the configured base, whose path is kept; None for as it is
    configured."""
    override: str | None = None
    """Value of `x-openai-account-routing-override`; None for no such header."""
    warning: str = ""
    """Why the usual route is taken although the answer says something else, or says nothing."""

    @property
    def is_constrained(self) -> bool:
        """Whether the workspace has to be reached in a certain way."""
        return self.origin is not None or self.override is not None


NO_ROUTE: Final = Route()
"""As configured, with nothing to say."""


class Router:
    """Asks once for each account where its workspace lives, and remembers the answer in memory.

    It never sees a token: whoever asks hands in what signs the question.

    Args:
        http: From `create_client`.
        provider: Where it is asked, and which servers may be named in the answer.
        clock: Says when an answer is too old.
    """

    def __init__(self, http: httpx.AsyncClient, provider: SignInProvider, clock: Clock) -> None:
        self._http = http
        self._provider = provider
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def route(
        self,
        account_id: str | None,
        signer: Callable[[], Signer],
        *,
        is_constrained: bool = False,
    ) -> Route:
        """The route of an account, asked for if it is not known.

        After a failure the last known route counts, and some minutes pass before the next
        question.

        Args:
            account_id: The workspace; None has no route of its own.
            signer: Makes what signs the question. Its signatures must not ask for a route.
            is_constrained: Whether the account is known to need a route (FedRAMP), so that its
                calls may not go the usual way for want of an answer.

        Raises:
            ServiceError: The question cannot be signed, or there is no answer for an account that
                needs one.
        """
        if account_id is None or not self._provider.routes_path:
            return NO_ROUTE
        async with self._asking.setdefault(account_id, asyncio.Lock()):
            known = self._known.get(account_id)
            if known is None or self._clock.monotonic() >= known.until:
                known = await self._ask(account_id, signer(), known)
                self._known[account_id] = known
            if known.failure is None or known.route.is_constrained or not is_constrained:
                return known.route
            # Nothing can be done until this is answered, so the next try asks at once.
            del self._known[account_id]
            raise _unknown(known.failure) from known.failure

    def forget(self) -> None:
        """Ask anew: somebody signed in or switched the account."""
        self._known.clear()

    async def _ask(self, account_id: str, signer: Signer, last: "_Known | None") -> "_Known":
        where = f"{self._provider.chatgpt_base_url}{self._provider.routes_path}"
        request = self._http.build_request("GET", where)
        # The question's limit is no limit for a login that has to be renewed first, and what
        # cannot be signed is no answer to remember.
        await signer.sign(request.url)
        try:
            document, _ = await read_json(
                self._http,
                request,
                identity=signer.identity,
                clock=self._clock,
                timeout=TIMEOUT,
                limit=ANSWER_LIMIT,
                signer=signer,
            )
            route = read_route(document, account_id, self._provider)
        except ServiceError as error:
            _log.warning("the route of the workspace is not known: %s", error.code)
            route = Route(
                origin=last.route.origin if last else None,
                override=last.route.override if last else None,
                warning=f"It is not known where the workspace lives: {error.message}",
            )
            wait = SOON if isinstance(error, UnreachableError) else AGAIN
            return _Known(route, self._clock.monotonic() + wait, error)
        if route.warning:
            _log.warning("the usual route is taken: %s", route.warning)
        return _Known(route, self._clock.monotonic() + FRESH, None)


@dataclass(frozen=True, slots=True)
class _Known:
    route: Route
    until: float
    """Monotonic seconds."""
    failure: ServiceError | None


def _unknown(error: ServiceError) -> ServiceError:
    """The same failure, in the words of what it prevents."""
    kind = UnreachableError if isinstance(error, UnreachableError) else RefusedError
    return kind(
        f"This workspace needs a route of its own, which is not known: {error.message}",
        next_step=error.next_step,
        status=error.status,
        request_id=error.request_id,
        retry_at=error.retry_at,
        code=error.code,
    )


def read_route(document: object, account_id: str, provider: SignInProvider) -> Route:
    """What the answer says of one account.

    Only the provider's own origins are obeyed, and none at all where the user configured another
    base: that one is meant.

    Args:
        document: The parsed answer; `accounts` is a list, or an object by id.
        account_id: The workspace that calls are made for.
        provider: Its base as it is configured, and its hosts.

    Raises:
        BadPayloadError: It is no such answer.
    """
    accounts = as_object(document).get("accounts")
    if not isinstance(accounts, list | dict):
        raise BadPayloadError("The list of workspaces cannot be read", code="routing")
    entries = _entries(cast("object", accounts))
    found = {(entry.origin, entry.override) for entry in entries if entry.id == account_id}
    if not found:
        return Route(warning="The server does not list this workspace; the usual route is taken")
    if len(found) > 1:
        return Route(
            warning="The server names two routes to this workspace; the usual one is taken"
        )
    origin, override = found.pop()
    if override not in {*OVERRIDES, UNCONSTRAINED}:
        return Route(
            warning="The server names no route to this workspace that is known here;"
            " the usual one is taken"
        )
    try:
        usable = _origin(origin, provider)
    except _RefusedOriginError as refused:
        return Route(warning=f"{refused}; the usual route is taken")
    return Route(origin=usable, override=None if override == UNCONSTRAINED else override)


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str | None
    origin: str | None
    override: str | None


def _entries(accounts: object) -> Iterator[_Entry]:
    for each in as_list(accounts)[:_ENTRIES]:
        yield _entry(as_object(each), None)
    for key, each in list(as_object(accounts).items())[:_ENTRIES]:
        outer = as_object(each)
        yield _entry({**outer, **as_object(outer.get("account"))}, key)


def _entry(members: JsonObject, key: str | None) -> _Entry:
    return _Entry(
        as_text(members.get("id")) or as_text(members.get("account_id")) or key,
        as_text(members.get("workspace_backend_origin")),
        as_text(members.get("account_routing_override")),
    )


class _RefusedOriginError(Exception):
    """An origin that is not obeyed; says which and why."""


def _origin(text: str | None, provider: SignInProvider) -> str | None:
    """The origin that replaces the configured one, or None for that one.

    Raises:
        _RefusedOriginError: It is missing, no origin, or not one of the provider's.
    """
    if text == UNCONSTRAINED:
        return None
    if text is None:
        message = "The server names no address for this workspace"
        raise _RefusedOriginError(message)
    base = read_url(provider.chatgpt_base_url)
    found = read_url(text)
    if found is None or found[1]:
        message = "The server names an address for this workspace that is none"
        raise _RefusedOriginError(message)
    origin = found[0]
    if base is not None and origin == base[0]:
        return None
    if origin.scheme != "https" or origin.port != 443 or not provider.owns(origin.host):
        message = (
            f"The server sends this workspace to {clean_line(origin.place, 100)},"
            f" which is not {provider.name}'s"
        )
        raise _RefusedOriginError(message)
    if base is not None and not provider.owns(base[0].host):
        return None
    return str(origin)
