"""A text from a person or a language model, read as it stands or mended; places are those in the text as it came."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.documents.document import Document, Lines, Spot
from core.documents.mend import Mend, Mended, mend
from core.documents.parse import parse, text_of
from core.documents.problems import DocumentError, Problem, Span


@dataclass(frozen=True)
class Reading:
    """A document, the text it was read from after mending, and what was mended: nothing where it was sound."""

    document: Document
    text: str
    mends: tuple[Mend, ...]


def read(source: str | bytes) -> Reading:
    """Given JSON, or what is certainly meant for it, return it read; all places are those in `source`.

    Raise DocumentError where it is none; see `parse` and `mend`.
    """
    text = text_of(source)
    try:
        return Reading(parse(text), text, ())
    except DocumentError as error:
        broken = error
    mended = mend(text) if text.strip() else Mended(text, ())
    if not mended.mends:
        raise broken
    lines = Lines(text)
    try:
        document = parse(mended.text)
    except DocumentError as error:
        raise DocumentError(_moved(problem, mended, lines) for problem in error.problems) from error
    spots = {path: _spot(spot, mended) for path, spot in document.spots.items()}
    return Reading(Document(document.value, text, spots, lines), mended.text, mended.mends)


def _moved(problem: Problem, mended: Mended, lines: Lines) -> Problem:
    if problem.span is None:
        return problem
    start = mended.original(problem.span.start.offset)
    end = max(start, mended.original(problem.span.end.offset - 1) + 1)
    return replace(problem, span=Span(lines.place(start), lines.place(end)))


def _spot(spot: Spot, mended: Mended) -> Spot:
    key_start, key_end, start, end = spot
    value = (mended.original(start), mended.original(end - 1) + 1)
    if key_start < 0:
        return (-1, -1, *value)
    return (mended.original(key_start), mended.original(key_end - 1) + 1, *value)
