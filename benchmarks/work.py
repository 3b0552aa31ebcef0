"""Backup, verification and restore, beside what a person would type without greenroom."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.process import GREENROOM, Pair, Run, in_turn, shell
from benchmarks.site import Site
from benchmarks.table import Row

_BACKUP = """
sqlite3 "$1/app.db" ".backup $2/app.db"
tar -cf - -C "$2" app.db -C "$1" uploads | gzip -1 > "$2/all.tar.gz"
"""
_RESTORE = """
unzip -qq "$1" -d "$2/unpacked"
sync
"$3" --config "$4" backup movies
"""


def measure(site: Site, rounds: int) -> list[Row]:
    """Return a row for each verb on a large site."""
    site.clear()
    scratch = site.folder / "scratch"
    size = site.content_bytes
    backup = in_turn(rounds, lambda: _cleared(site, "backup", "movies"), lambda: _peer_backup(site, scratch))
    archive = site.latest()
    verify = in_turn(rounds, lambda: site.greenroom("verify", "latest"), lambda: shell('unzip -tqq "$1"', archive))
    restore = in_turn(rounds, lambda: _restore(site, archive), lambda: _peer_restore(site, archive, scratch))
    site.clear()
    return [
        _row(
            f"backup with its verification, {size / 1e6:,.0f} MB", backup, "`sqlite3 .backup`, `tar`, `gzip -1`", "1.0"
        ),
        _row("verify", verify, "`unzip -t`", "1.0"),
        _row("restore with its safety backup", restore, "`unzip`, `sync`, a backup", "1.5"),
    ]


def _row(what: str, pair: Pair, peer: str, aim: str) -> Row:
    return Row(what, f"{pair.ours:.1f} s", f"{peer}: {pair.peer:.1f} s", f"{pair.ratio:.2f}", f"at most {aim}")


def _cleared(site: Site, *words: str) -> Run:
    site.clear()
    return site.greenroom(*words)


def _peer_backup(site: Site, scratch: Path) -> Run:
    _empty(scratch)
    return shell(_BACKUP, site.folder, scratch)


def _restore(site: Site, archive: Path) -> Run:
    return site.greenroom("restore", archive.stem, "--now", "--yes")


def _peer_restore(site: Site, archive: Path, scratch: Path) -> Run:
    _empty(scratch)
    return shell(_RESTORE, archive, scratch, GREENROOM, site.config)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
