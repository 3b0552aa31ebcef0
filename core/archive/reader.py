"""Opens an archive: everything that can be known without its content is checked before any of it is used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from core.archive.checks import (
    CHECKSUMS,
    METADATA,
    Form,
    Limits,
    bare_entries,
    check_bare,
    check_link,
    check_models,
    check_native,
    find_form,
    fingerprint,
    native_entries,
    survey,
)
from core.archive.content import read_content
from core.archive.directory import Entry, find_directory, read_entries
from core.archive.manifest import (
    MAX_METADATA_BYTES,
    BareMetadata,
    ExportMetadata,
    Manifest,
    parse_bare,
    parse_export,
    parse_manifest,
    read_document,
    says_export,
    says_greenroom,
)
from core.archive.names import problem_with_target, shown
from core.archive.source import Source
from core.archive.zipformat import Kind
from core.errors import VerificationError
from core.progress import Reporter

_WITHOUT = "an export of a Django project is metadata.json and APP/MODEL.json; export it again"
_STRIPPED = "a native archive has metadata.json and checksums.sha256; get it again from where it came"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read back; without `hashed` only lengths and CRC-32 could be compared, which proves less."""

    files: int
    bytes: int
    hashed: bool


def open_archive(path: Path, limits: Limits, *, allow_leaving_links: bool = False) -> Archive:
    """Open an archive of either form; raise VerificationError unless all but its content is proven sound.

    `allow_leaving_links` is for archives that the caller trusts: a site may hold links out of its folders.
    """
    source = Source(path)
    try:
        return Archive(source, limits, allow_leaving_links=allow_leaving_links)
    except BaseException:
        source.close()
        raise


class Archive:
    """An open archive: native, with a manifest, or foreign: bare, or the records of a Django project.

    `manifest_sha256` is the hash of metadata.json: the identity of the archive, content included, if native. `export`
    is what records that are a file each say of themselves.
    """

    manifest: Manifest | None = None
    bare: BareMetadata | None = None
    export: ExportMetadata | None = None
    _form: Form = "bare"

    def __init__(self, source: Source, limits: Limits, *, allow_leaving_links: bool) -> None:
        self._source = source
        self._allow_leaving_links = allow_leaving_links
        self._hashing: ThreadPoolExecutor | None = None
        self._directory = find_directory(source)
        self._survey = survey(source, self._directory, limits)
        content = self._read_metadata()
        document = None if content is None else read_document(content)
        self.manifest_sha256 = None if content is None else hashlib.sha256(content).hexdigest()
        if document is not None and says_greenroom(document):
            self._open_native(document)
        else:
            self._open_foreign(document)

    @property
    def path(self) -> Path:
        return self._source.path

    @property
    def foreign(self) -> bool:
        """Whether the archive is from another program, without manifest and hashes."""
        return self.manifest is None

    @property
    def holds_models(self) -> bool:
        """Whether it holds the records of a Django project's models, a file each or all in one."""
        return self._form != "bare"

    @property
    def exported(self) -> Entry | None:
        """The one file with all records, where it is so."""
        return next(iter(self.entries)) if self._form == "export" else None

    @property
    def total_bytes(self) -> int:
        """The length of all content together."""
        return self._survey.total_bytes

    @property
    def entries(self) -> Iterator[Entry]:
        """All entries in the order of the archive, read anew from its directory each time."""
        if self.holds_models:
            return read_entries(self._source, self._directory)
        if self.manifest is None or self._survey.checksums is None:
            return bare_entries(self._source, self._directory)
        keys = [folder.key for folder in self.manifest.files]
        checksums = self.read(self._survey.checksums)
        return native_entries(self._source, self._directory, keys, checksums)

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Yield the content of a file; it is proven right only when the last chunk was taken.

        Raise VerificationError where length, CRC-32 or SHA-256 disagree, and never yield more than declared.
        """
        return read_content(self._source, entry, self._hashing_thread)

    def read_link(self, entry: Entry) -> str:
        """Return the target of a link; raise VerificationError where it is damaged or can be none."""
        target = os.fsdecode(b"".join(self.read(entry)))
        problem = problem_with_target(target)
        if problem:
            raise VerificationError(f"the target of the link {shown(entry.name)} {problem}")
        return target

    def verify(self, reporter: Reporter) -> Verified:
        """Read everything back; raise VerificationError unless all of it is what the archive says it is."""
        reporter.phase("reading back", self.total_bytes)
        files = 0
        for entry in self.entries:
            if entry.kind is Kind.FILE:
                files += 1
                for chunk in self.read(entry):
                    reporter.advance(len(chunk))
        return Verified(files, self.total_bytes, hashed=not self.foreign)

    def close(self) -> None:
        if self._hashing is not None:
            self._hashing.shutdown(cancel_futures=True)
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_native(self, document: dict[str, object]) -> None:
        if self._survey.checksums is None:
            raise VerificationError(f"{self.path} was stripped: its {CHECKSUMS} is missing", hint=_STRIPPED)
        self.manifest = parse_manifest(document)
        check_native(self.entries, self.manifest, self.manifest_sha256, self._checked_link)

    def _open_foreign(self, document: dict[str, object] | None) -> None:
        if self._survey.checksums is not None:
            raise VerificationError(f"{self.path} was stripped: its manifest is missing", hint=_STRIPPED)
        entries = partial(read_entries, self._source, self._directory)
        form = find_form(entries())
        if form == "bare" and document is not None and says_export(document):
            form = "models"  # of a project without a record
        if form == "bare":
            self._open_bare(document)
            return
        self._form = form
        self.manifest_sha256 = fingerprint(entries())
        if form == "models":
            if document is None:
                raise VerificationError(f"{self.path} is incomplete: its {METADATA} is missing", hint=_WITHOUT)
            self.export = parse_export(document)
            check_models(entries())

    def _open_bare(self, document: dict[str, object] | None) -> None:
        self.bare = None if document is None else parse_bare(document)
        check_bare(self.entries, self._checked_link)

    def _read_metadata(self) -> bytes | None:
        entry = self._survey.metadata
        if entry is None:
            return None
        if entry.size > MAX_METADATA_BYTES:
            raise VerificationError(f"{METADATA} is too long: {entry.size} bytes")
        return b"".join(self.read(entry))

    def _checked_link(self, entry: Entry) -> str:
        target = self.read_link(entry)
        if not self._allow_leaving_links:
            check_link(entry, target)
        return target

    def _hashing_thread(self) -> ThreadPoolExecutor:
        if self._hashing is None:
            self._hashing = ThreadPoolExecutor(1, "sha256")
        return self._hashing
