"""`python -m benchmarks.portable`: portable backups beside the engines' own tools and beside Django's."""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.engines import Engine, clear_folder, engines
from benchmarks.process import GREENROOM, Run, run, shell
from benchmarks.site import Site
from benchmarks.table import Row, as_table, write_results

_README = Path(__file__).with_name("README.md")
_SOURCE, _TENTH, _INTO = "greenroom_bench", "greenroom_bench_tenth", "greenroom_bench_into"
_LEAST_BYTES_OF_A_ROW = 50
_CONFIG = """state = "state"
storage = "storage"
[sites.shop]
database = "{url}"
files = []
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portable", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where databases and archives are made")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows in the six tables together")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the medians count")
    parser.add_argument("--engine", action="append", help="only this one; repeatable")
    parser.add_argument("--dry", action="store_true", help="print only, and leave README.md as it is")
    arguments = parser.parse_args()
    parts: dict[str, list[Row]] = {}
    for engine in engines(clear_folder(arguments.folder.absolute())):
        if engine.name in (arguments.engine or [engine.name]):
            parts[engine.name] = measure(engine, arguments.rows, arguments.rounds)
            print(as_table(parts[engine.name]), flush=True)
    if not arguments.dry:
        write_results(_README, _head(arguments), parts, mark="portable results")


def measure(engine: Engine, rows: int, rounds: int) -> list[Row]:
    """Make the databases of one engine, and return a row for each thing that is done with them."""
    tenth = engine.fill(_TENTH, rows // 10)
    site = _site(engine, engine.fill(_SOURCE, rows))
    native, plain, fixture = (engine.folder / f"{engine.name}.{end}" for end in ("native", "plain", "json"))
    ours, peer, dumped = [], [], []
    for _ in range(rounds):
        site.clear()
        ours.append(engine.measured(lambda: site.greenroom("backup", "--kind", "portable")))
        peer.append(engine.native_backup(engine.url(_SOURCE), native))
        dumped.append(engine.measured(lambda: _django("dumpdata", tenth, fixture)))
    shell(engine.unpack, native, plain)
    if fixture.stat().st_size < _LEAST_BYTES_OF_A_ROW * rows // 10:
        raise RuntimeError(f"{fixture} does not hold the rows")
    name = engine.name
    found = [
        _row(f"{name}: backup with its verification", ours, engine.backup_tool, peer, "at most 0.33"),
        _row(f"{name}: the same", ours, "`dumpdata`, ten times a tenth", _ten_times(dumped), "at most 0.10"),
    ]
    ours, alone, peer, loaded = [], [], [], []
    for _ in range(rounds):
        whole, comparing = _load(engine, site.latest())
        ours.append(whole)
        alone.append(replace(whole, seconds=whole.seconds - comparing))
        peer.append(_native_restore(engine, plain))
        loaded.append(_loaddata(engine, fixture))
    for database in (_SOURCE, _TENTH, _INTO):
        engine.drop(database)
    return [
        *found,
        _row(f"{name}: restore, without the time of the comparison", alone, engine.restore_tool, peer, "at most 1.5"),
        _row(f"{name}: restore with the comparison", ours, engine.restore_tool, peer, "at most 2.5"),
        _row(f"{name}: the same", ours, "`loaddata`, ten times a tenth", _ten_times(loaded), "at most 0.02"),
    ]


def _site(engine: Engine, url: str) -> Site:
    site = Site(clear_folder(engine.folder / f"{engine.name}_site"))
    site.config.write_text(_CONFIG.format(url=url))
    run([GREENROOM, "--config", site.config, "init"])
    return site


def _load(engine: Engine, archive: Path) -> tuple[Run, float]:
    """Restore an archive into an empty database; return also how many seconds of it the comparison took."""
    said = engine.folder / "said"
    url = engine.empty(_INTO)
    whole = engine.measured(lambda: run([sys.executable, "-m", "benchmarks.load", archive, url], said))
    return whole, float(said.read_text())


def _native_restore(engine: Engine, file: Path) -> Run:
    return engine.native_restore(engine.empty(_INTO), file)


def _loaddata(engine: Engine, fixture: Path) -> Run:
    url = engine.fill(_INTO, 0)
    return engine.measured(lambda: _django("loaddata", url, fixture))


def _django(command: str, url: str, fixture: Path) -> Run:
    return run([sys.executable, "-m", "benchmarks.django_shop", command, url, fixture])


def _ten_times(runs: Sequence[Run]) -> list[Run]:
    return [replace(one, seconds=10 * one.seconds, cpu=10 * one.cpu) for one in runs]


def _row(what: str, ours: Sequence[Run], tool: str, peer: Sequence[Run], aim: str) -> Row:
    ratio = statistics.median(one.seconds / other.seconds for one, other in zip(ours, peer, strict=True))
    return Row(what, _figures(ours), f"{tool}: {_figures(peer)}", f"{ratio:.2f}", aim)


def _figures(runs: Sequence[Run]) -> str:
    """Medians of the time and of the processor's, the server's included, and the highest peak of memory."""
    seconds, cpu = (statistics.median(getattr(one, part) for one in runs) for part in ("seconds", "cpu"))
    return f"{seconds:.1f} s, CPU {cpu:.1f} s, {max(one.peak_bytes for one in runs) / 1e6:.0f} MB"


def _head(arguments: argparse.Namespace) -> str:
    now = datetime.now(UTC)
    return (
        f"{now:%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {arguments.rows:,} rows, "
        f"medians of {arguments.rounds}, memory the highest; Django's of {arguments.rows // 10:,} rows, times ten."
    )


if __name__ == "__main__":
    main()
