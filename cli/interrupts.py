"""SIGINT, SIGTERM and SIGHUP: the verb at work ends in good order; where none is at work the command just ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from core.progress import CancelToken

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object] | int | None


class Interrupts:
    """Turns the signals that ask a process to end into a request to the verb at work."""

    def __init__(self) -> None:
        self._token: CancelToken | None = None
        self._before: dict[signal.Signals, _Handler] = {}

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Catch the signals for the block; one that the caller ignores, as nohup does, stays ignored."""
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN:
                self._before[number] = handler
                signal.signal(number, self._handle)
        try:
            yield
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    @contextmanager
    def released(self) -> Iterator[None]:
        """For the block the signals do what they did before: the app has handlers of its own."""
        with ExitStack() as again:
            for number, handler in self._before.items():
                signal.signal(number, handler)
                again.callback(signal.signal, number, self._handle)
            yield

    @contextmanager
    def deferred(self) -> Iterator[CancelToken]:
        """For the block a signal only cancels the token, which the verb looks at where it can stop."""
        token = CancelToken()
        self._token = token
        try:
            yield token
        finally:
            self._token = None

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._token is None:
            raise KeyboardInterrupt
        self._token.cancel(f"cancelled by {signal.Signals(number).name}")
