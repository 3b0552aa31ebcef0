"""A JSON value together with where each key and value of it stands in the text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.documents.problems import Path, Place, Span

Spot = tuple[int, int, int, int]  # offsets: the key from and to (both -1 where there is none), the value from and to

_LINE_END = re.compile(r"\r\n?|\n")


class Lines:
    """The lines of a text, for turning offsets into places and back."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
        self._length = len(text)

    def place(self, offset: int) -> Place:
        """Return the place of an offset."""
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1, offset)

    def span(self, start: int, end: int) -> Span:
        """Return the span between two offsets."""
        return Span(self.place(start), self.place(end))

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column, both from 1, or the nearest that the text has."""
        line = min(max(line, 1), len(self._starts))
        return min(self._starts[line - 1] + max(column, 1) - 1, self._length)


@dataclass(frozen=True)
class Document:
    """A value, the text that it was read from, and a spot for every path in it, the empty path among them."""

    value: object
    text: str
    spots: Mapping[Path, Spot]
    lines: Lines = field(repr=False, compare=False)

    def value_span(self, path: Path) -> Span:
        """Return where the value at a path stands; KeyError where there is none."""
        _, _, start, end = self.spots[path]
        return self.lines.span(start, end)

    def key_span(self, path: Path) -> Span | None:
        """Return where the key of the value at a path stands, quotes included; None for entries of lists."""
        start, end, _, _ = self.spots[path]
        return None if start < 0 else self.lines.span(start, end)

    def mark(self, path: Path) -> Span:
        """Return what to underline for a problem with the value at a path: the value itself, where it is a short one.

        Of an object or a list it is the key, or the bracket where there is none. Where the path leads nowhere, the
        nearest above it stands in.
        """
        while path not in self.spots:
            path = path[:-1]
        key_start, key_end, start, end = self.spots[path]
        if self.text[start] not in "{[":
            return self.lines.span(start, end)
        return self.lines.span(start, start + 1) if key_start < 0 else self.lines.span(key_start, key_end)

    def path_at(self, line: int, column: int) -> Path:
        """Return the path of what stands at a place, a value or its key: the innermost."""
        offset = self.lines.offset(line, column)
        innermost: Path = ()
        for path, (key_start, _, start, end) in self.spots.items():
            if (start if key_start < 0 else key_start) <= offset <= end and len(path) >= len(innermost):
                innermost = path
        return innermost
