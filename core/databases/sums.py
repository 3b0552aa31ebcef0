"""One number for the rows of a table, the same in whichever order they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

DIGEST_BYTES = 16
_MODULUS = 1 << (8 * DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class TableSum:
    """How many rows there are, and the sum of a hash of each of them."""

    rows: int = 0
    checksum: int = 0

    def __add__(self, other: TableSum) -> TableSum:
        return TableSum(self.rows + other.rows, (self.checksum + other.checksum) % _MODULUS)


def sum_rows(rows: Iterable[bytes]) -> TableSum:
    """Given each row as bytes that no other row has, return their sum."""
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(blake2b(row, digest_size=DIGEST_BYTES).digest(), "little")
    return TableSum(count, total % _MODULUS)
