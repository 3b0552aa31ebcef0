"""What was checked and waits to be kept: on the disk, so that thousands of files need no memory."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from core.forms import Json, Source

_LENGTH = struct.Struct("<L")


class Checked(msgspec.Struct, array_like=True):
    """Data that was checked: of which category and movie, and what its envelope says besides."""

    form: str
    key: str
    data: Json
    merge_lists: bool
    source: Source
    base_revision: str | None


class Spool:
    """A nameless file that is written once and read from its beginning as often as wanted."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 -- closed at the end of the block
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Checked)
        self.count = 0

    def add(self, checked: Checked) -> None:
        """Append one."""
        packed = self._encoder.encode(checked)
        self._file.write(_LENGTH.pack(len(packed)) + packed)
        self.count += 1

    def __iter__(self) -> Iterator[Checked]:
        self._file.seek(0)
        while head := self._file.read(_LENGTH.size):
            yield self._decoder.decode(self._file.read(*_LENGTH.unpack(head)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
