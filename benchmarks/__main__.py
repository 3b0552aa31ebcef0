"""`python -m benchmarks`: measure, print, and write the results into benchmarks/README.md."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import listing, memory, screen, work
from benchmarks.site import large_site
from benchmarks.table import Row, as_table, write_results

_README = Path(__file__).with_name("README.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the sites are made; they are kept for later")
    parser.add_argument("--movies", type=int, default=48_000, help="movies of the large site, about 25 kB each")
    parser.add_argument("--rounds", type=int, default=3, help="how often each pair is measured; the median counts")
    parser.add_argument("--only", choices=["work", "memory", "list", "screen"], help="one part of it")
    parser.add_argument("--dry", action="store_true", help="print only, and leave README.md as it is")
    arguments = parser.parse_args()
    parts: dict[str, list[Row]] = {}
    for name, measure in _parts(arguments).items():
        if arguments.only in (None, name):
            parts[name] = measure()
            print(as_table(parts[name]), flush=True)
    if not arguments.dry:
        write_results(_README, _head(arguments), parts)


def _parts(arguments: argparse.Namespace) -> dict[str, Callable[[], list[Row]]]:
    folder, movies, rounds = arguments.folder, arguments.movies, arguments.rounds
    return {
        "work": lambda: work.measure(large_site(folder, movies), rounds),
        "memory": lambda: memory.measure(large_site(folder, movies // 10), large_site(folder, movies)),
        "list": lambda: listing.measure(folder, rounds),
        "screen": lambda: screen.measure(folder, large_site(folder, movies), rounds),
    }


def _head(arguments: argparse.Namespace) -> str:
    now = datetime.now(UTC)
    return (
        f"{now:%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, "
        f"{arguments.movies:,} movies, median of {arguments.rounds}."
    )


if __name__ == "__main__":
    main()
