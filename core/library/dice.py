"""Choices that are the same on every machine and in every version of Python."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
_DIGEST_BYTES = 64
_LEAST_LEFT = 1 << 128


class Dice:
    """A stream of choices that depends on nothing but the words it was made from."""

    def __init__(self, *words: object) -> None:
        self._key = "/".join(map(str, words)).encode()
        self._round = 0
        self._pool = 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        if self._pool < _LEAST_LEFT:
            self._refill()
        self._pool, number = divmod(self._pool, limit)
        return number

    def between(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def pick(self, choices: Sequence[_T]) -> _T:
        """Return one of `choices`."""
        return choices[self.below(len(choices))]

    def sample(self, limit: int, count: int) -> list[int]:
        """Return `count` different numbers below `limit`, or all where there are fewer."""
        found: dict[int, None] = {}
        while len(found) < min(count, limit):
            found[self.below(limit)] = None
        return list(found)

    def one_in(self, odds: int) -> bool:
        """Return True once in `odds` times."""
        return self.below(odds) == 0

    def _refill(self) -> None:
        text = self._key + b"#%d" % self._round
        self._pool = int.from_bytes(hashlib.blake2b(text, digest_size=_DIGEST_BYTES).digest(), "big")
        self._round += 1
