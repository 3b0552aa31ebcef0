"""Messages kept in a file of their own, so that they can be read and passed on without the app."""

from __future__ import annotations

from pathlib import Path

from core.context import Context
from core.errors import GreenroomError

FOLDER = "messages"


def save_messages(context: Context, text: str) -> Path:
    """Given text, write it to a new private file in the state folder and return its path.

    Raise UsageError where greenroom is read-only, GreenroomError where it cannot be written.
    """
    context.require_writable("write messages to a file")
    folder = context.settings.state / FOLDER
    path = folder / f"messages_{context.clock():%Y%m%d_%H%M%S_%f}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        context.disk.replace_file(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise GreenroomError(
            f"cannot write {path}: {error.strerror}", hint="greenroom must be able to write into the state folder"
        ) from error
    return path
