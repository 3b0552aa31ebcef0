"""A large library goes out and in with little more memory than a small one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.filesystem import Filesystem
from core.library.models import Base
from core.sqlite_files import create_file, open_file
from tests.core.library.transfer.transfer_support import THEN, movie, said

ENTRIES = 50_000
_MIB = 1 << 20
_CHILD = """\
import sys
from pathlib import Path

from core.databases.sessions import reading, writing
from core.library.transfer import export_library, import_library, open_library
from core.progress import Reporter
from core.secrets import file_url
from tests.core.library.transfer.transfer_support import MIRA, add_user

def peak():
    # What getrusage tells begins with what the process that started this one held.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10

database, path, entries = file_url(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
with writing(database) as session:
    add_user(session, MIRA, "mira")
    before = peak()
    report = import_library(session, MIRA, open_library(path, Reporter()), now=1.3e9, reporter=Reporter())
    assert report.imported["movies"] == report.totals["movies"] == entries, report.errors[:3]
    assert len(report.imdb_ids_needing_enrichment) == entries
    session.commit()
imported = peak()
with reading(database) as session, open(sys.argv[2] + ".out", "wb") as file:
    file.writelines(export_library(session, MIRA, now=1.3e9, reporter=Reporter()).blocks)
print(before, imported - before, peak() - imported)
"""


def write_large(path: Path, entries: int) -> None:
    with path.open("w") as file:
        file.write('{"version": 2, "movies": [')
        for number in range(entries):
            watched = {"date_watched": THEN, "my_rating": 1 + number % 10}
            record = movie(f"tt{number:08}", watch_history=watched, recommendations=[said(f"P{number % 50}")])
            file.write(("," if number else "") + json.dumps(record))
        file.write("]}")


@pytest.mark.slow
def test_memory_stays_bounded(tmp_path: Path) -> None:
    database, path = tmp_path / "app.db", tmp_path / "large.json"
    create_file(database, Filesystem())
    engine = open_file(database, 1)
    Base.metadata.create_all(engine)
    engine.dispose()
    write_large(path, ENTRIES)
    words = [sys.executable, "-c", _CHILD, str(database), str(path), str(ENTRIES)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    _, importing, exporting = (int(word) / _MIB for word in done.stdout.split())
    # The file has 13 MiB and as Python objects ten times as much. What grows: the ids that wait for enrichment, and
    # a number a film.
    assert importing < 32, done.stdout
    assert exporting < 10, done.stdout
