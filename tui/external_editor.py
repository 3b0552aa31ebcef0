"""A text in the editor that a person is used to: $VISUAL or $EDITOR, in a private file that is gone afterwards."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.documents import MOST_CHARACTERS
from core.errors import GreenroomError, UsageError

_FALLBACKS = ("sensible-editor", "nano", "vi")


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """Return the words of the command that starts the editor; raise UsageError where they cannot be read."""
    for name in ("VISUAL", "EDITOR"):
        set_to = environment.get(name, "").strip()
        if set_to:
            try:
                return shlex.split(set_to)
            except ValueError as error:
                raise UsageError(
                    f"${name} cannot be read: {error}", hint=f"it is {set_to!r}; mend its quotes"
                ) from error
    return [next((name for name in _FALLBACKS if _is_there(name, environment)), "vi")]


def edited(text: str, command: Sequence[str], name: str) -> str:
    """Open a text in an editor and return it as it was saved there.

    Raise GreenroomError where the editor is missing, failed, or left what is no text; the file is gone in any case.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:  # for its owner alone, as all that is in it
            file = Path(folder) / name
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass", newline="") as opened:
                opened.write(text)
            with _deaf_to_ctrl_c():
                _run([*command, str(file)])
            return _taken(file)
    except OSError as error:
        raise GreenroomError(
            f"the file for the editor cannot be written or read: {error.strerror}", hint="the text here is as it was"
        ) from error


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """ctrl+c goes to all programs of a terminal, and means the editor. A handler, unlike "ignore", is not handed on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(words: Sequence[str]) -> None:
    shown = shlex.join(words[:-1])
    try:
        ended = subprocess.run(words, check=False)  # noqa: S603 (the user's own editor)
    except OSError as error:
        raise GreenroomError(
            f"the editor {shown} cannot be started: {error.strerror}",
            hint="set VISUAL or EDITOR to one that is there, then start greenroom again; the text is as it was",
        ) from error
    if ended.returncode != 0:
        raise GreenroomError(
            f"the editor {shown} failed: it ended with {ended.returncode}",
            hint="nothing was taken over; the text is as it was",
        )


def _taken(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_CHARACTERS * 4:
            raise GreenroomError("the editor left a text that is too long", hint="the text here is as it was")
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise GreenroomError("the editor took its file away", hint="the text here is as it was") from error
    except UnicodeDecodeError as error:
        raise GreenroomError(
            "what the editor left is not UTF-8", hint="save it as UTF-8; the text here is as it was"
        ) from error


def _is_there(name: str, environment: Mapping[str, str]) -> bool:
    return any(os.access(Path(folder) / name, os.X_OK) for folder in environment.get("PATH", "").split(os.pathsep))
