"""The file of a table's rows: a JSON array, one row object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO

from core.errors import VerificationError

_COMMA = b","


def read_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Given the file in pieces of any length, yield its rows, without what separates them; each is still unproved.

    The file is `[`, the rows, each but the last with a comma behind it, and `]`, each of them on a line of its own; or
    `[]` where there are none. No more is held than the pieces at hand and the longest row, of which no reference is
    kept. Raise VerificationError where the file is otherwise.
    """
    lines = _split(blocks)
    first = _next(lines)
    if not first.is_sign(b"[]"):
        if not first.is_sign(b"["):
            raise _wrong("it does not begin with [")
        yield from _rows(lines)
    if next(lines, None) is not None:
        raise _wrong("something stands behind its end")


class _Line:
    """A line without its end, and without the comma that it may have had; its text may be taken away from it."""

    __slots__ = ("comma", "text")

    def __init__(self, text: bytes, *, comma: bool) -> None:
        self.text = text
        self.comma = comma

    def is_sign(self, sign: bytes) -> bool:
        return self.text == sign and not self.comma

    def take(self) -> bytes:
        text, self.text = self.text, b""
        return text


def _rows(lines: Iterator[_Line]) -> Iterator[bytes]:
    more = True
    while more:
        line = _next(lines)
        if line.text in {b"", b"]"}:
            raise _wrong("a row is missing")
        more = line.comma
        yield line.take()
    if not _next(lines).is_sign(b"]"):
        raise _wrong("a row has neither a comma nor the end behind it")


def _next(lines: Iterator[_Line]) -> _Line:
    line = next(lines, None)
    if line is None:
        raise _wrong("it ends too early")
    return line


def _split(blocks: Iterable[bytes]) -> Iterator[_Line]:
    begun = BytesIO()
    for block in blocks:
        first, *others = block.split(b"\n")
        begun.write(first)
        if not others:
            continue
        yield _taken(begun)
        begun = BytesIO()
        for text in others[:-1]:
            comma = text.endswith(_COMMA)
            yield _Line(text[:-1] if comma else text, comma=comma)
        begun.write(others[-1])
    if begun.tell():
        yield _taken(begun)


def _taken(begun: BytesIO) -> _Line:
    """What was gathered of a line, without a second copy of a long one."""
    length = begun.tell()
    comma = length > 0 and begun.getbuffer()[length - 1 :] == _COMMA
    if comma:
        begun.truncate(length - 1)
    return _Line(begun.getvalue(), comma=comma)


def _wrong(what: str) -> VerificationError:
    return VerificationError(
        f"a file of rows is not as greenroom writes them: {what}", hint="take another copy of the backup"
    )
