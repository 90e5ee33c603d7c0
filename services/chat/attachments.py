"""Files that go with a message: looked at when they are chosen, read when they are sent."""

import asyncio
import base64
import mimetypes
from pathlib import Path
from typing import Any

from services.errors import UsageError
from services.models.chat import Attachment

MAX_IMAGE_BYTES = 20_000_000
MAX_TEXT_BYTES = 1_000_000
_IMAGE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def attach(path: str) -> Attachment:
    """Describe a file that is to be sent.

    Raises:
        UsageError: It is not there, is no regular file, or is too large.
    """
    file = Path(path).expanduser()
    try:
        if not file.is_file():
            raise UsageError(f"{path} is no file", next_step="Check the path")
        size = file.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    media_type = mimetypes.guess_type(file.name)[0] or "text/plain"
    limit = MAX_IMAGE_BYTES if media_type in _IMAGE_TYPES else MAX_TEXT_BYTES
    if size > limit:
        raise UsageError(
            f"{path} has {size:,} bytes and at most {limit:,} can be sent",
            next_step="Send a smaller part of it",
        )
    return Attachment(name=file.name, path=str(file.absolute()), media_type=media_type, size=size)


def is_image(attachment: Attachment) -> bool:
    """Whether it is sent as an image; everything else is sent as text."""
    return attachment.media_type in _IMAGE_TYPES


async def message(text: str, attachments: tuple[Attachment, ...]) -> dict[str, Any]:
    """The wire item of a user message: its files first, then what is asked about them.

    Raises:
        UsageError: A file cannot be read, or is neither text nor an image.
    """
    parts: list[dict[str, Any]] = []
    if attachments:
        parts += await asyncio.to_thread(lambda: [_part(each) for each in attachments])
    # A lone surrogate, from a broken paste or file name, cannot be encoded for sending.
    sendable = text.encode("utf-8", "replace").decode("utf-8")
    if sendable or not parts:
        parts.append({"type": "input_text", "text": sendable})
    return {"type": "message", "role": "user", "content": parts}


def _part(attachment: Attachment) -> dict[str, Any]:
    try:
        data = Path(attachment.path).read_bytes()
    except OSError as error:
        raise _unreadable(attachment.path, error) from error
    if is_image(attachment):
        encoded = base64.b64encode(data).decode("ascii")
        return {
            "type": "input_image",
            "image_url": f"data:{attachment.media_type};base64,{encoded}",
        }
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{attachment.path} is neither UTF-8 text nor a PNG, JPEG, GIF or WebP image",
            next_step="Send it as text",
        ) from error
    return {"type": "input_text", "text": f'<file name="{attachment.name}">\n{content}\n</file>'}


def _unreadable(path: str, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be read: {error.strerror}", next_step="Check the path")
