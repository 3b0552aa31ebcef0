"""A terminal that may go away in the middle of work: an SSH connection that breaks."""

from __future__ import annotations

import asyncio
import io
import os
import re
import select
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TextIO, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter
from textual.message import Message
from textual.scrollbar import ScrollBarRender

if TYPE_CHECKING:
    from textual.app import App


# Lines and blocks as a terminal draws them that knows no more than ASCII.
_LINES = str.maketrans(
    {
        **dict.fromkeys("\u2500\u2501\u2550\u2504\u2508\u254c\u2594\u2581", "-"),
        **dict.fromkeys("\u2502\u2503\u2551\u2506\u250a\u258e\u258f\u258a\u258c\u2590", "|"),
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
# Textual cuts with it, and the font of a Linux console has none.
_FOR_A_CONSOLE = str.maketrans("\u2026", ".")


def knows_utf8(environment: Mapping[str, str]) -> bool:
    """Given the environment, return whether its locale says that the terminal shows UTF-8."""
    name = next((environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "")
    return "utf8" in name.lower().replace("-", "")


def locale_warning(environment: Mapping[str, str]) -> str | None:
    """Given the environment, return what a person must know of a locale without UTF-8, or None."""
    if knows_utf8(environment):
        return None
    return "The locale names no UTF-8: letters that are not ASCII are shown as ?. LC_ALL=C.UTF-8 shows them."


def knows_colours(environment: Mapping[str, str]) -> bool:
    """Given the environment, return whether the terminal has colours: those of DEC and the `-m` ones have none."""
    return re.fullmatch(r"vt\d+.*|.*-(m|mono)", environment.get("TERM", "")) is None


def only_ascii(text: str) -> str:
    """Given text, return it in ASCII, as wide as it was: lines drawn by - | +, other letters by question marks."""
    if text.isascii():
        return text
    plain = text.translate(_LINES)
    return "".join(letter if letter.isascii() else "?" * cell_len(letter) for letter in plain)


def _for_a_console(text: str) -> str:
    return text.translate(_FOR_A_CONSOLE)


def letters_for(environment: Mapping[str, str]) -> Callable[[str], str]:
    """Given the environment, return what makes of a text one that the terminal can show, as wide as it was."""
    if not knows_utf8(environment):
        return only_ascii
    return _for_a_console if environment.get("TERM") == "linux" else str


class WithoutColours(LineFilter):
    """Leaves bold, dim, underlined and reverse of a style, and no colour, not even a grey one."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [Segment(text, style and _without_colours(style), control) for text, style, control in segments]


@lru_cache(1024)
def _without_colours(style: Style) -> Style:
    return style.without_color


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
        self._hang_up: select.epoll | None = None
        if self._file is not None:
            self._file = cast("io.TextIOWrapper[Any]", _LastingOutput(self._file, letters_for(os.environ)))

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._watch()

    def stop_application_mode(self) -> None:
        self._watch_no_more()
        # A Linux console has no second screen to leave: the prompt would come in the middle of what stands there.
        self.write("\x1b[0m\x1b[2J\x1b[H")
        super().stop_application_mode()

    def _sigcont_application(self, *signalled: object) -> None:
        """A hang-up comes with SIGCONT, after which Textual would begin to draw and read again, for ever."""
        if os.isatty(self.fileno):
            super()._sigcont_application(*signalled)

    def run_input_thread(self) -> None:
        try:
            super().run_input_thread()
        except OSError:
            self._app.post_message(HungUp())

    def _watch(self) -> None:
        """Look out for the end of the terminal, which is not always told by a signal.

        Reading then gives nothing, at once and again, and Textual's thread would go on reading it for ever.
        """
        self._watch_no_more()
        if os.isatty(self.fileno):
            self._hang_up = select.epoll()
            self._hang_up.register(self.fileno, 0)  # 0: only what cannot be masked, errors and the hang-up
            asyncio.get_running_loop().add_reader(self._hang_up.fileno(), self._hung_up)

    def _watch_no_more(self) -> None:
        if self._hang_up is not None:
            asyncio.get_running_loop().remove_reader(self._hang_up.fileno())
            self._hang_up.close()
            self._hang_up = None

    def _hung_up(self) -> None:
        self._watch_no_more()
        self.exit_event.set()
        self._app.post_message(HungUp())


class _LastingOutput(io.TextIOBase):
    """A stream to the terminal; when that fails its file descriptor becomes /dev/null, for everybody who uses it."""

    def __init__(self, stream: TextIO, letters: Callable[[str], str]) -> None:
        self._stream = stream
        self._letters = letters

    def write(self, text: str) -> int:
        try:
            return self._stream.write(self._letters(text))
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
