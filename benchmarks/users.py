"""`python -m benchmarks.users`: a user's library in and out at growing sizes, beside a plain loop.

Each size begins with the same small demo; its films are new to the library.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.process import GREENROOM, Run, run
from benchmarks.site import Site
from benchmarks.table import Row, as_table, write_results

_README = Path(__file__).with_name("README.md")
_LOOP = "a loop over SQLAlchemy objects"
_USER = "jonas"
_SIZES = (1_000, 10_000, 100_000)


def measure(size: int, rounds: int) -> list[Row]:
    """Return a row for the way in of so many entries, and one for the way out."""
    runs: dict[str, list[Run]] = {"ours in": [], "loop in": [], "ours out": [], "loop out": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            _round(Path(name), size, runs)
    return [
        _row(f"{size:,} entries in", size, runs["ours in"], runs["loop in"]),
        _row(f"{size:,} entries out", size, runs["ours out"], runs["loop out"]),
    ]


def _round(folder: Path, size: int, runs: dict[str, list[Run]]) -> None:
    site = Site(folder / "demo")
    run([GREENROOM, "demo", site.folder])
    plain, file = folder / "loop.db", folder / "library.json"
    shutil.copy(site.database, plain)
    file.write_text(json.dumps(_library(size)))
    out, theirs = folder / "ours.json", folder / "theirs.json"
    runs["ours in"].append(site.greenroom("library", "import", _USER, str(file)))
    runs["loop in"].append(_loop("import", plain, file))
    runs["ours out"].append(site.greenroom("library", "export", _USER, "-o", str(out)))
    runs["loop out"].append(_loop("export", plain, theirs))
    if (found := [_entries(site.database), _entries(plain)])[0] != found[1]:
        raise RuntimeError(f"greenroom and the loop wrote other rows: {found}")


def _library(size: int) -> dict[str, object]:
    movies = [
        {
            "imdb_id": f"tt{50_000_000 + number}",
            "status": "watched",
            "custom_list_id": None,
            "last_modified": 1_739_550_000.0,
            "recommendations": [
                {"person_name": f"Person {number % 50}", "date_recommended": 1_739_550_000.0, "vote_type": True}
            ],
            "watch_history": {"date_watched": 1_739_550_000.0, "my_rating": 8.5},
        }
        for number in range(size)
    ]
    return {"version": 2, "exported_at": 1_739_550_000.0, "movies": movies, "people": [], "lists": []}


def _loop(verb: str, database: Path, file: Path) -> Run:
    return run([sys.executable, "-m", "benchmarks.users_loop", verb, database, _USER, file])


def _entries(database: Path) -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        return [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("entries", "recommendations", "watch_history", "movies")
        ]


def _row(what: str, size: int, ours: Sequence[Run], loop: Sequence[Run]) -> Row:
    ratio = statistics.median(one.seconds / other.seconds for one, other in zip(ours, loop, strict=True))
    return Row(what, _figures(ours, size), f"{_LOOP}: {_figures(loop, size)}", f"{ratio:.2f}")


def _figures(runs: Sequence[Run], size: int) -> str:
    seconds = statistics.median(one.seconds for one in runs)
    peak = max(one.peak_bytes for one in runs) / 1e6
    return f"{seconds:.2f} s, {seconds / size * 1e3:.2f} s a thousand, {peak:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.users", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES, help="entries of the libraries")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is measured; the median counts")
    parser.add_argument("--dry", action="store_true", help="print only, and leave README.md as it is")
    arguments = parser.parse_args()
    rows = [row for size in arguments.sizes for row in measure(size, arguments.rounds)]
    print(as_table(rows), flush=True)
    if not arguments.dry:
        head = (
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, "
            f"medians of {arguments.rounds}, memory the highest; the start of a process is in all of it."
        )
        write_results(_README, head, {"users": rows}, "users results")


if __name__ == "__main__":
    main()
