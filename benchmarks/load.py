"""`python -m benchmarks.load ARCHIVE URL`: a portable backup into an empty database, by the functions that do it.

What it prints is how many seconds of it the comparison took.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sqlalchemy import make_url

from core.archive import Limits, open_archive
from core.databases.target import open_target
from core.progress import Reporter, Unit
from core.restore.loading import fill_new, plan_tables
from core.restore.tables import open_tables

_MOST_BYTES = 1 << 40


class _Clock(Reporter):
    """Notes when each phase began, and when something was last done in it."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[str, tuple[float, float]] = {}
        self._phase = ""

    def phase(self, name: str, total: int | None = None, unit: Unit = "bytes") -> None:
        super().phase(name, total, unit)
        self._phase = name
        self.spans[name] = (time.perf_counter(), time.perf_counter())

    def advance(self, amount: int = 1) -> None:
        super().advance(amount)
        self.spans[self._phase] = (self.spans[self._phase][0], time.perf_counter())


def main() -> None:
    path, url = sys.argv[1:]
    clock = _Clock()
    with open_archive(Path(path), Limits(_MOST_BYTES)) as archive, open_target(make_url(url)) as target:
        found = open_tables(archive)
        fill_new(found, target, plan_tables(found.schema, target), clock)
    begun, ended = clock.spans["comparing the tables"]
    print(ended - begun)


if __name__ == "__main__":
    main()
