"""A terminal that may go away in the middle of work: an SSH connection that breaks."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, ClassVar, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.scrollbar import ScrollBarRender

if TYPE_CHECKING:
    from textual.app import App


class HungUp(Message):
    """Posted when there is nobody at the terminal any more."""


class LastingDriver(LinuxDriver):
    """Draws into nothing once the terminal is gone.

    Textual's own output thread ends at the first failing write, and whoever writes after that waits for it for
    ever; its input thread ends the app at once, whatever is at work.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast("io.TextIOWrapper[Any]", _LastingOutput(self._file))

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:
            self._app.post_message(HungUp())


class _LastingOutput(io.TextIOBase):
    """A stream to the terminal; when that fails its file descriptor becomes /dev/null, for everybody who uses it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._let_go()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._let_go()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def _let_go(self) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class WholeCells(ScrollBarRender):
    """Scroll bars of whole cells: the parts of a cell are missing in the font of a Linux console."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8
