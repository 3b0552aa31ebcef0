"""What an archive as a whole must be: its layout, its names, and a manifest that tells the truth about it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from core.archive.checksums import parse_checksums
from core.archive.directory import Directory, Entry, entry_end, read_entries
from core.archive.listing import NOTHING_SHA256, FolderListing
from core.archive.manifest import FolderEntry, Manifest, folder_prefix
from core.archive.names import link_leaves, shown
from core.archive.register import AnyNames, OrderedNames, OutOfOrderError, Register
from core.archive.source import Source
from core.archive.zipformat import DESCRIPTOR_FLAG, Kind
from core.errors import VerificationError

METADATA = "metadata.json"
CHECKSUMS = "checksums.sha256"
BARE_DATABASE = "database.db"
EXPORT = "export.json"

Form = Literal["bare", "models", "export"]

_ROOT = "files/"
_MODEL = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,99})/([A-Za-z_][A-Za-z0-9_]{0,99})\.json")
_ONLY_EXPORT = {EXPORT}
_ALONE = frozenset({"database.db", "database.dump", "database.sql", "schema.json", METADATA, CHECKSUMS})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold: bytes of content altogether, and entries (implied folders counted)."""

    max_bytes: int
    max_entries: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first walk through the directory found."""

    metadata: Entry | None
    checksums: Entry | None
    total_bytes: int


def survey(source: Source, directory: Directory, limits: Limits) -> Survey:
    """Walk through the directory; raise VerificationError unless it is sound and within the limits.

    Sound: good names that do not collide, headers that agree, and entries that follow each other from the
    first byte to the directory, with nothing between them and nothing twice.
    """
    if directory.entries > limits.max_entries:
        raise VerificationError(
            f"{source.path} holds too many entries: {directory.entries}, allowed are {limits.max_entries}"
        )
    try:
        return _survey(source, directory, limits, OrderedNames(limits.max_entries, _ALONE, "tables"))
    except OutOfOrderError:
        return _survey(source, directory, limits, AnyNames(limits.max_entries))


def _survey(source: Source, directory: Directory, limits: Limits, register: Register) -> Survey:
    found: dict[str, Entry] = {}
    total, previous = 0, None
    for entry in read_entries(source, directory):
        register.add(entry.name, entry.kind)
        total += entry.size
        if total > limits.max_bytes:
            raise VerificationError(
                f"{source.path} holds more than the {limits.max_bytes} bytes that are allowed",
                hint="raise `max_archive_bytes` of the site if the archive is an honest one",
            )
        _check_neighbours(source, previous, entry.offset)
        previous = entry
        if entry.name in {METADATA, CHECKSUMS}:
            found[entry.name] = entry
    _check_neighbours(source, previous, directory.offset)
    return Survey(found.get(METADATA), found.get(CHECKSUMS), total)


def native_entries(
    source: Source, directory: Directory, keys: Iterable[str], checksums: Iterator[bytes]
) -> Iterator[Entry]:
    """Yield the entries with their folders and hashes; raise VerificationError unless each file has one hash.

    `checksums` is the content of checksums.sha256, which names the files in the order of the archive.
    """
    prefixes = {folder_prefix(key): key for key in keys}
    hashes = parse_checksums(checksums)
    for entry in read_entries(source, directory):
        sha256 = None
        if entry.kind is Kind.FILE and entry.name != CHECKSUMS:
            name, sha256 = next(hashes, (None, None))
            if name != entry.name:
                said = "nothing" if name is None else shown(name)
                raise VerificationError(f"{CHECKSUMS} names {said} where the archive holds {shown(entry.name)}")
        yield _placed(entry, prefixes, sha256)
    for name, _ in hashes:
        raise VerificationError(f"{CHECKSUMS} names {shown(name)}, which the archive does not hold")


def bare_entries(source: Source, directory: Directory) -> Iterator[Entry]:
    """Yield the entries of a bare archive, which has one folder of files and no hashes."""
    for entry in read_entries(source, directory):
        yield _placed(entry, {_ROOT: ""}, None)


def check_native(
    entries: Iterable[Entry], manifest: Manifest, manifest_sha256: str | None, read_link: Callable[[Entry], str]
) -> None:
    """Raise VerificationError unless the entries are exactly what the manifest says, content put aside.

    The content is bound by the hashes of the entries, which the digests in the manifest cover.
    """
    listings = {folder.key: FolderListing() for folder in manifest.files}
    wanted = manifest.members
    for entry in entries:
        if entry.flags & DESCRIPTOR_FLAG or entry.attributes is None:
            raise VerificationError(f"{shown(entry.name)} is not as greenroom writes entries")
        if entry.folder is None:
            _check_member(entry, wanted.pop(entry.name, None))
            if entry.name == METADATA and entry.sha256 != manifest_sha256:
                raise VerificationError(f"{METADATA} is damaged: its SHA-256 disagrees")
            continue
        sha256 = entry.sha256 or NOTHING_SHA256
        if entry.kind is Kind.LINK:
            sha256 = hashlib.sha256(os.fsencode(read_link(entry))).hexdigest()
        listings[entry.folder].add(entry.relative, entry.kind, entry.attributes, entry.size, sha256)
    for missing in wanted:
        raise VerificationError(f"the manifest lies: the archive holds no {shown(missing)}")
    for folder in manifest.files:
        _check_folder(folder, listings[folder.key].entry(folder.key, folder.path))


def check_bare(entries: Iterable[Entry], read_link: Callable[[Entry], str]) -> None:
    """Raise VerificationError unless the entries are a database and perhaps files and metadata, no more."""
    has_database = False
    for entry in entries:
        if entry.folder is None and (entry.kind is not Kind.FILE or entry.name not in {BARE_DATABASE, METADATA}):
            raise VerificationError(
                f"the archive holds {shown(entry.name)}, which has no place in it",
                hint="the bare form is database.db, files/ and metadata.json",
            )
        if entry.kind is Kind.LINK:
            read_link(entry)
        has_database = has_database or entry.name == BARE_DATABASE
    if not has_database:
        raise VerificationError(f"the archive is neither greenroom's nor a bare one: it holds no {BARE_DATABASE}")


def model_of(name: str) -> str | None:
    """Given the name of an entry of an export, return the model whose records it holds, or None."""
    found = _MODEL.fullmatch(name)
    return None if found is None else f"{found[1]}.{found[2]}"


def find_form(entries: Iterable[Entry]) -> Form:
    """Tell by its names what a foreign archive is: a database, or the records of models, a file each or all in one."""
    names: set[str] = set()
    models = False
    for entry in entries:
        if entry.name == BARE_DATABASE:
            return "bare"
        models = models or model_of(entry.name) is not None
        if len(names) < len(_ONLY_EXPORT) + 1:
            names.add(entry.name)
    if names == _ONLY_EXPORT:
        return "export"
    return "models" if models else "bare"


def check_models(entries: Iterable[Entry]) -> None:
    """Raise VerificationError unless the entries are files of models, their folders and metadata, no more."""
    for entry in entries:
        is_folder = entry.kind is Kind.FOLDER and _MODEL.fullmatch(f"{entry.name}model.json")
        is_file = entry.kind is Kind.FILE and (entry.name == METADATA or model_of(entry.name))
        if not (is_folder or is_file):
            raise VerificationError(
                f"the archive holds {shown(entry.name)}, which has no place in it",
                hint="an export of a Django project is metadata.json and APP/MODEL.json",
            )


def fingerprint(entries: Iterable[Entry]) -> str:
    """Return one number for names, lengths and CRC-32 of all entries: what tells archives without hashes apart."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(f"{entry.crc32} {entry.size} {entry.name}\n".encode())
    return digest.hexdigest()


