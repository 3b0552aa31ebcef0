"""`greenroom --daemon` in a process of its own, its log, and a service manager that listens to it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import GREENROOM, House, clean_environment
from tests.core.runner.waiting import until


class Started:
    """A daemon at work; `log` and `errors` are what it has written so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        self.errors: list[str] = []
        self.readers = [
            threading.Thread(target=self._read, args=(process.stdout, self.log)),
            threading.Thread(target=self._read, args=(process.stderr, self.errors)),
        ]
        for reader in self.readers:
            reader.start()

    def until_told(self, event: str, times: int = 1) -> str:
        """Wait until an event was logged that many times; return its last line."""
        until(lambda: len(self.told(event)) >= times, f"{event} in {self.log} {self.errors}")
        return self.told(event)[-1]

    def told(self, event: str) -> list[str]:
        return [line for line in self.log if f"event={event}" in line.split() or f'"event": "{event}"' in line]

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        self.send(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(30)
        for reader in self.readers:
            reader.join()
        return code

    @staticmethod
    def _read(stream: Iterator[str], kept: list[str]) -> None:
        kept.extend(stream)


@contextmanager
def daemon(house: House, *words: str, python: tuple[str, ...] = (), **environ: str) -> Iterator[Started]:
    """Start the daemon of a house; what is left of it at the end of the block is killed."""
    command = [sys.executable, *python, GREENROOM, "--config", house.config, "--daemon", *words]
    with subprocess.Popen(
        command,
        env={**clean_environment(), **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        started = Started(process)
        try:
            yield started
        finally:
            process.kill()
            started.ended()


class Manager:
    """A service manager: keeps every message that is sent to its socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.messages: list[list[str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def until_told(self, line: str, times: int = 1) -> None:
        until(lambda: len(self.told(line)) >= times, f"{line} in {self.messages}")

    def told(self, beginning: str) -> list[str]:
        """Return the lines that begin so, in the order in which they came."""
        return [line for message in list(self.messages) for line in message if line.startswith(beginning)]

    def close(self) -> None:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with end:
            end.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while message := self._socket.recv(65536):
            self.messages.append(message.decode().split("\n"))


@contextmanager
def manager(folder: Path, *, abstract: bool = False) -> Iterator[Manager]:
    listening = Manager(f"@greenroom-test-{os.getpid()}" if abstract else str(folder / "notify"))
    try:
        yield listening
    finally:
        listening.close()
