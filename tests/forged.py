"""An archive whose hashes all agree, and whose content is not what it should be: what only a restore finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core.archive import ArchiveWriter, Kind, Limits, Manifest, open_archive
from core.filesystem import Filesystem
from core.progress import Reporter

_OURS = {"metadata.json", "checksums.sha256"}


def forge(archive: Path, catalog: Path, member: str, change: Callable[[bytes], bytes]) -> None:
    """Change a member of an archive, and all hashes with it: in the archive, in the sidecar and in the catalog."""
    new = archive.with_suffix(".forged")
    with (
        open_archive(archive, Limits(max_bytes=1 << 30), allow_leaving_links=True) as old,
        ArchiveWriter(new, Filesystem(), Reporter()) as writer,
    ):
        assert old.manifest is not None
        manifest, before = old.manifest, old.manifest_sha256
        for entry in old.entries:
            assert entry.attributes is not None
            if entry.name in _OURS:
                continue
            if entry.kind is Kind.FOLDER:
                writer.add_folder(entry.name, entry.attributes)
            elif entry.kind is Kind.LINK:
                writer.add_link(entry.name, old.read_link(entry), entry.attributes)
            else:
                data = b"".join(old.read(entry))
                data = change(data) if entry.name == member else data
                written = writer.add_file(entry.name, [data], entry.attributes)
                manifest = _told(manifest, entry.name, written.bytes, written.sha256)
        after = writer.finish(manifest).manifest_sha256
    new.rename(archive)
    state = archive.with_suffix(".state.json")
    state.write_text(state.read_text().replace(str(before), after))
    with closing(sqlite3.connect(catalog)) as connection:
        connection.execute("UPDATE system_backups SET manifest_sha256 = ? WHERE manifest_sha256 = ?", (after, before))
        connection.commit()


def _told(manifest: Manifest, member: str, size: int, sha256: str) -> Manifest:
    known = {"bytes": size, "sha256": sha256}
    if manifest.database.member == member:
        return manifest.model_copy(update={"database": manifest.database.model_copy(update=known)})
    tables = tuple(one.model_copy(update=known) if one.member == member else one for one in manifest.tables)
    return manifest.model_copy(update={"tables": tables})