def check_link(entry: Entry, target: str) -> None:
    """Raise VerificationError where a link may lead out of its folder of files."""
    if entry.folder is not None and link_leaves(entry.relative, target):
        raise VerificationError(
            f"the link {shown(entry.name)} leaves its folder: it leads to {shown(target)}",
            hint="only an archive that greenroom made from a folder with such a link may hold it",
        )


def _check_neighbours(source: Source, previous: Entry | None, offset: int) -> None:
    if previous is None:
        if offset:
            raise VerificationError(f"{source.path}: something stands before the first entry")
        return
    end = entry_end(source, previous, offset)
    if end > offset:
        raise VerificationError(f"{source.path}: {shown(previous.name)} overlaps what follows it")
    if end < offset:
        raise VerificationError(f"{source.path}: there are stray bytes behind {shown(previous.name)}")


def _placed(entry: Entry, prefixes: dict[str, str], sha256: str | None) -> Entry:
    if not entry.name.startswith(_ROOT):
        return entry._replace(sha256=sha256)
    prefix = _ROOT if _ROOT in prefixes else "/".join(entry.name.split("/", 2)[:2]) + "/"
    if prefix not in prefixes or not entry.name.startswith(prefix):
        raise VerificationError(f"{shown(entry.name)} lies in no folder that the manifest names")
    relative = entry.name.removeprefix(prefix).removesuffix("/")
    return entry._replace(sha256=sha256, folder=prefixes[prefix], relative=relative)


def _check_member(entry: Entry, said: tuple[int, str] | None) -> None:
    if entry.kind is not Kind.FILE or (said is None and entry.name not in {METADATA, CHECKSUMS}):
        raise VerificationError(f"the archive holds {shown(entry.name)}, which has no place in it")
    if said is not None and (entry.size, entry.sha256) != said:
        raise VerificationError(f"the manifest lies: {shown(entry.name)} has another size or hash than it says")


def _check_folder(said: FolderEntry, found: FolderEntry) -> None:
    name = shown(said.prefix)
    for what in ("files", "folders", "links", "bytes"):
        if getattr(said, what) != getattr(found, what):
            raise VerificationError(
                f"the manifest lies: it says {getattr(said, what)} {what} in {name},"
                f" and the archive holds {getattr(found, what)}"
            )
    if said != found:
        raise VerificationError(
            f"the manifest lies: names, attributes or hashes in {name} are not those that it was made for"
        )
