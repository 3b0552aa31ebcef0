"""Several processes and threads write the same catalog."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.catalog import Catalog
from core.errors import GreenroomError
from core.filesystem import Filesystem

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_EACH = 25


def _write(catalog: Catalog, site: str) -> int:
    """Begin and end backups, every second one under a name that all writers want; return how many got it."""
    won = 0
    for number in range(_EACH):
        for wanted_site in (site, "shared"):
            try:
                record = catalog.begin_backup(
                    name=f"n{number}",
                    site=wanted_site,
                    kind="snapshot",
                    scope="full",
                    role="manual",
                    description="",
                    created_by="ada",
                    created_at=NOON + timedelta(minutes=number),
                )
            except GreenroomError as error:
                if "already has a backup" not in error.message:
                    raise
                continue
            catalog.fail_backup(record.id, "only a try")
            won += wanted_site == "shared"
        assert len(catalog.backups(site, limit=1)) == 1
    return won


def _write_alone(path: Path, site: str) -> int:
    return _write(Catalog(path, Filesystem()), site)


def _check(catalog: Catalog, sites: Sequence[str], won: Sequence[int]) -> None:
    assert sum(won) == _EACH
    for site in (*sites, "shared"):
        found = catalog.backups(site)
        assert len(found) == _EACH
        assert {record.status for record in found} == {"failed"}
    assert len({record.id for record in catalog.backups()}) == _EACH * (len(sites) + 1)


def test_processes(catalog: Catalog, path: Path) -> None:
    sites = ["a", "b", "c"]
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        won = pool.starmap(_write_alone, [(path, site) for site in sites])
    _check(catalog, sites, won)


def test_threads_that_share_one_catalog(path: Path) -> None:
    catalog = Catalog(path, Filesystem())
    catalog.initialise()
    sites = ["a", "b", "c", "d"]
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(lambda site: _write(catalog, site), sites))
    _check(catalog, sites, won)
