"""The peak memory of each verb, on a site and on one ten times as large."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.process import Run
from benchmarks.site import Site
from benchmarks.table import Row

_VERBS: dict[str, Callable[[Site], Run]] = {
    "backup": lambda site: site.greenroom("backup", "movies"),
    "verify": lambda site: site.greenroom("verify", "latest"),
    "restore --stage": lambda site: site.greenroom("restore", "latest", "--stage", "--yes"),
    "apply": lambda site: site.greenroom("apply", "movies"),
    "undo": lambda site: site.greenroom("undo", "--yes"),
}


def measure(small: Site, large: Site) -> list[Row]:
    """Return a row for each verb: its peak on the large site, beside that on the small one."""
    rows = []
    for name, verb in _VERBS.items():
        peaks = [verb(site).peak_bytes / 1e6 for site in (small, large)]
        rows.append(
            Row(
                f"memory of `{name}`, {large.content_bytes / 1e6:,.0f} MB",
                f"{peaks[1]:.0f} MB",
                f"itself, {small.content_bytes / 1e6:,.0f} MB: {peaks[0]:.0f} MB",
                f"{peaks[1] / peaks[0]:.2f}",
                "below 150 MB",
            )
        )
    for site in (small, large):
        site.clear()
    return rows
