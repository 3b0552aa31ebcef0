"""The names in an archive's directory: none twice, and nothing below what is no folder."""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

from core.archive.names import shown
from core.archive.zipformat import Kind
from core.errors import VerificationError


class OutOfOrderError(Exception):
    """The entries are not in the order that greenroom writes them in."""


class Register(Protocol):
    """Takes note of one name after the other."""

    def add(self, name: str, kind: Kind) -> None:
        """Take note of an entry; raise VerificationError where it cannot stand beside the others."""


class OrderedNames:
    """The names of an archive as greenroom writes it: `alone` anywhere, all others sorted part by part, `first` first.

    What a name could collide with is then the one before it, so that memory does not grow with the archive. Raises
    OutOfOrderError where it cannot tell, also for a name that stands there twice: `AnyNames` then says what is wrong.
    """

    def __init__(self, max_names: int, alone: frozenset[str], first: str) -> None:
        self._max_names = max_names
        self._alone = alone
        self._first = first
        self._met: set[str] = set()
        self._last: list[str] = []
        self._last_kind = Kind.FOLDER
        self._names = 0

    def add(self, name: str, kind: Kind) -> None:
        parts = name.removesuffix("/").split("/")
        if parts[0] in self._alone:
            if name not in self._alone or name in self._met:
                raise OutOfOrderError
            self._met.add(name)
            self._count(1)
            return
        last = self._last
        if self._place(parts) <= self._place(last) or (
            self._last_kind is not Kind.FOLDER and parts[: len(last)] == last
        ):
            raise OutOfOrderError
        self._count(len(parts) - _common(parts, last))
        self._last, self._last_kind = parts, kind

    def _place(self, parts: list[str]) -> tuple[bool, list[str]]:
        return bool(parts) and parts[0] != self._first, parts

    def _count(self, more: int) -> None:
        self._names += more
        if self._names > self._max_names:
            raise _too_many(self._max_names)


class AnyNames:
    """The names of an archive in any order. Keeps a digest a name, so that memory is bounded by their number.

    Folders that are only implied by a path count as names too.
    """

    def __init__(self, max_names: int) -> None:
        self._max_names = max_names
        self._names: dict[bytes, Kind | None] = {}  # None: a folder that a path implies

    def add(self, name: str, kind: Kind) -> None:
        path = name.removesuffix("/")
        key = _key(path)
        if key in self._names:
            self._check_again(name, kind, self._names[key])
        self._put(key, kind)
        self._add_parents(path)

    def _add_parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        while parent:
            key = _key(parent)
            if key in self._names:
                self._check_parent(path, parent, self._names[key])
                return
            self._put(key, None)
            parent = parent.rpartition("/")[0]

    def _put(self, key: bytes, kind: Kind | None) -> None:
        self._names[key] = kind
        if len(self._names) > self._max_names:
            raise _too_many(self._max_names)

    @staticmethod
    def _check_again(name: str, kind: Kind, before: Kind | None) -> None:
        if before is not None and (before is Kind.FOLDER) == (kind is Kind.FOLDER):
            raise VerificationError(f"the archive holds {shown(name)} twice")
        if before is not None or kind is not Kind.FOLDER:
            raise VerificationError(f"the archive holds {shown(name)} both as a folder and as something else")

    @staticmethod
    def _check_parent(path: str, parent: str, kind: Kind | None) -> None:
        if kind is Kind.LINK:
            raise VerificationError(f"{shown(path)} lies below {shown(parent)}, which is a link")
        if kind is Kind.FILE:
            raise VerificationError(f"{shown(path)} lies below {shown(parent)}, which is a file")


def _key(path: str) -> bytes:
    return blake2b(path.encode(), digest_size=16).digest()


def _common(one: list[str], other: list[str]) -> int:
    """Return how many parts two names begin with together."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _too_many(max_names: int) -> VerificationError:
    return VerificationError(
        f"the archive holds too many entries: more than {max_names}",
        hint="folders that only a path names are counted too",
    )
