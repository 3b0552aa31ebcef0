"""The archive of a backup: a ZIP file with a manifest, written, opened, read and verified."""

from core.archive.ahead import reading_ahead
from core.archive.checks import EXPORT, Limits, model_of
from core.archive.directory import Entry
from core.archive.manifest import (
    FORMAT,
    FORMAT_VERSION,
    BareMetadata,
    DatabaseEntry,
    ExportMetadata,
    FolderEntry,
    Manifest,
    TableEntry,
    folder_prefix,
    parse_export,
    read_document,
    table_member,
)
from core.archive.reader import Archive, Verified, open_archive
from core.archive.source import file_sha256
from core.archive.writer import ArchiveWriter, Finished, FolderSection, Written
from core.archive.zipformat import Attributes, Kind

__all__ = [
    "EXPORT",
    "FORMAT",
    "FORMAT_VERSION",
    "Archive",
    "ArchiveWriter",
    "Attributes",
    "BareMetadata",
    "DatabaseEntry",
    "Entry",
    "ExportMetadata",
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
    "model_of",
    "open_archive",
    "parse_export",
    "read_document",
    "reading_ahead",
    "table_member",
]
