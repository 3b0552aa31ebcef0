"""A terminal that may go away in the middle of work: an SSH connection that breaks."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TextIO, cast

from rich.cells import cell_len
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.scrollbar import ScrollBarRender

if TYPE_CHECKING:
    from textual.app import App


# Lines and blocks as a terminal draws them that knows no more than ASCII.
_LINES = str.maketrans(
    {
        **dict.fromkeys("\u2500\u2501\u2550\u2504\u2508\u254c\u2594\u2581", "-"),
        **dict.fromkeys("\u2502\u2503\u2551\u2506\u250a\u258e\u258f\u258a\u2590", "|"),
        **dict.fromkeys("\u250c\u2510\u2514\u2518\u251c\u2524\u252c\u2534\u253c\u256d\u256e\u256f\u2570", "+"),
        **dict.fromkeys("\u2022\u25cf\u25a0", "*"),
        "\u2026": ".",
        "\u2191": "^",
        "\u2193": "v",
        "\u25b6": ">",
        "\u25bc": "v",
        "\u2588": "#",
        "\xa0": " ",
    }
)


def knows_utf8(environment: Mapping[str, str]) -> bool:
    """Given the environment, return whether its locale says that the terminal shows UTF-8."""
    name = next((environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "")
    return "utf8" in name.lower().replace("-", "")


def locale_warning(environment: Mapping[str, str]) -> str | None:
    """Given the environment, return what a person must know of a locale without UTF-8, or None."""
    if knows_utf8(environment):
        return None
    return "The locale names no UTF-8: letters that are not ASCII are shown as ?. LC_ALL=C.UTF-8 shows them."


def only_ascii(text: str) -> str:
    """Given text, return it in ASCII, as wide as it was: lines drawn by - | +, other letters by question marks."""
    if text.isascii():
        return text
    plain = text.translate(_LINES)
    return "".join(letter if letter.isascii() else "?" * cell_len(letter) for letter in plain)


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
            self._file = cast(
                "io.TextIOWrapper[Any]", _LastingOutput(self._file, ascii_only=not knows_utf8(os.environ))
            )

    def _sigcont_application(self, *signalled: object) -> None:
        """A hang-up comes with SIGCONT, after which Textual would begin to draw and read again, for ever."""
        if os.isatty(self.fileno):
            super()._sigcont_application(*signalled)

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:
            self._app.post_message(HungUp())


class _LastingOutput(io.TextIOBase):
    """A stream to the terminal; when that fails its file descriptor becomes /dev/null, for everybody who uses it."""

    def __init__(self, stream: TextIO, *, ascii_only: bool) -> None:
        self._stream = stream
        self._ascii_only = ascii_only

    def write(self, text: str) -> int:
        try:
            return self._stream.write(only_ascii(text) if self._ascii_only else text)
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
