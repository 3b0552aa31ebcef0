"""Waiting for a condition, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_SECONDS = 30.0
_BETWEEN = 0.01


def until(condition: Callable[[], object], what: str, *, meanwhile: Callable[[], object] = bool) -> None:
    """Return once the condition holds; fail, saying what was waited for, where it never does."""
    pause = threading.Event()
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        meanwhile()
        pause.wait(_BETWEEN)
