"""`python -m benchmarks.categories`: all categories of all movies out, and changed ones in, beside a plain loop.

In each round greenroom and the loop get the same library and the same changed files; trivia and timeline of every
movie have an item more.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sqlite3
import statistics
import sys
import zipfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.process import Run, run
from benchmarks.site import Site, large_site
from benchmarks.table import Row, as_table, write_results

_README = Path(__file__).with_name("README.md")
_LOOP = "a loop over SQLAlchemy objects"
_NEW = {
    "trivia": ("items", {"question": "What is new?", "category": "Goofs", "answer": "This.", "explanation": None}),
    "timeline": (
        "events",
        {"date": "2026-01-31", "title": "New", "description": "New.", "category": "Premiere", "mediaUrl": None},
    ),
}


def measure(site: Site, rounds: int) -> list[Row]:
    """Return a row for the way out, and one for the way in."""
    scratch = site.folder / "scratch"
    ours_out, loop_out, ours_in, loop_in = list[Run](), list[Run](), list[Run](), list[Run]()
    for _ in range(rounds):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        ours, loop = Site(scratch / "ours"), scratch / "loop.db"
        ours.folder.mkdir(mode=0o700)
        shutil.copy(site.config, ours.config)
        for copy in (ours.database, loop):
            shutil.copy(site.database, copy)
        ours.uploads.mkdir()
        theirs, changed = scratch / "loop.zip", scratch / "changed.zip"
        ours_out.append(ours.greenroom("category", "export", "--all", "all", "-o", str(scratch / "ours.zip")))
        loop_out.append(_loop("export", loop, theirs))
        files = _change(scratch / "ours.zip", changed)
        ours_in.append(ours.greenroom("category", "import", str(changed), "--publish"))
        loop_in.append(_loop("import", loop, changed))
        if (found := [_rows(ours.database), _rows(loop)])[0] != found[1]:
            raise RuntimeError(f"greenroom and the loop wrote other rows: {found}")
    shutil.rmtree(scratch)
    return [
        _row(f"{files:,} files out, in one ZIP", ours_out, loop_out),
        _row(f"{files:,} files in, checked, drafted, logged, published", ours_in, loop_in),
    ]


def _loop(verb: str, database: Path, archive: Path) -> Run:
    return run([sys.executable, "-m", "benchmarks.categories_loop", verb, database, archive])


def _change(source: Path, target: Path) -> int:
    """Give trivia and timeline of every movie an item more; return how many files there are."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            envelope = json.loads(text)
            if envelope["category"] in _NEW:
                key, item = _NEW[envelope["category"]]
                envelope["data"][key].append(item)
                text = json.dumps(envelope, ensure_ascii=False, indent=2).encode()
            after.writestr(name, text)
        return len(before.namelist())


def _rows(database: Path) -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        return [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("trivia_items", "timeline_events", "credits", "awards")
        ]


def _row(what: str, ours: Sequence[Run], loop: Sequence[Run]) -> Row:
    ratio = statistics.median(one.seconds / other.seconds for one, other in zip(ours, loop, strict=True))
    return Row(what, _figures(ours), f"{_LOOP}: {_figures(loop)}", f"{ratio:.2f}")


def _figures(runs: Sequence[Run]) -> str:
    seconds, cpu = (statistics.median(getattr(one, part) for one in runs) for part in ("seconds", "cpu"))
    return f"{seconds:.1f} s, CPU {cpu:.1f} s, {max(one.peak_bytes for one in runs) / 1e6:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.categories", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the site is made; it is kept for later")
    parser.add_argument("--movies", type=int, default=10_000, help="movies of the library, seven files each")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is measured; the median counts")
    parser.add_argument("--dry", action="store_true", help="print only, and leave README.md as it is")
    arguments = parser.parse_args()
    rows = measure(large_site(arguments.folder, arguments.movies), arguments.rounds)
    print(as_table(rows), flush=True)
    if not arguments.dry:
        head = (
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, "
            f"{arguments.movies:,} movies, medians of {arguments.rounds}, memory the highest."
        )
        write_results(_README, head, {"categories": rows}, "categories results")


if __name__ == "__main__":
    main()
