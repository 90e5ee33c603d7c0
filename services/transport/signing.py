"""How a request gets its credentials: the one seam between transport and sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from services.errors import ServiceError
from services.transport.failures import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Where a request really goes, and the headers that say who we are there."""

    url: httpx.URL
    headers: Mapping[str, str] = field(repr=False)


class Signer(Protocol):
    """Signs the requests of one action of the user, and knows what to do after a 401.

    One is made for each action (a turn, a read), so that a 401 leads to one refresh at most.
    """

    @property
    def identity(self) -> Identity:
        """Whom the requests speak for, for messages."""
        ...

    async def sign(self, url: httpx.URL) -> Signed:
        """The credentials for one request.

        Raises:
            ServiceError: There are none, or they may not be sent there.
        """
        ...

    async def recover(self, error: ServiceError) -> bool:
        """Whether the request is worth another try after this refusal, with another signature.

        Raises:
            ServiceError: It is not, and this says better why than the refusal does.
        """
        ...

    def received(self, response: httpx.Response) -> None:
        """Look at the headers of an answer (cookies of the guard in front of the server)."""
        ...
