"""What the service manager is told: systemd's notification protocol, one datagram a message."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

_SECONDS_TO_SEND = 1.0
_MICROSECONDS = 1_000_000


class Notifier:
    """Tells the manager that listens at `$NOTIFY_SOCKET`; without one it tells nobody."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # An abstract socket is written with an @ where its name has a NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._status = ""
        self.watchdog_seconds = _watchdog_seconds(environ) if address else None

    def ready(self, status: str) -> None:
        self._status = status
        self._send("READY=1", f"STATUS={_line(status)}")

    def status(self, status: str) -> None:
        """Tell in a line how it stands; the same is not told again."""
        if status != self._status:
            self._status = status
            self._send(f"STATUS={_line(status)}")

    def reloading(self) -> None:
        """Tell that the configuration is read anew; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str) -> None:
        self._status = status
        self._send("STOPPING=1", f"STATUS={_line(status)}")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def extend(self, seconds: float) -> None:
        """Ask for that much more time for a start, or a stop, on its way."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * _MICROSECONDS)}")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(_SECONDS_TO_SEND)
                channel.sendto("\n".join(lines).encode(errors="replace"), self._address)
        except OSError:
            return  # a manager that is gone, or does not listen, stops no backup


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """How long the manager waits for a sign of life, or None where it does not ask this process for one."""
    span, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not span.isdecimal() or int(span) == 0 or (process and process != str(os.getpid())):
        return None
    return int(span) / _MICROSECONDS


def _line(text: str) -> str:
    """A line break would begin another message."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
