"""Raw deflate and CRC-32 by ISA-L, or by zlib where ISA-L has no wheel."""

from __future__ import annotations

import zlib
from typing import Protocol, cast

try:
    from isal import isal_zlib
except ImportError:
    _HAS_ISAL = False
else:
    _HAS_ISAL = True

BLOCK = 1 << 20  # what is compressed at once, independently of its neighbours
END_OF_STREAM = b"\x03\x00"  # an empty last block, which closes a row of blocks

_ISAL_LEVEL = 3
_ZLIB_LEVEL = 1
_RAW = -15

INFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error,)
if _HAS_ISAL:
    INFLATE_ERRORS += (cast("type[Exception]", isal_zlib.IsalError),)  # its stub calls it an instance


class Inflater(Protocol):
    """What is used of zlib's and ISA-L's decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def deflate_block(block: bytes) -> bytes:
    """Given a block, return it deflated up to a byte boundary, so that another block can follow."""
    if _HAS_ISAL:
        fast = isal_zlib.compressobj(_ISAL_LEVEL, isal_zlib.DEFLATED, _RAW)
        return fast.compress(block) + fast.flush(isal_zlib.Z_SYNC_FLUSH)
    slow = zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, _RAW)
    return slow.compress(block) + slow.flush(zlib.Z_SYNC_FLUSH)


def new_inflater() -> Inflater:
    return isal_zlib.decompressobj(_RAW) if _HAS_ISAL else zlib.decompressobj(_RAW)


def crc32(data: bytes, value: int = 0) -> int:
    return isal_zlib.crc32(data, value) if _HAS_ISAL else zlib.crc32(data, value)
