"""Which names and links an archive may hold. A name reaches the file system, so every doubt is a refusal."""

from __future__ import annotations

import re
from hashlib import blake2b

from core.archive.zipformat import Kind
from core.errors import VerificationError

_FAULTS = tuple(
    (re.compile(pattern), fault)
    for pattern, fault in (
        (r"\A\Z", "is empty"),
        (r"[\ud800-\udfff]", "is not UTF-8"),  # what Python makes of bytes that are not
        (r"[\x00-\x1f\x7f-\x9f]", "holds a control character"),
        (r"\\", "holds a backslash"),
        (r"\A/", "is absolute"),
        (r"\A[A-Za-z]:", "begins with a drive letter"),
        (r"(?:\A|/)\.\.(?:/|\Z)", "climbs out with `..`"),
        (r"(?:\A|/)\.(?:/|\Z)", "has a part that is only `.`"),
        (r"//", "has an empty part"),
    )
)
_ANY_FAULT = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _FAULTS))
_LONGEST_PART = 255
_LONGEST_SHOWN = 120
_LONGEST_NAME = LONGEST_TARGET = 4095  # PATH_MAX less the NUL


def shown(name: str) -> str:
    """Return a name as it may be printed: control characters and broken bytes escaped, no longer than a line."""
    short = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return f"'{short}'" if short.isprintable() else ascii(short)


def problem_with_name(name: str) -> str | None:
    """Given the name of an entry (a folder's ends with `/`), return what is wrong with it, or None.

    Names are UTF-8, relative, with `/` between parts; names that differ in case only are two names.
    Characters that `sha256sum` would have to escape are refused, not altered.
    """
    if _ANY_FAULT.search(name):
        return next(fault for pattern, fault in _FAULTS if pattern.search(name))
    return "is longer than a file system can hold" if _is_too_long(name.encode()) else None


def problem_with_target(target: str) -> str | None:
    """Given the target of a symbolic link, return what is wrong with it as such, or None."""
    if not target:
        return "is empty"
    if "\0" in target:
        return "holds a NUL"
    if len(target.encode(errors="surrogateescape")) > LONGEST_TARGET:
        return "is longer than a path can be"
    return None


def link_leaves(relative: str, target: str) -> bool:
    """Given a link's path below its folder's root, tell whether its target may lie outside that root.

    `..` counts only at the beginning of the target, where the parents are real folders: after a name it
    could step back from wherever another link leads.
    """
    if target.startswith("/"):
        return True
    parts = [part for part in target.split("/") if part not in {"", "."}]
    climbs = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
    return climbs > relative.count("/") or ".." in parts[climbs:]


class NameRegister:
    """The names met so far, to find duplicates and entries below something that is no folder.

    Keeps a digest a name, so that memory is bounded by the number of names, not by their length.
    Folders that are only implied by a path count as names too.
    """

    def __init__(self, max_names: int) -> None:
        self._max_names = max_names
        self._names: dict[bytes, Kind | None] = {}  # None: a folder that a path implies

    def add(self, name: str, kind: Kind) -> None:
        """Take note of an entry; raise VerificationError where it cannot stand beside the others."""
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
            raise VerificationError(
                f"the archive holds too many entries: more than {self._max_names}",
                hint="folders that only a path names are counted too",
            )

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


def _is_too_long(name: bytes) -> bool:
    if len(name) <= _LONGEST_PART:
        return False
    return len(name) > _LONGEST_NAME or max(map(len, name.split(b"/"))) > _LONGEST_PART
