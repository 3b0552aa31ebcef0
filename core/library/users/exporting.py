"""A user's library out into a new file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.library.exchange.outward import new_file
from core.library.transfer import export_library
from core.library.transfer.tally import Kind, Listed
from core.progress import Reporter


@dataclass(frozen=True, slots=True)
class Exported:
    """A library in a file: its size in bytes, how many records of each kind, and what no file can name."""

    file: Path
    size_bytes: int
    counts: Mapping[Kind, int]
    left_out: Listed[str]


def export_file(
    context: Context, site: Site, user_id: str, target: Path, reporter: Reporter, *, overwrite: bool = False
) -> Exported:
    """Write a user's library into a private file; raise UsageError where the name is taken, with nothing left there."""
    context.require_writable("write a file")
    now = context.clock().timestamp()
    with reading(site.database_url()) as session:
        made = export_library(session, user_id, now=now, reporter=reporter)
        with new_file(context.disk, target, overwrite=overwrite) as file:
            for block in made.blocks:
                context.disk.write(file, block)
    return Exported(target, target.stat().st_size, made.counts, made.left_out)
