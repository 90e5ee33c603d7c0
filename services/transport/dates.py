"""What the `date` header of an answer says of this machine's clock."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from services.transport.failures import clamp_time


def server_time(headers: Mapping[str, str]) -> float | None:
    """Unix seconds at the server; None where it does not say, or says nonsense.

    Args:
        headers: Names in lower case, or a mapping that ignores case.
    """
    try:
        return clamp_time(parsedate_to_datetime(headers.get("date", "")[:100]).timestamp())
    except (ValueError, OverflowError, TypeError):
        return None
