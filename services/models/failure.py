"""What went wrong, as a value that widgets and scripts can show."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """The cause, as far as a user can act on it."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    CREDENTIALS = "credentials"
    RATE_LIMITED = "rate_limited"
    NOT_FOUND = "not_found"
    BAD_PAYLOAD = "bad_payload"
    STORAGE = "storage"
    USAGE = "usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure: cause, next step, and how support can find it."""

    kind: FailureKind
    message: str
    """The cause in one sentence: clean, without a secret, without a final full stop."""
    next_step: str
    """What the user can do now, one sentence without a final full stop; may be empty."""
    status: int | None = None
    """HTTP status, where there was one."""
    request_id: str | None = None
    retry_at: float | None = None
    """Unix seconds: when trying again makes sense, where the server said so."""
    code: str | None = None
    """The server's own code (`context_length_exceeded`, …), where it gave one."""

    @property
    def line(self) -> str:
        """Cause and next step as sentences, each with its own end."""
        return " ".join(as_sentence(each) for each in (self.message, self.next_step) if each)


def as_sentence(text: str) -> str:
    """Text with a full stop, unless it ends otherwise (`Sorry!`)."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
