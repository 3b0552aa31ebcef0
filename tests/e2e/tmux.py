"""A terminal of tmux to run the app in, as a person does."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.documents import environment

SECONDS = 60.0
_MOST_BYTES = 1 << 16


class Terminal:
    """A shell in a terminal of a tmux server that is nobody else's."""

    def __init__(self, folder: Path, name: str, size: tuple[int, int] = (120, 40)) -> None:
        self._name = name
        self._environment = environment(folder)
        self._tmux(
            *("-f", os.devnull, "new-session", "-d", "-x", str(size[0]), "-y", str(size[1])),
            *("-c", str(folder), "exec sh"),
        )
        output = folder / f"{name}.fifo"
        os.mkfifo(output, 0o600)
        self._output: int | None = os.open(output, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._tmux("pipe-pane", f"cat > '{output}'")

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def run(self, command: str) -> None:
        self.type(command)
        self.press("Enter")

    def wait_for(self, *texts: str) -> str:
        """Return the screen once it shows all the texts."""
        return self._wait_until(lambda: self._tmux("capture-pane", "-p"), lambda screen: all(map(screen.count, texts)))

    def wait_for_focus(self, choice: str, *, gone: bool = False) -> None:
        """Return once that choice has the focus, or not any more: what is typed sooner goes to the one before."""
        focused = re.compile(rf"\x1b\[[\d;]*7m(?:\x1b\[[\d;]*m)* *\[ {choice} \]")
        self._wait_until(
            lambda: self._tmux("capture-pane", "-p", "-e"), lambda screen: bool(focused.search(screen)) != gone
        )

    def close(self) -> None:
        """Hang up on whatever runs in the terminal; a second time does nothing."""
        if self._output is not None:
            self._tmux("kill-server")
            os.close(self._output)
            self._output = None

    def _wait_until(self, look: Callable[[], str], found: Callable[[str], bool]) -> str:
        """Look again whenever the terminal got output, until a deadline."""
        deadline = time.monotonic() + SECONDS
        while not found(screen := look()):
            left = deadline - time.monotonic()
            assert left > 0, f"what was waited for did not appear:\n{screen}"
            assert self._output is not None
            if select.select([self._output], [], [], min(left, 1.0))[0]:
                os.read(self._output, _MOST_BYTES)
        return screen

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._name, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        return done.stdout
