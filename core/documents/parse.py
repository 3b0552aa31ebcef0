"""JSON read strictly, with the place of every key and value. No recursion: brackets are counted, and bounded."""

from __future__ import annotations

import json
import re

from core.documents.document import Document, Lines, Spot
from core.documents.problems import DocumentError, Path, Problem, quoted
from core.documents.syntax import State, explain

MOST_CHARACTERS = 8 << 20  # of text; bytes are counted as bytes
MOST_VALUES = 200_000  # each takes some hundred bytes for its path and its spot
MOST_LEVELS = 100
MOST_DIGITS = 1000  # of a whole number
MOST_PROBLEMS = 100

_STRING, _ESCAPED, _WHOLE, _REAL, _WORD, _OPEN, _CLOSE, _SIGN, _END = range(1, 10)
_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:
    ("[^"\\\x00-\x1f]*+")
    |("[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)++")
    |(-?(?:0|[1-9][0-9]*+)(?![\w.+-]))
    |(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![\w.+-]))
    |(true|false|null)(?!\w)
    |([{\[])
    |([}\]])
    |([,:])
    |(\Z))""",
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
_AFTER_SIGN = {
    (State.COLON, ":"): State.VALUE,
    (State.AFTER_MEMBER, ","): State.KEY,
    (State.AFTER_ENTRY, ","): State.ENTRY,
}
_AFTER_VALUE = {
    State.VALUE: State.AFTER_MEMBER,
    State.ENTRY: State.AFTER_ENTRY,
    State.FIRST_ENTRY: State.AFTER_ENTRY,
    State.BEGIN: State.END,
}
_CLOSED_BY = {
    State.FIRST_KEY: "}",
    State.AFTER_MEMBER: "}",
    State.FIRST_ENTRY: "]",
    State.AFTER_ENTRY: "]",
}
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPE = re.compile(
    r"\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u(?P<lone>[dD][89a-fA-F]..)|\\."
)


def parse(source: str | bytes) -> Document:
    """Given JSON, return its value with places.

    It is UTF-8 with or without a byte order mark; whole numbers are exact. Raise DocumentError where it is longer than
    MOST_CHARACTERS, holds more than MOST_VALUES, is nested deeper than MOST_LEVELS or is no valid JSON; a key twice in
    an object, half a surrogate pair and a number beyond what a float holds are none either.
    """
    return _Parser(text_of(source)).run()


def text_of(source: str | bytes) -> str:
    """Return the text without byte order mark; raise DocumentError where it is too long or not UTF-8."""
    if len(source) > MOST_CHARACTERS:
        found = f"the text is {len(source) / (1 << 20):.1f} MiB long"
        raise DocumentError([Problem((), found, f"up to {MOST_CHARACTERS >> 20} MiB")])
    if isinstance(source, bytes):
        source = _decoded(source)
    return source.removeprefix("\ufeff")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        good = data[: error.start].decode().removeprefix("\ufeff")
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise DocumentError(
            [
                Problem(
                    (),
                    "the text is UTF-16" if wide else f"the byte 0x{data[error.start]:02x} is not UTF-8",
                    "text in UTF-8",
                    Lines(good).span(len(good), len(good)),
                )
            ],
            hint="save it as UTF-8",
        ) from error


class _Parser:
    """The walk through one text: where it is, what is open, what was found."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._spots: dict[Path, Spot] = {}
        self._problems: list[Problem] = []
        self._state = State.BEGIN
        self._value: object = None
        self._container: dict[str, object] | list[object] | None = None
        self._path: Path = ()  # of the container
        self._key = ""
        self._key_spot = (-1, -1)
        self._open: list[tuple[dict[str, object] | list[object] | None, Path, Spot, State]] = []

    def run(self) -> Document:
        at, kind, text = 0, 0, self._text
        while kind != _END:
            token = _TOKEN.match(text, at)
            if token is None:
                raise self._broken(at)
            kind = token.lastindex or _END
            start, end = token.span(kind)
            if not self._take(kind, start, end):
                raise self._broken(at)
            at = end
        if self._problems:
            raise DocumentError(self._problems)
        return Document(self._value, self._text, self._spots, self._lines)

    def _take(self, kind: int, start: int, end: int) -> bool:
        """Go past a token; return whether it may stand here."""
        state = self._state
        if kind == _SIGN:
            after = _AFTER_SIGN.get((state, self._text[start]))
            self._state = state if after is None else after
            return after is not None
        if kind == _CLOSE:
            return _CLOSED_BY.get(state) == self._text[start] and self._close(end)
        if kind == _END:
            return state is State.END
        if state in _AFTER_VALUE:
            if kind == _OPEN:
                self._begin(start)
            else:
                self._put(self._scalar(kind, start, end), (*self._key_spot, start, end))
            return True
        return kind <= _ESCAPED and state in {State.KEY, State.FIRST_KEY} and self._name(kind, start, end)

    def _name(self, kind: int, start: int, end: int) -> bool:
        key = str(self._scalar(kind, start, end))
        if isinstance(self._container, dict) and key in self._container:
            first = self._lines.place(self._spots[(*self._path, key)][0])
            self._problem(start, end, f"the key {quoted(key)} stands twice, first at {first}", "each key once", key)
        self._key, self._key_spot = key, (start, end)
        self._state = State.COLON
        return True

    def _put(self, value: object, spot: Spot) -> Path:
        container = self._container
        if isinstance(container, dict):
            container[self._key] = value
            path: Path = (*self._path, self._key)
        elif container is not None:
            path = (*self._path, len(container))
            container.append(value)
        else:
            self._value = value
            path = ()
        self._spots[path] = spot
        self._key_spot = (-1, -1)
        self._state = _AFTER_VALUE[self._state]
        if len(self._spots) > MOST_VALUES:
            raise self._refused(spot[2], f"the text holds more than {MOST_VALUES:,} values")
        return path

    def _begin(self, start: int) -> None:
        if len(self._open) == MOST_LEVELS:
            raise self._refused(start, f"brackets are nested deeper than {MOST_LEVELS} levels")
        new: dict[str, object] | list[object] = {} if self._text[start] == "{" else []
        outer, outer_path = self._container, self._path
        spot = (*self._key_spot, start, start)
        path = self._put(new, spot)
        self._open.append((outer, outer_path, spot, self._state))
        self._container, self._path = new, path
        self._state = State.FIRST_KEY if isinstance(new, dict) else State.FIRST_ENTRY

    def _close(self, end: int) -> bool:
        outer, outer_path, spot, self._state = self._open.pop()
        self._spots[self._path] = (*spot[:3], end)
        self._container, self._path = outer, outer_path
        return True

    def _scalar(self, kind: int, start: int, end: int) -> object:
        if kind == _STRING:
            text = self._text[start + 1 : end - 1]
            if not text.isascii() and (lone := _SURROGATE.search(self._text, start, end)):
                self._lone(lone.start(), lone.end())
            return text
        if kind == _ESCAPED:
            return self._unescaped(start, end)
        if kind == _WORD:
            return _WORDS[self._text[start:end]]
        return self._number(kind, start, end)

    def _number(self, kind: int, start: int, end: int) -> int | float:
        if kind == _WHOLE and end - start - (self._text[start] == "-") <= MOST_DIGITS:
            return int(self._text[start:end])
        number = float(self._text[start:end]) if kind == _REAL else float("inf")
        if number in {float("inf"), float("-inf")}:
            limit = "numbers up to 1.7e308" if kind == _REAL else f"up to {MOST_DIGITS} digits"
            self._problem(start, end, "the number is too large", limit)
        return number

    def _unescaped(self, start: int, end: int) -> str:
        try:
            text = str(json.loads(self._text[start:end]))
        except json.JSONDecodeError as error:
            raise self._broken(self._text.rindex("\\", start, start + error.pos + 1)) from error
        if _SURROGATE.search(text):
            for escape in _ESCAPE.finditer(self._text, start, end):
                if escape["lone"]:
                    self._lone(*escape.span())
            if lone := _SURROGATE.search(self._text, start, end):
                self._lone(*lone.span())
        return text

    def _lone(self, start: int, end: int) -> None:
        self._problem(start, end, "half of a surrogate pair stands alone: it is no character", "whole characters")

    def _problem(self, start: int, end: int, found: str, allowed: str, *steps: str) -> None:
        self._problems.append(Problem((*self._path, *steps), found, allowed, self._lines.span(start, end)))
        if len(self._problems) == MOST_PROBLEMS:
            raise DocumentError(self._problems)

    def _refused(self, at: int, found: str) -> DocumentError:
        return DocumentError([Problem((), found, span=self._lines.span(at, at + 1))])

    def _broken(self, at: int) -> DocumentError:
        opened = [spot[2] for _, _, spot, _ in self._open]
        return DocumentError([*self._problems, explain(self._text, at, self._state, opened, self._lines)])
