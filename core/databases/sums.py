"""One number for the rows of a table, the same in whichever order they are."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

DIGEST_BYTES = 16
_MODULUS = 1 << 64
_ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows there are, and the sum of a hash of each of them."""

    rows: int = 0
    checksum: tuple[int, int] = (0, 0)

    def __add__(self, other: TableSum) -> TableSum:
        one, two = (sum(halves) % _MODULUS for halves in zip(self.checksum, other.checksum, strict=True))
        return TableSum(self.rows + other.rows, (one, two))


def sum_rows(rows: Iterable[bytes | memoryview]) -> TableSum:
    """Given each row as bytes that no other row has, return their sum."""
    total = TableSum()
    remaining = iter(rows)
    while digests := [blake2b(row, digest_size=DIGEST_BYTES).digest() for row in islice(remaining, _ROWS_AT_ONCE)]:
        total += sum_digests(digests)
    return total


def sum_digests(digests: Sequence[bytes]) -> TableSum:
    """Return the sum of rows by their hashes; both halves of a hash are summed apart, which is quick."""
    halves = array("Q", b"".join(digests))
    return TableSum(len(digests), (sum(halves[::2]) % _MODULUS, sum(halves[1::2]) % _MODULUS))
