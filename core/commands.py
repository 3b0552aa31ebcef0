"""Runs a command that the configuration names, without a shell, for a bounded time, and takes what it prints."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import GreenroomError

_MAX_OUTPUT = 64 * 1024
_SHOWN_OF_STDERR = 400
_BY_HAND = "check that the command works by hand, as this user and in the folder of greenroom.toml"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed, as far as it is kept: the first 64 KiB of each."""

    status: int
    output: bytes
    complaint: bytes

    def said(self) -> str:
        """Return what it said on standard error, on one line that may be printed."""
        return _readable(self.complaint)


def split_command(text: str) -> list[str]:
    """Given a command as in a shell, return its words; raise ValueError where there are none or a quote stays open."""
    words = shlex.split(text)
    if not words or not words[0]:
        raise ValueError("the command is empty")
    return words


def first_line_of(command: str, *, what: str, folder: Path, seconds: float = 10) -> str:
    """Given a command, run it in `folder` and return the first line of its output, without the line's end.

    Raise GreenroomError, in which `what` names the setting, where it cannot be started, takes longer than
    `seconds`, ends with another status than 0, or prints nothing. The message holds what it said on standard
    error, but neither the command nor its output: both can hold a secret.
    """
    try:
        words = split_command(command)
    except ValueError as error:
        raise GreenroomError(f"{what} cannot be run: {error}", hint=_BY_HAND) from error
    ended = run_command(words, what=what, folder=folder, seconds=seconds)
    if ended.status != 0:
        raise GreenroomError(f"{what} {describe_failure(ended)}", hint=_BY_HAND)
    return _first_line(ended.output, what)


def describe_failure(ended: Ended) -> str:
    """Return how a command failed, with what it said: "failed with exit status 3: no such host"."""
    said = ended.said()
    return f"failed with exit status {ended.status}" + (f": {said}" if said else "")


def run_command(
    words: Sequence[str],
    *,
    what: str,
    folder: Path,
    seconds: float,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command in `folder`, with `given` on its standard input; return how it ended.

    `environment` comes on top of this process'. When `seconds` are over it is killed with all that it started. Raise
    GreenroomError, in which `what` names the setting, where it cannot be started or takes longer; never quoting it.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell, and the configuration's owner was checked
            words,
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=None if environment is None else {**os.environ, **environment},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise GreenroomError(f"{what} cannot be run: {reason}", hint=_BY_HAND) from error
    with process:
        try:
            output, complaint = _exchange(process, given, what, time.monotonic() + seconds, seconds)
        finally:
            _end(process)
    return Ended(process.returncode, output, complaint)


def _exchange(
    process: subprocess.Popen[bytes], given: bytes, what: str, deadline: float, seconds: float
) -> tuple[bytes, bytes]:
    """Write and read until both outputs end and the process has ended, or time is up; nobody need read `given`."""
    kept = {pipe.fileno(): bytearray() for pipe in (process.stdout, process.stderr) if pipe is not None}
    rest = memoryview(given)
    with selectors.DefaultSelector() as selector:
        for descriptor in kept:
            selector.register(descriptor, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin.fileno(), selectors.EVENT_WRITE)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            ready = selector.select(remaining) if remaining > 0 else []
            if not ready:
                raise _too_slow(what, seconds)
            for key, _ in ready:
                if key.fd in kept:
                    _read_some(selector, key.fd, kept[key.fd])
                else:
                    rest = _write_some(selector, process, rest)
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise _too_slow(what, seconds) from error
    output, complaint = kept.values()
    return bytes(output), bytes(complaint)


def _read_some(selector: selectors.BaseSelector, pipe: int, kept: bytearray) -> None:
    block = os.read(pipe, 8192)
    if not block:
        selector.unregister(pipe)
    elif len(kept) < _MAX_OUTPUT:
        kept += block


def _write_some(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], rest: memoryview) -> memoryview:
    """Return what is left to write: nothing where nobody reads; the pipe is closed when nothing is left."""
    if process.stdin is None:
        return rest
    try:
        rest = rest[os.write(process.stdin.fileno(), rest) :]
    except BrokenPipeError:
        rest = rest[len(rest) :]
    if not rest:
        selector.unregister(process.stdin.fileno())
        process.stdin.close()
    return rest


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running that the command started; its own session is its own process group."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _first_line(output: bytes, what: str) -> str:
    line = output.split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise GreenroomError(
            f"{what} printed nothing that can be used",
            hint="it must print one line of UTF-8 text on standard output",
        )
    return text


def _readable(complaint: bytes) -> str:
    text = " ".join(complaint.decode(errors="replace").split())
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_SHOWN_OF_STDERR]


def _too_slow(what: str, seconds: float) -> GreenroomError:
    return GreenroomError(
        f"{what} did not end within {seconds:g} seconds and was stopped",
        hint="it must end by itself, without asking anything",
    )
