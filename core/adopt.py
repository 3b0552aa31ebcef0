"""Take in an archive from elsewhere, and find archives again that the catalog has forgotten."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial as bound
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from core.archive import EXPORT, Archive, Kind, Limits, Manifest, file_sha256, open_archive
from core.catalog import BackupRecord, FoundBackup
from core.config import Site
from core.context import Context
from core.django.records import Export, open_export, read_export
from core.errors import GreenroomError, UsageError, VerificationError
from core.progress import Reporter
from core.recovery import tidy
from core.sizes import format_size
from core.stores import StoredState, is_name

_BLOCK = 1 << 20
_ON_ITS_WAY = "adopting"


@dataclass(frozen=True, slots=True)
class Adoption:
    """An adopted archive; `renamed` tells that its own name was taken by another, `known` that it was here already."""

    record: BackupRecord
    renamed: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class AdoptionPreview:
    """What an archive says of itself; no manifest where it is foreign.

    Its content was not read yet, but for an `export` of a Django project, whose records were counted.
    """

    file: Path
    name: str
    created_at: datetime
    archive_bytes: int
    files: int
    manifest: Manifest | None
    export: Export | None
    name_is_taken: bool


def preview_adoption(context: Context, site: Site, file: Path) -> AdoptionPreview:
    """Look at an archive from elsewhere without taking it in; raise UsageError or VerificationError."""
    with _opened(file) as source:
        status = os.fstat(source.fileno())
        if _is_export(source):
            _refuse_large(site, file, status.st_size)
            name = _file_name(file)
            blocks = bound(_blocks, source)
            export = read_export(blocks, blocks)
            return AdoptionPreview(
                file=file,
                name=name,
                created_at=min(export.metadata.timestamp, context.clock()),
                archive_bytes=status.st_size,
                files=0,
                manifest=None,
                export=export,
                name_is_taken=context.catalog.find(site.name, name) is not None,
            )
    with open_archive(file, Limits(max_bytes=site.max_archive_bytes)) as archive:
        _refuse_large_foreign(site, archive, file)
        name = _name_of(archive, file)
        found = found_backup(context, site.name, name, archive, file)
        return AdoptionPreview(
            file=file,
            name=name,
            created_at=found.created_at,
            archive_bytes=status.st_size,
            files=found.file_count or 0,
            manifest=archive.manifest,
            export=open_export(archive, Reporter()) if archive.holds_models else None,
            name_is_taken=context.catalog.find(site.name, name) is not None,
        )


def adopt_archive(context: Context, site: Site, file: Path, reporter: Reporter) -> Adoption:
    """Copy an archive from elsewhere into the store of a site, verify the copy, and list it.

    One from another program (FastCMS' form, or the records of a Django project) is foreign: it carries no hashes and
    is never verified. Records that come as one JSON file are put into a ZIP, unchanged. Adopting the same content
    under the same name does nothing; other content gets a suffix. Raise VerificationError where the archive is
    damaged, hostile, larger than the site allows, or stripped of the manifest that the catalog knows under its name.
    """
    context.require_writable("adopt an archive")
    with context.lock(site, "adopt"):
        tidy(context, site)
        context.store.prepare(site.name)
        partial = context.store.partial_path(site.name, _ON_ITS_WAY)
        try:
            _copy_in(context, site, file, partial, reporter)
            with open_archive(partial, Limits(max_bytes=site.max_archive_bytes)) as archive:
                _refuse_large_foreign(site, archive, file)
                archive.verify(reporter)
                return _take_in(context, site, archive, partial, file, reporter)
        finally:
            context.disk.unlink(partial)


def _copy_in(context: Context, site: Site, file: Path, partial: Path, reporter: Reporter) -> None:
    """What is verified must be what is kept, so the copy comes first."""
    with _opened(file) as source:
        status = os.fstat(source.fileno())
        is_export = _is_export(source)
        if is_export:
            _refuse_large(site, file, status.st_size)
        free = context.store.free_bytes()
        if status.st_size > free:
            raise GreenroomError(
                f"no space to adopt {file}: {format_size(status.st_size)} needed, {format_size(free)} free",
                hint="free some space in the storage folder",
            )
        reporter.phase("copying the archive", status.st_size)
        with context.disk.create(partial) as copy:
            if is_export:
                _wrap(source, status.st_size, copy, reporter)
            else:
                for block in _blocks(source):
                    context.disk.write(copy, block)
                    reporter.advance(len(block))
            context.disk.fsync(copy)
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))


def _opened(file: Path) -> IO[bytes]:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}", hint="name the archive's file") from error
    source = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        source.close()
        raise UsageError(f"{file} is not a file", hint="name the archive's file")
    return source


def _is_export(source: IO[bytes]) -> bool:
    """Whether a file is no ZIP but JSON, as it seems from its first sign."""
    source.seek(0)
    return source.read(_BLOCK).lstrip()[:1] == b"{"


def _blocks(source: IO[bytes]) -> Iterator[bytes]:
    source.seek(0)
    while block := source.read(_BLOCK):
        yield block


def _wrap(source: IO[bytes], size: int, copy: IO[bytes], reporter: Reporter) -> None:
    """Put a file into a ZIP that depends on nothing but its content."""
    member = ZipInfo(EXPORT)
    member.compress_type, member.file_size = ZIP_DEFLATED, size
    with ZipFile(copy, "w") as archive, archive.open(member, "w") as inside:
        for block in _blocks(source):
            inside.write(block)
            reporter.advance(len(block))


def _refuse_large_foreign(site: Site, archive: Archive, file: Path) -> None:
    """No more than it declares is ever read of an archive, so the declared size is the real one."""
    if archive.foreign:
        _refuse_large(site, file, archive.total_bytes)


def _refuse_large(site: Site, file: Path, size: int) -> None:
    if size > site.max_upload_bytes:
        raise VerificationError(
            f"{file} is of another program and holds {size:,} bytes,"
            f" more than the {site.max_upload_bytes:,} that are allowed",
            hint=f"raise `max_upload_bytes` of the site {site.name} if it is an honest one",
        )


def _take_in(context: Context, site: Site, archive: Archive, partial: Path, file: Path, reporter: Reporter) -> Adoption:
    wanted = _name_of(archive, file)
    store, catalog = context.store, context.catalog
    if archive.foreign:
        _refuse_stripped(context, site, {wanted, file.name.removesuffix(".zip")})
    present = catalog.find(site.name, wanted)
    here_already = _same_bytes(store.archive_path(site.name, wanted), partial, reporter)
    if here_already and present is not None and present.status == "completed":
        return Adoption(present, known=True)
    name = wanted if here_already else _free_variant(context, site.name, wanted)
    found = found_backup(context, site.name, name, archive, partial, reporter)
    state = StoredState(
        role="adopted",
        origin="adopted",
        foreign=archive.foreign,
        verified_at=found.verified_at,
        description=found.description,
        manifest_sha256=archive.manifest_sha256,
    )
    store.write_state(site.name, name, state)
    if not here_already:  # else an adoption that died before its row
        context.disk.rename(partial, store.partial_path(site.name, name))
        store.publish(site.name, name)
    return Adoption(catalog.insert_found(found), renamed=name != wanted)


def _refuse_stripped(context: Context, site: Site, names: set[str]) -> None:
    """A bare archive, whether it says so itself or by its file's name, is not one that has a manifest here."""
    for name in sorted(filter(is_name, names)):
        present = context.catalog.find(site.name, name)
        if present is not None and not present.foreign and present.status == "completed":
            raise VerificationError(
                f"the archive carries the name of {site.name}/{name}, which has a manifest, and has none itself",
                hint="it was stripped or exchanged; to adopt it as foreign all the same, rename it",
            )


def found_backup(
    context: Context, site: str, name: str, archive: Archive, path: Path, reporter: Reporter | None = None
) -> FoundBackup:
    """Given a whole archive, return the row that a catalog without its sidecar makes of it.

    An archive that does not say when it was made is as old as its file; no foreign one is from the future. Raise
    VerificationError where the records of an export are not those that it says.
    """
    now = context.clock()
    size, changed = path.stat().st_size, datetime.fromtimestamp(path.stat().st_mtime, UTC)
    manifest = archive.manifest
    if archive.holds_models:
        export = open_export(archive, reporter or Reporter())
        return FoundBackup(
            name=name,
            site=site,
            kind="portable",
            created_at=min(export.metadata.timestamp, now),
            created_by=export.metadata.created_by or "unknown (foreign)",
            completed_at=now,
            description=_about(export),
            foreign=True,
            manifest_sha256=archive.manifest_sha256,
            file_size=size,
            table_count=len(export.models),
            record_count=export.records,
            file_count=0,
        )
    if manifest is None:
        bare = archive.bare
        files = [entry for entry in archive.entries if entry.name.startswith("files/") and entry.kind is Kind.FILE]
        return FoundBackup(
            name=name,
            site=site,
            kind="snapshot",
            created_at=min((bare and bare.created_at) or changed, now),
            created_by="unknown (foreign)",
            completed_at=now,
            description=(bare and bare.backup_name) or "",
            foreign=True,
            manifest_sha256=archive.manifest_sha256,
            file_size=size,
            file_count=len(files),
        )
    return FoundBackup(
        name=name,
        site=site,
        kind=manifest.kind,
        scope=manifest.scope,
        created_at=manifest.created_at,
        created_by=manifest.created_by,
        completed_at=now,
        description=manifest.description,
        verified_at=now,
        manifest_json=manifest.to_bytes().decode(),
        manifest_sha256=archive.manifest_sha256,
        file_size=size,
        table_count=len(manifest.tables),
        record_count=sum(table.rows for table in manifest.tables),
        file_count=sum(folder.files for folder in manifest.files),
    )


def _name_of(archive: Archive, file: Path) -> str:
    """The archive's own name where it is a usable one, else the file's."""
    own = archive.manifest.name if archive.manifest else (archive.bare and archive.bare.backup_name) or ""
    return own if is_name(own) else _file_name(file)


def _file_name(file: Path) -> str:
    name = file.name.removesuffix(".zip").removesuffix(".json")
    return name if is_name(name) else "adopted"


def _about(export: Export) -> str:
    """What an export says of itself, in a line."""
    said = export.metadata
    version = f"Baby Buddy {said.babybuddy_version}" if said.babybuddy_version else "a Django project"
    return f"records of {version}, from {said.database_engine}"


def _free_variant(context: Context, site: str, wanted: str) -> str:
    taken = context.catalog.names(site)
    name, number = wanted, 1
    while name in taken or context.store.has_archive(site, name):
        number += 1
        name = f"{wanted}_{number}"
    return name


def _same_bytes(one: Path, other: Path, reporter: Reporter) -> bool:
    if not one.is_file() or one.stat().st_size != other.stat().st_size:
        return False
    reporter.phase("comparing with the archive of that name", 2 * one.stat().st_size)
    return file_sha256(one, reporter) == file_sha256(other, reporter)
