"""`greenroom list` with 5,000 backups, and what its time is made of."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from benchmarks.process import GREENROOM, Run, in_turn, run
from benchmarks.site import Site, large_site
from benchmarks.table import Row
from core.catalog import FoundBackup
from core.config import load_settings
from core.context import open_context, utc_now

BACKUPS = 5_000
_MOVIES = 100


def measure(folder: Path, rounds: int) -> list[Row]:
    """Return rows for `list --json`, beside Python itself and the imports it needs."""
    site = site_with_many_backups(folder)
    whole = in_turn(rounds, lambda: _list(site), lambda: run([sys.executable, "-c", "pass"]))
    imports = in_turn(
        rounds,
        lambda: run([sys.executable, "-c", "import cli.main, cli.backups, core.context"]),
        lambda: run([sys.executable, "-c", "import sqlalchemy, pydantic_settings, click"]),
    )
    return [
        Row(
            f"`list --all --json`, {BACKUPS:,} backups",
            f"{whole.ours * 1e3:.0f} ms",
            f"`python -c pass`: {whole.peer * 1e3:.0f} ms",
            f"{whole.ratio:.1f}",
        ),
        Row(
            "of which its imports",
            f"{imports.ours * 1e3:.0f} ms",
            f"SQLAlchemy, pydantic-settings and click alone: {imports.peer * 1e3:.0f} ms",
            f"{imports.ratio:.1f}",
        ),
    ]


def site_with_many_backups(folder: Path) -> Site:
    """Return a small demo site whose catalog knows 5,000 backups; their archives are not there."""
    site = large_site(folder / "many", _MOVIES)
    add_backups(site, BACKUPS)
    return site


def add_backups(site: Site, wanted: int) -> None:
    """Make the catalog know so many backups; the archives of those that were missing are not there."""
    context = open_context(load_settings(site.config))
    missing = wanted - context.catalog.count_backups("movies")
    now = utc_now()
    for number in range(missing):
        made = now - timedelta(hours=number + 1)
        context.catalog.insert_found(
            FoundBackup(
                name=f"backup_{made:%Y%m%d_%H%M%S}",
                site="movies",
                kind="snapshot",
                created_at=made,
                created_by="benchmark",
                completed_at=made,
                origin="found",
                role="manual",
                description=f"number {number}",
                verified_at=made,
                manifest_sha256="0" * 64,
                file_size=number * 1_000,
                table_count=17,
                record_count=number,
                file_count=number,
            )
        )
    context.catalog.close()


def _list(site: Site) -> Run:
    return run([GREENROOM, "--config", site.config, "--json", "list", "--all"])
