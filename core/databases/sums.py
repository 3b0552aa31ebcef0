"""One number for the rows of a table, the same in whichever order they are.

It is compared within one process only: what was sent with what is read back. So Python's own hash of bytes serves: it
is quick, and keyed anew in each process. A long row, which may come in pieces, is hashed by BLAKE2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

LONG_BYTES = 1 << 20
_HASH_BYTES = 8
_MODULUS = 1 << 64
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows there are, and the sum of a hash of each of them."""

    rows: int = 0
    checksum: int = 0

    def __add__(self, other: TableSum) -> TableSum:
        return TableSum(self.rows + other.rows, (self.checksum + other.checksum) % _MODULUS)


def sum_rows(rows: Iterable[bytes | memoryview]) -> TableSum:
    """Given each row as bytes that no other row has, return their sum."""
    total = TableSum()
    remaining = iter(rows)
    while hashes := list(map(_hash, islice(remaining, _ROWS_AT_ONCE))):
        total += TableSum(len(hashes), sum(hashes) % _MODULUS)
    return total


def sum_pieces(pieces: Iterable[bytes]) -> TableSum:
    """Return the sum of one row that comes in pieces: that of the whole."""
    begun, digest = bytearray(), None
    for piece in pieces:
        if digest is not None:
            digest.update(piece)
        elif len(begun) + len(piece) <= LONG_BYTES:
            begun += piece
        else:
            digest = blake2b(begun, digest_size=_HASH_BYTES)
            digest.update(piece)
    return TableSum(1, (hash(bytes(begun)) if digest is None else int.from_bytes(digest.digest())) % _MODULUS)


def _hash(row: bytes | memoryview) -> int:
    if len(row) <= LONG_BYTES:
        return hash(row)
    return int.from_bytes(blake2b(row, digest_size=_HASH_BYTES).digest())
