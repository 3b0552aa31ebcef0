"""Text whose indented lines, where they are too long, go on further in: so nobody takes the rest for another line."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_FURTHER = 2


@dataclass(frozen=True, slots=True)
class Hanging:
    """A text to be drawn in a widget of any width; lines that are not indented are wrapped as ever."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.split("\n", allow_blank=True):
            indent = len(line.plain) - len(line.plain.lstrip(" "))
            room = options.max_width - indent - _FURTHER
            if not indent or line.cell_len <= options.max_width or room < 1:
                yield line
                continue
            first, *others = line[indent:].wrap(console, room)
            yield Text(" " * indent).append_text(first)
            yield from (Text(" " * (indent + _FURTHER)).append_text(other) for other in others)
