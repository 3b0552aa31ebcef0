"""The archive of a backup: a ZIP file with a manifest, written, opened, read and verified."""

from core.archive.ahead import reading_ahead
from core.archive.checks import Limits
from core.archive.directory import Entry
from core.archive.manifest import (
    FORMAT,
    FORMAT_VERSION,
    BareMetadata,
    DatabaseEntry,
    FolderEntry,
    Manifest,
    TableEntry,
    folder_prefix,
    table_member,
)
from core.archive.reader import Archive, Verified, open_archive
from core.archive.source import file_sha256
from core.archive.writer import ArchiveWriter, Finished, FolderSection, Written
from core.archive.zipformat import Attributes, Kind

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "Archive",
    "ArchiveWriter",
    "Attributes",
    "BareMetadata",
    "DatabaseEntry",
    "Entry",
    "Finished",
    "FolderEntry",
    "FolderSection",
    "Kind",
    "Limits",
    "Manifest",
    "TableEntry",
    "Verified",
    "Written",
    "file_sha256",
    "folder_prefix",
    "open_archive",
    "reading_ahead",
    "table_member",
]
