"""The one tree of errors that leaves `services`.

Nothing of httpx, pydantic, sqlite3 or json passes this boundary: it is mapped here, always with
`raise ... from error`. `str(error)` is one clean line for the user and holds no secret.
"""

from collections.abc import Mapping

from services.models.failure import Failure, FailureKind


class ServiceError(Exception):
    """Something a service was asked for could not be done."""

    kind = FailureKind.REFUSED

    def __init__(
        self,
        message: str,
        *,
        next_step: str = "",
        status: int | None = None,
        request_id: str | None = None,
        retry_at: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.status = status
        self.request_id = request_id
        self.retry_at = retry_at
        self.code = code

    @property
    def failure(self) -> Failure:
        """The same as a value for widgets and scripts."""
        return Failure(
            kind=self.kind,
            message=self.message,
            next_step=self.next_step,
            status=self.status,
            request_id=self.request_id,
            retry_at=self.retry_at,
            code=self.code,
        )


class UnreachableError(ServiceError):
    """No answer, or an answer that broke off. Reads and chat turns may be sent again."""

    kind = FailureKind.UNREACHABLE


class RefusedError(ServiceError):
    """The server answered, and the answer is no."""

    headers: Mapping[str, str] = {}
    """Of that answer, those that begin with `x-`, in lower case: some say how full limits are."""


class LoginError(RefusedError):
    """401 or 403: the server does not accept who we are."""

    kind = FailureKind.CREDENTIALS


class RateLimitedError(RefusedError):
    """429, or a limit named inside a stream; `retry_at` says when, if the server did."""

    kind = FailureKind.RATE_LIMITED


class NotFoundError(RefusedError):
    """404, or an id that nothing here answers to."""

    kind = FailureKind.NOT_FOUND


class BadPayloadError(ServiceError):
    """The server answered with something that cannot be read. Never retried."""

    kind = FailureKind.BAD_PAYLOAD


class CredentialsError(ServiceError):
    """Our own credentials are missing or unusable, before anything was sent."""

    kind = FailureKind.CREDENTIALS


class StorageError(ServiceError):
    """The disk said no: full, read-only, or a file that cannot be read."""

    kind = FailureKind.STORAGE


class UsageError(ServiceError):
    """What was asked for makes no sense: a wrong argument or configuration."""

    kind = FailureKind.USAGE
