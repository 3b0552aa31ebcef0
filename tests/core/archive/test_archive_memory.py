"""Memory stays flat, however long the content is."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from core.archive import ArchiveWriter, DatabaseEntry
from core.archive.checks import survey
from core.archive.directory import find_directory
from core.archive.source import Source
from core.filesystem import Filesystem
from core.progress import Reporter
from tests.core.archive.conftest import LIMITS, OURS, manifest

SCRIPT = """
import random, resource, sys
from pathlib import Path
from core.archive import ArchiveWriter, DatabaseEntry, open_archive
from core.filesystem import Filesystem
from core.progress import Reporter
from tests.core.archive.conftest import LIMITS, OURS, manifest

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

path, kind = Path(sys.argv[1]), sys.argv[2]
noise = random.Random(1).randbytes(1 << 20)
block = {"text": b"a row of a table; " * 60_000, "noise": noise, "zeros": bytes(1 << 20)}[kind]
start = peak()
with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
    written = writer.add_file("database.db", (block for _ in range(300)), OURS)
    section = writer.open_folder("", "/srv", OURS)
    for number in range(40):
        section.add_file(str(number), (block for _ in range(1)), OURS)
    entry = DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)
    writer.finish(manifest(entry, (section.entry(),)))
wrote = peak()
with open_archive(path, LIMITS) as archive:
    archive.verify(Reporter())
print(wrote - start, peak() - wrote)
"""


@pytest.mark.parametrize("kind", ["text", "noise", "zeros"])
def test_300_megabytes_pass_through_a_small_window(tmp_path: Path, kind: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "long.zip"), kind]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    writing, reading = map(int, ran.stdout.split())
    assert writing < 64
    assert reading < 32


def test_names_are_not_kept(tmp_path: Path) -> None:
    """20,000 names that are in order take no more than a few do; kept, they would take two megabytes and more."""
    path = tmp_path / "many.zip"
    with ArchiveWriter(path, Filesystem(), Reporter()) as writer:
        written = writer.add_file("database.db", [b"rows"], OURS)
        section = writer.open_folder("", "/srv", OURS)
        for number in range(20_000):
            section.add_file(f"a name as long as uploaded files have {number:06}", [], OURS)
        entry = DatabaseEntry(member="database.db", bytes=written.bytes, sha256=written.sha256)
        writer.finish(manifest(entry, (section.entry(),)))
    with closing(Source(path)) as source:
        tracemalloc.start()
        try:
            found = survey(source, find_directory(source), LIMITS)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert found.checksums is not None
    assert peak < 1_500_000
