"""The digest that stands for a folder of files: every name, kind, attribute and content in it."""

from __future__ import annotations

import hashlib
from collections import Counter

from core.archive.manifest import FolderEntry
from core.archive.zipformat import Attributes, Kind

ROOT = "."
_LETTERS = {Kind.FILE: "f", Kind.FOLDER: "d", Kind.LINK: "l"}
NOTHING_SHA256 = hashlib.sha256().hexdigest()


class FolderListing:
    """Counts and digests the entries of one folder of files, in the order of the archive.

    One line an entry, in UTF-8, ended by a newline:
    `f|d|l MODE UID GID MTIME SIZE SHA256 PATH`: MODE in octal, the other numbers in decimal, SHA256 that
    of a file's content or a link's target (of nothing, for a folder), PATH below the root, whose own is `.`.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._counts = Counter[Kind]()
        self._bytes = 0

    def add(self, relative: str, kind: Kind, attributes: Attributes, size: int, sha256: str) -> None:
        """Take note of an entry; `relative` is its path below the root, empty for the root itself."""
        path = relative or ROOT
        one = attributes
        line = f"{_LETTERS[kind]} {one.mode:o} {one.uid} {one.gid} {one.mtime} {size} {sha256} {path}\n"
        self._digest.update(line.encode())
        if relative:
            self._counts[kind] += 1
        if kind is Kind.FILE:
            self._bytes += size

    def entry(self, key: str, path: str) -> FolderEntry:
        """Return what the manifest says of the folder."""
        return FolderEntry(
            key=key,
            path=path,
            files=self._counts[Kind.FILE],
            folders=self._counts[Kind.FOLDER],
            links=self._counts[Kind.LINK],
            bytes=self._bytes,
            listing_sha256=self._digest.hexdigest(),
        )
