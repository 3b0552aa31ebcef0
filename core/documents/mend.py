"""What language models and people do to JSON, mended where only one meaning is possible, and each mend said.

Nothing within quotes changes its meaning, and no bracket is ever added: a text that was cut off must not pass for
whole.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Literal

from core.documents.document import Lines
from core.documents.problems import DocumentError, Place, Problem

MendKind = Literal["before", "after", "comment", "comma", "quotes", "word", "space"]

_WORDS = {"True": "true", "False": "false", "None": "null"}
_SAID = {
    "before": "left out what stands before the object",
    "after": "left out what stands after the object",
    "comment": "left out a comment",
    "comma": "left out a comma before a closing bracket",
    "quotes": "wrote double quotes around a text",
    "word": "wrote true, false or null for Python's word",
    "space": "wrote a plain space for another kind of space",
}
_STRUCTURE = r"(?=[ \t\r\n]*+(?:[,:}\]#]|/[/*]|\Z))"  # what may follow a text in quotes
_PIECE = re.compile(
    r"""[ \t\r\n]*+(?:
    (?P<text>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")
    |(?P<comment>//[^\n\r]*+|\#(?=[ \t\#\r\n]|\Z)[^\n\r]*+|/\*(?:[^*]++|\*(?!/))*+\*/)
    |(?P<quotes>(?:'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|[\u201c\u201d\u201e\u201f][^"\u201c-\u201f\n\\]*+(?:\\.[^"\u201c-\u201f\n\\]*+)*+[\u201c\u201d\u201f])"""
    + _STRUCTURE
    + r""")
    |(?P<opening>[{\[])
    |(?P<closing>[}\]])
    |(?P<space>[\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]++)
    |(?P<lost>["'\u201c-\u201f]|/\*)
    |(?P<word>\w++)
    |(?P<other>\S))""",
    re.VERBOSE,
)
_QUOTE_OR_ESCAPE = re.compile(r"\\.|\"")
_MOST_PIECES = 500_000  # brackets, texts and signs that are looked through
_MOST_EDITS = 20_000
_MOST_BRACKETS = 100  # {name} in the text around the object
_PLACEHOLDER = re.compile(r"\{++[\w .-]++\}++|\[[\w .-]++\]")
_PART_OF_MORE_BEFORE = re.compile(r"(?:[\[,]|[\"'\u201d]\s*+:)\s*\Z")
_PART_OF_MORE_AFTER = re.compile(r"\s*+[\]},:]")
_NO_LINE_END = re.compile(r"[^\r\n]")
_FENCE = re.compile(r"\s*+```\w*+\s*+")


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing that was mended, and where it stood."""

    kind: MendKind
    place: Place

    def __str__(self) -> str:
        return f"line {self.place.line}: {_SAID[self.kind]}"


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mended:
    """The mended text, what was mended in it, and for each offset in it the one in the text as it was."""

    text: str
    mends: tuple[Mend, ...]
    _edits: tuple[_Edit, ...] = ()
    _starts: tuple[int, ...] = ()  # of each edit, in the mended text

    def original(self, offset: int) -> int:
        """Return where in the text as it was the character at an offset of the mended one stood."""
        number = bisect_right(self._starts, offset) - 1
        if number < 0:
            return offset
        edit, within = self._edits[number], offset - self._starts[number]
        if within < len(edit.text):
            return min(edit.start + within, max(edit.end - 1, edit.start))
        return edit.end + within - len(edit.text)


@dataclass(frozen=True, slots=True)
class _Region:
    """A stretch that begins with a bracket and ends with its partner; `whole` is false where that was not found."""

    start: int
    end: int
    whole: bool
    edits: tuple[tuple[MendKind, _Edit], ...]


def mend(text: str) -> Mended:
    """Given text that is no JSON, return it mended as far as that is certain; it may still be no JSON.

    Raise DocumentError where it holds no object, or several, so that it is open which is meant, or more than
    20,000 things to mend.
    """
    meant, brackets = list[_Region](), list[_Region]()
    for region in _regions(text):
        placeholder = _PLACEHOLDER.fullmatch(text, region.start, region.end)
        (brackets if placeholder else meant).append(region)
        if len(meant) > 1 or len(brackets) == _MOST_BRACKETS:
            break
    meant = brackets if len(brackets) == _MOST_BRACKETS else meant or brackets
    lines = Lines(text)
    if not meant:
        raise DocumentError([Problem((), "the text holds no JSON object", "one object in { }", lines.span(0, 0))])
    if len(meant) > 1:
        first, second = (lines.place(region.start) for region in meant[:2])
        found = f"the text holds more than one object: one begins at {first}, the next at {second}"
        span = lines.span(meant[1].start, meant[1].start + 1)
        raise DocumentError([Problem((), found, "one object", span)])
    return _mended(text, [*_around(text, meant[0]), *meant[0].edits], lines)


def said_mends(mends: Sequence[Mend]) -> list[str]:
    """Return what was mended for people, a line a kind: left out a comment: lines 3, 7."""
    said = []
    for kind, alike in groupby(sorted(mends, key=lambda each: (each.kind, each.place)), key=lambda each: each.kind):
        numbers = [str(number) for number in dict.fromkeys(each.place.line for each in alike)]
        shown = ", ".join(numbers[:10]) + (f" and {len(numbers) - 10} more" if len(numbers) > 10 else "")
        said.append(f"{_SAID[kind]}: line{'s' if len(numbers) > 1 else ''} {shown}")
    return said


def _mended(text: str, edits: list[tuple[MendKind, _Edit]], lines: Lines) -> Mended:
    edits.sort(key=lambda pair: (pair[1].start, pair[1].end))
    pieces, starts, at, length = [], [], 0, 0
    for _, edit in edits:
        starts.append(length + edit.start - at)
        pieces += [text[at : edit.start], edit.text]
        length = starts[-1] + len(edit.text)
        at = edit.end
    pieces.append(text[at:])
    mends = dict.fromkeys(Mend(kind, lines.place(edit.start)) for kind, edit in edits if kind != "quotes")
    quotes = (edit for kind, edit in edits if kind == "quotes" and edit.text == '"')
    mends.update(dict.fromkeys(Mend("quotes", lines.place(edit.start)) for edit in list(quotes)[::2]))
    ordered = tuple(sorted(mends, key=lambda each: each.place))
    return Mended("".join(pieces), ordered, tuple(edit for _, edit in edits), tuple(starts))


def _around(text: str, region: _Region) -> Iterator[tuple[MendKind, _Edit]]:
    """Yield the removal of what stands around the object, unless that could be a part of something larger."""
    before, after = text[: region.start], text[region.end :]
    if before.strip() and not _PART_OF_MORE_BEFORE.search(before[-200:]):
        yield "before", _Edit(len(before) - len(before.lstrip()), region.start, _blank(before.lstrip()))
    if region.whole and after.strip() and not _PART_OF_MORE_AFTER.match(after):
        start = len(text) - len(after.lstrip())
        yield "after", _Edit(start, len(text), _blank(text[start:]))


def _blank(text: str) -> str:
    """Return spaces in the place of a text: its lines stay, so that places named in messages hold."""
    return _NO_LINE_END.sub(" ", text)


def _regions(text: str) -> Iterator[_Region]:
    fence = _FENCE.match(text)
    first = text[fence.end() if fence else 0 :].lstrip()[:1]
    at = text.find("[" if first == "[" else "{")
    while at >= 0:
        region = _region(text, at)
        yield region
        at = text.find("{", region.end) if region.whole else -1


def _region(text: str, start: int) -> _Region:
    """Follow the brackets from the one at `start`, collecting what is to be mended on the way."""
    edits: list[tuple[MendKind, _Edit]] = []
    at, depth = start, 0
    earlier, last, last_at = "", "", start  # the last two pieces that count, and where the last one stands
    for _ in range(_MOST_PIECES):
        if (piece := _PIECE.match(text, at)) is None:
            break
        kind = str(piece.lastgroup)
        begin, at = piece.span(kind)
        found = text[begin:at]
        if len(edits) >= _MOST_EDITS:
            raise DocumentError([Problem((), f"more than {_MOST_EDITS:,} things were to be mended")])
        if kind == "lost" or (kind == "quotes" and last not in {"{", "[", ",", ":"}):
            break
        edits += _own_edits(kind, text, begin, at, last)
        if kind in {"comment", "space"}:
            continue
        if kind == "closing" and last == "," and earlier not in {",", "{", "[", ":"}:
            edits.append(("comma", _Edit(last_at, last_at + 1, " ")))
        depth += {"opening": 1, "closing": -1}.get(kind, 0)
        if depth == 0:
            return _Region(start, at, whole=True, edits=tuple(edits))
        earlier, last, last_at = last, found if len(found) == 1 else kind, begin
    return _Region(start, len(text), whole=False, edits=tuple(edits))


def _own_edits(kind: str, text: str, start: int, end: int, last: str) -> list[tuple[MendKind, _Edit]]:
    """Return what is to be mended in a piece by itself."""
    found = text[start:end]
    if kind == "comment":
        return [("comment", _Edit(start, end, _blank(found)))]
    if kind == "space":
        return [("space", _Edit(start, end, _blank(found)))]
    if kind == "quotes":
        return [("quotes", edit) for edit in islice(_requoted(text, start, end), _MOST_EDITS)]
    python = kind == "word" and found in _WORDS and last in {":", ",", "["}
    return [("word", _Edit(start, end, _WORDS[found]))] if python else []


def _requoted(text: str, start: int, end: int) -> Iterator[_Edit]:
    """Yield what turns a text in other quotes into one in double quotes; what it says stays."""
    yield _Edit(start, start + 1, '"')
    for found in _QUOTE_OR_ESCAPE.finditer(text, start + 1, end - 1):
        if found[0] == '"':
            yield _Edit(found.start(), found.end(), '\\"')
        elif found[0] == "\\'":
            yield _Edit(found.start(), found.end(), "'")
    yield _Edit(end - 1, end, '"')
