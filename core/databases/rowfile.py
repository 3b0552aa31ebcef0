"""The file of a table's rows: a JSON array, one row object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO

from core.databases.lines import SEPARATOR
from core.errors import VerificationError

_COMMA = b","


def read_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Given the file in pieces of any length, yield its rows, without what separates them; each is still unproved.

    The file is `[`, the rows, each but the last with a comma behind it, and `]`, each of them on a line of its own; or
    `[]` where there are none. No more is held than the pieces at hand and the longest row, of which no reference is
    kept. Raise VerificationError where the file is otherwise.
    """
    runs = _split(blocks)
    first = _next(runs)
    if not first.is_sign(b"[]"):
        if not first.is_sign(b"["):
            raise _wrong("it does not begin with [")
        yield from _rows(runs)
    if next(runs, None) is not None:
        raise _wrong("something stands behind its end")


class _Run:
    """Lines without their ends and commas: all had a comma, but perhaps the last; they may be taken away from it."""

    __slots__ = ("comma", "texts")

    def __init__(self, texts: list[bytes], *, comma: bool) -> None:
        self.texts = texts
        self.comma = comma

    def is_sign(self, sign: bytes) -> bool:
        return self.texts == [sign] and not self.comma


def _rows(runs: Iterator[_Run]) -> Iterator[bytes]:
    more = True
    while more:
        run = _next(runs)
        if b"" in run.texts or b"]" in run.texts:
            raise _wrong("a row is missing")
        more = run.comma
        if len(run.texts) > 1:
            yield from run.texts
        else:
            yield run.texts.pop()  # a long one is held by nobody else
    if not _next(runs).is_sign(b"]"):
        raise _wrong("a row has neither a comma nor the end behind it")


def _next(runs: Iterator[_Run]) -> _Run:
    run = next(runs, None)
    if run is None:
        raise _wrong("it ends too early")
    return run


def _split(blocks: Iterable[bytes]) -> Iterator[_Run]:
    begun = BytesIO()
    for block in blocks:
        first, *others = block.split(b"\n", 1)
        begun.write(first)
        if not others:
            continue
        yield _taken(begun)
        begun = BytesIO()
        whole, end, rest = others[0].rpartition(b"\n")
        begun.write(rest)
        if end:
            yield from _runs(whole)
    if begun.tell():
        yield _taken(begun)


def _runs(whole: bytes) -> Iterator[_Run]:
    """Given whole lines, but for the end of the last, yield them together where each has a comma."""
    if whole.endswith(_COMMA) and whole.count(b"\n") == whole.count(SEPARATOR):
        yield _Run(whole[:-1].split(SEPARATOR), comma=True)
        return
    for text in whole.split(b"\n"):
        comma = text.endswith(_COMMA)
        yield _Run([text[:-1] if comma else text], comma=comma)


def _taken(begun: BytesIO) -> _Run:
    """What was gathered of a line, without a second copy of a long one."""
    length = begun.tell()
    comma = length > 0 and begun.getbuffer()[length - 1 :] == _COMMA
    if comma:
        begun.truncate(length - 1)
    return _Run([begun.getvalue()], comma=comma)


def _wrong(what: str) -> VerificationError:
    return VerificationError(
        f"a file of rows is not as greenroom writes them: {what}", hint="take another copy of the backup"
    )
