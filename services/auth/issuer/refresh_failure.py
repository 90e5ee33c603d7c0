"""Which failures of a refresh are final, and how they are told. Facts: docs/protocols/auth.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.auth.issuer.posting import Answer
from services.auth.issuer.refusal import code_of, refusal
from services.errors import ServiceError
from services.models.failure import FailureKind
from services.provider import Secret

Reason = Literal["expired", "exhausted", "revoked", "other"]


class RefreshFailedError(ServiceError):
    """The tokens could not be renewed.

    Args:
        message: The cause.
        is_permanent: Whether the same refresh token can only fail again.
        reason: How its life ended; `other` for all that is transient.
        next_step: What the user can do.
        kind: What the cause is to the user; credentials where it is permanent.
        status: HTTP status, where there was one.
        request_id: For support.
        retry_at: When the issuer wants to be asked again, in Unix seconds.
        code: The issuer's own, or that of the transport.
    """

    def __init__(
        self,
        message: str,
        *,
        is_permanent: bool,
        reason: Reason = "other",
        next_step: str = "",
        kind: FailureKind = FailureKind.REFUSED,
        status: int | None = None,
        request_id: str | None = None,
        retry_at: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(
            message,
            next_step=next_step,
            status=status,
            request_id=request_id,
            retry_at=retry_at,
            code=code,
        )
        self.is_permanent = is_permanent
        self.reason: Reason = reason
        self.kind = FailureKind.CREDENTIALS if is_permanent else kind


@dataclass(frozen=True, slots=True)
class _End:
    """One way in which a refresh token's life ends."""

    reason: Reason
    message: str


_AT_ANY_STATUS: Final[Mapping[str, _End]] = {
    "refresh_token_expired": _End("expired", "The sign-in has expired"),
    "refresh_token_reused": _End(
        "exhausted", "The sign-in was renewed elsewhere, and this copy of it is spent"
    ),
    "refresh_token_invalidated": _End("revoked", "The sign-in was ended elsewhere"),
}
_AT_400_OR_401: Final[Mapping[str, _End]] = {
    "app_session_expired": _End("other", "The sign-in has expired"),
    "app_session_terminated": _End("other", "The sign-in was ended elsewhere"),
    "invalid_refresh_token": _End("other", "The issuer does not know this sign-in any more"),
    "invalid_grant": _End("other", "The issuer does not accept this sign-in any more"),
}


def from_answer(answer: Answer, now: float, secrets: tuple[Secret, ...]) -> RefreshFailedError:
    """Classify an answer that is not 2xx.

    Args:
        answer: The refusal.
        now: Unix seconds.
        secrets: What was sent, and may come back in the answer's words.
    """
    code = code_of(answer)
    error = refusal(answer, now, secrets)
    end = _AT_ANY_STATUS.get(code)
    if end is None and answer.status in {400, 401}:
        end = _AT_400_OR_401.get(code)
    if end is None and answer.status == 401:
        end = _End("other", error.message)
    if end is None:
        return transient(error)
    return RefreshFailedError(
        end.message,
        next_step="Sign in again",
        is_permanent=True,
        reason=end.reason,
        status=answer.status,
        request_id=error.request_id,
        code=code or None,
    )


def transient(error: ServiceError) -> RefreshFailedError:
    """The same failure as one of a refresh that may be tried again later."""
    return RefreshFailedError(
        f"The sign-in could not be renewed: {error.message}",
        next_step="Try again later" if error.next_step == "Sign in again" else error.next_step,
        is_permanent=False,
        kind=error.kind,
        status=error.status,
        request_id=error.request_id,
        retry_at=error.retry_at,
        code=error.code,
    )


def unusable(message: str) -> RefreshFailedError:
    """What is stored cannot be sent at all."""
    return RefreshFailedError(
        message, next_step="Sign in again", is_permanent=True, code="refresh_token"
    )
