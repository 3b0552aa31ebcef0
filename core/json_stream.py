"""JSON of any length, value by value: no more of it is held than one value and the piece at hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from core.errors import VerificationError

_Member = TypeVar("_Member")
_SPACE = re.compile(r"[ \t\n\r]*")
_LONGEST_TOKEN = 12  # that a cut at the end of a piece can make another one of, strings left aside: 1.5e+7, \u00e9


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("an object names a key twice")


def _decoder(look: Callable[[list[tuple[str, object]]], object] | None) -> json.JSONDecoder:
    """Return what finds where a value ends, and lets `look` see each object; what the value is reads msgspec."""
    return json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_no_constant, object_pairs_hook=look)


_find_end = _decoder(_unique).raw_decode
_find_any_end = _decoder(None).raw_decode


class _Repeating(dict[str, object]):
    """An object some of whose keys stand in it more than once."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        counted = Counter(key for key, _ in pairs)
        self.repeated = [key for key, times in counted.items() if times > 1]


def repeated_keys(value: bytes) -> list[tuple[str | int, ...]]:
    """Return the paths of keys that an object within a JSON value names more than once; nearly always there are none.

    Raise RecursionError where it is nested too deeply. It must be valid.
    """
    there_are_some = False

    def look(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal there_are_some
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        there_are_some = True
        return _Repeating(pairs)

    read = _decoder(look).decode(value.decode())
    return list(_repeated(read, ())) if there_are_some else []


def _repeated(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, _Repeating):
        yield from ((*path, key) for key in value.repeated)
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _repeated(one, (*path, key))


class JsonStream:
    """A walk through the JSON in some pieces; `what` names it in errors, which are VerificationErrors.

    Bytes are read as Latin-1, so that places in the text are places in the file; values are given as they stand.
    The pieces begin `start` bytes behind the file's own beginning. A value of more than `longest` bytes is an error,
    and where keys are `unique` one in which an object names one twice.
    """

    def __init__(
        self,
        blocks: Iterable[bytes],
        what: str,
        *,
        start: int = 0,
        longest: int | None = None,
        unique: bool = True,
    ) -> None:
        self._find_end = _find_end if unique else _find_any_end
        self._blocks = iter(blocks)
        self._what = what
        self._longest = longest
        self._text = ""
        self._at = 0
        self._dropped = start

    def items(self) -> Iterator[bytes]:
        """Yield the values of the array that comes next."""
        yield from self._members("[", "]", self.value)

    def each_key(self) -> Iterator[str]:
        """Yield the keys of the object that comes next; the caller takes the value of each before the next one."""
        yield from self._members("{", "}", self._key)

    def value(self) -> bytes:
        """Return the next value, as it stands."""
        self._sign()
        while True:
            end = self._end_of_value()
            if end is not None:
                value = self._text[self._at : end].encode("latin-1")
                self._at = end
                return value

    def offset(self) -> int:
        """Return how many bytes stand before what comes next."""
        self._sign()
        return self._dropped + self._at

    def next_sign(self) -> str:
        """Return the first sign of what comes next, empty at the end."""
        return self._sign()

    def end(self) -> None:
        """Raise VerificationError where there is more."""
        if self._sign():
            raise self._wrong("something stands behind its end")

    def _members(self, opening: str, closing: str, member: Callable[[], _Member]) -> Iterator[_Member]:
        self._take(opening)
        if self._sign() == closing:
            self._take(closing)
            return
        while True:
            yield member()
            if self._sign() == closing:
                self._take(closing)
                return
            self._take(",")

    def _key(self) -> str:
        try:
            key = msgspec.json.decode(self.value(), type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._wrong(f"a key is no text: {error}") from error
        self._take(":")
        return key

    def _sign(self) -> str:
        """Return the next sign that is no space, empty at the end; it is not taken."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def _take(self, sign: str) -> None:
        if self._sign() != sign:
            raise self._wrong(f"a {sign} is missing")
        self._at += 1

    def _end_of_value(self) -> int | None:
        """Return where the value ends; None where more was read, and it is to be looked for again."""
        try:
            _, end = self._find_end(self._text, self._at)
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated string") or error.pos > len(self._text) - _LONGEST_TOKEN
            if cut and self._read_on():
                return None
            raise self._wrong(error.msg) from error
        except ValueError as error:
            raise self._wrong(str(error)) from error
        except RecursionError as error:
            raise self._wrong("it is nested too deeply") from error
        return None if end > len(self._text) - _LONGEST_TOKEN and self._read_on() else end

    def _read_on(self) -> bool:
        """Tell whether there is more, and read as much again: so a long value is looked at only a few times."""
        rest = self._text[self._at :]
        if self._longest is not None and len(rest) > self._longest:
            raise self._wrong(f"a value of more than {self._longest:,} bytes")
        pieces, length = [rest], 0
        for block in self._blocks:
            pieces.append(block.decode("latin-1"))
            length += len(block)
            if length >= len(rest):
                break
        if length:
            self._dropped += self._at
            self._text, self._at = "".join(pieces), 0
        return length > 0

    def _wrong(self, why: str) -> VerificationError:
        place = self._dropped + self._at
        return VerificationError(
            f"{self._what} is not valid JSON near byte {place}: {why}", hint="take another copy of the export"
        )
