"""`checksums.sha256`: a line for every file in the archive but itself, in the order of the archive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from core.errors import VerificationError

_LINE = re.compile(rb"([0-9a-f]{64})  ([^\n]+)")
_LONGEST_LINE = 64 + 2 + 4095


def checksum_line(sha256: str, name: str) -> bytes:
    """Return a line as `sha256sum -c` reads it; names that it would have to escape are in no archive."""
    return f"{sha256}  {name}\n".encode()


def parse_checksums(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Given the content of the file, yield name and SHA-256; raise VerificationError where a line is none."""
    for number, line in enumerate(_lines(chunks), start=1):
        match = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
        if match is None:
            raise VerificationError(f"checksums.sha256, line {number}: not a checksum and a name")
        try:
            name = match[2].decode()
        except UnicodeDecodeError as error:
            raise VerificationError(f"checksums.sha256, line {number}: the name is not UTF-8") from error
        yield name, match[1].decode()


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > _LONGEST_LINE:
            raise VerificationError("checksums.sha256 holds a line that is too long")
    if rest:
        raise VerificationError("checksums.sha256 ends in the middle of a line")
