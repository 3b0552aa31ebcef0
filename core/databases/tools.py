"""An engine's own tool as a child process: found, fed, read, and ended with all that it started."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import GreenroomError
from core.progress import Reporter

BLOCK_BYTES = 256 << 10

_MILLISECONDS_BETWEEN_LOOKS = 200
_SECONDS_TO_TELL_A_VERSION = 30
_SHOWN_OF_COMPLAINT = 2000
_VERSION = re.compile(r"\d+(?:\.\d+)+|\d+")


class ToolMissingError(GreenroomError):
    """A tool of the engine is not installed."""


class ToolFailedError(GreenroomError):
    """A tool ended badly; the message holds what it said on standard error."""


@dataclass(frozen=True, slots=True)
class Command:
    """A tool with its words. Secrets are in `environment` or in a file behind `descriptors`, never in `words`.

    /proc/PID/environ and /proc/PID/fd are for the same user and root alone, as a file of mode 0600 would be; unlike
    one they are gone with the process.
    """

    words: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Collection[int] = ()


def find_tool(names: Sequence[str], folder: Path | None, package: str) -> Path:
    """Return the first of the tools that is in `folder`, or where that is None, on the PATH.

    Raise ToolMissingError with the package that has it.
    """
    for name in names:
        found = shutil.which(name, path=None if folder is None else str(folder))
        if found is not None:
            return Path(found)
    where = "on the PATH" if folder is None else f"in {folder}"
    raise ToolMissingError(
        f"{' or '.join(names)} is not {where}",
        hint=f"install it, for example with `apt install {package}`, or name the folder that has it",
    )


def version_of(tool: Path, pattern: str) -> str:
    """Return the version that a tool tells, the first group of `pattern`; raise ToolFailedError where it tells none."""
    try:
        output = subprocess.run(  # noqa: S603 - found by find_tool
            [tool, "--version"],
            capture_output=True,
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS_TO_TELL_A_VERSION,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolFailedError(f"{tool} --version failed: {error}", hint="check that it runs by hand") from error
    found = re.search(pattern, output)
    if found is None:
        raise ToolFailedError(f"{tool} tells no version: {output[:80]!r}", hint="check that it is the engine's own")
    return found[1]


def version_numbers(version: str) -> tuple[int, ...]:
    """Given a version as an engine or a tool tells it, return its leading numbers: (10, 11, 6)."""
    found = _VERSION.search(version)
    return tuple(map(int, found[0].split("."))) if found else ()


def read_tool(command: Command, reporter: Reporter) -> Iterator[bytes]:
    """Yield what a tool prints, in blocks, while it runs; at the end raise ToolFailedError where it ended badly.

    Closing the generator ends the tool, and so does a request to stop, by CancelledError.
    """
    with _running(command, stdout=subprocess.PIPE) as child:
        output = _pipe(child.process.stdout)
        while True:
            _wait_until(output, select.POLLIN, reporter)
            block = os.read(output, BLOCK_BYTES)
            if not block:
                break
            yield block
        child.finish(reporter)


def feed_tool(command: Command, blocks: Iterable[bytes], reporter: Reporter) -> None:
    """Give a tool blocks to read and wait for its end; raise ToolFailedError where that is bad, or CancelledError.

    What `blocks` raises ends the tool, and is raised.
    """
    with _running(command, stdin=subprocess.PIPE) as child:
        took_all = _write_all(_pipe(child.process.stdin), blocks, reporter)
        child.close_input()
        child.finish(reporter)
        if not took_all:
            raise _did_not_read(child)


@contextmanager
def fed_translated(
    translator: Command,
    reader: Command,
    before: bytes,
    blocks: Iterable[bytes],
    after: bytes,
    ready: bytes,
    reporter: Reporter,
) -> Iterator[Callable[[bytes], None]]:
    """Feed one tool's output to another: `before`, then what the first makes of `blocks`, then `after`.

    `after` makes the second print `ready`, and when it has, what gives it its last words is yielded: it waits for a
    good end, and cannot be cancelled. Where it is not called the second tool is ended without them.
    Raise ToolFailedError or CancelledError.
    """
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb", buffering=0) as source,
        os.fdopen(writing, "wb", buffering=0) as sink,
        _running(reader, stdin=reading, stdout=subprocess.PIPE) as second,
    ):
        source.close()
        os.set_blocking(writing, False)
        if _write_all(writing, [before], reporter):
            os.set_blocking(writing, True)  # the first tool shares the open pipe
            with _running(translator, stdin=subprocess.PIPE, stdout=writing) as first:
                _write_all(_pipe(first.process.stdin), blocks, reporter)
                first.close_input()
                if first.wait(reporter) != 0:
                    sink.close()
                    second.finish(reporter)  # it may be the one that failed first
                first.finish(reporter)
            os.set_blocking(writing, False)
            _write_all(writing, [after], reporter)
        _expect(second, ready, reporter)

        def end(last: bytes) -> None:
            took_all = _write_all(writing, [last], Reporter())
            sink.close()
            second.finish(Reporter())
            if not took_all:
                raise _did_not_read(second)

        yield end


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    complaint: IO[bytes]

    def close_input(self) -> None:
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()

    def wait(self, reporter: Reporter) -> int:
        while True:
            reporter.check()
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(_MILLISECONDS_BETWEEN_LOOKS / 1000)

    def finish(self, reporter: Reporter) -> None:
        status = self.wait(reporter)
        if status == 0:
            return
        how = f"was ended by signal {-status}" if status < 0 else f"failed with exit status {status}"
        said = self.said()
        raise ToolFailedError(f"{self.name} {how}" + (f": {said}" if said else ""), hint="see the message of the tool")

    def said(self) -> str:
        """The end of what it wrote on standard error, for that is where the reason stands."""
        size = self.complaint.seek(0, os.SEEK_END)
        self.complaint.seek(max(0, size - _SHOWN_OF_COMPLAINT))
        text = " ".join(self.complaint.read().decode(errors="replace").split())
        return "".join(letter if letter.isprintable() else "?" for letter in text)


@contextmanager
def _running(command: Command, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL) -> Iterator[_Child]:
    """Run a tool in a process group of its own, which is gone when the block ends."""
    with tempfile.TemporaryFile() as complaint:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the tool was found by find_tool
            list(command.words),
            stdin=stdin,
            stdout=stdout,
            stderr=complaint,
            env={**os.environ, **command.environment, "LC_ALL": "C", "LANGUAGE": ""},
            pass_fds=tuple(command.descriptors),
            start_new_session=True,
            cwd="/",
        )
        try:
            yield _Child(Path(command.words[0]).name, process, complaint)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.wait()


def _expect(child: _Child, word: bytes, reporter: Reporter) -> None:
    """Read what a tool prints until that is a word; raise ToolFailedError where it ends without it."""
    output = _pipe(child.process.stdout)
    printed = b""
    while word not in printed:
        _wait_until(output, select.POLLIN, reporter)
        block = os.read(output, BLOCK_BYTES)
        if not block:
            child.finish(reporter)
            raise _did_not_read(child)
        printed = printed[-len(word) :] + block


def _did_not_read(child: _Child) -> ToolFailedError:
    return ToolFailedError(f"{child.name} did not read to the end", hint="look at what it says when run by hand")


def _pipe(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError("the tool was started without this pipe")
    os.set_blocking(pipe.fileno(), False)
    return pipe.fileno()


def _write_all(pipe: int, blocks: Iterable[bytes], reporter: Reporter) -> bool:
    """Write to a pipe that does not block; return False where nobody reads it any more."""
    for block in blocks:
        rest = memoryview(block)
        while rest:
            _wait_until(pipe, select.POLLOUT, reporter)
            try:
                rest = rest[os.write(pipe, rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return False
    return True


def _wait_until(pipe: int, event: int, reporter: Reporter) -> None:
    poll = select.poll()
    poll.register(pipe, event)
    reporter.check()
    while not poll.poll(_MILLISECONDS_BETWEEN_LOOKS):
        reporter.check()
