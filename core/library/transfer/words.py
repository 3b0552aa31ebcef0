"""What an import or a restore did, or would do, in words: both faces say it so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.documents import said_path
from core.library.transfer.report import ImportReport
from core.library.transfer.tally import KINDS, Noted
from core.words import plural

_MOST_TOLD = 20

COUNTED = ("CREATED", "CHANGED", "UNCHANGED", "REFUSED", "REMOVED", "NOW")
"""What `counted_rows` counts of each kind of record."""


def counted_rows(report: ImportReport) -> list[tuple[str, ...]]:
    """Return a row for each kind of record: its name, and the numbers of COUNTED."""
    return [
        (
            kind,
            *(f"{counts[kind]:,}" for counts in (report.created, report.updated, report.unchanged, report.refused)),
            f"{report.removed[kind].total:,}",
            f"{report.totals[kind]:,}",
        )
        for kind in KINDS
    ]


def remark_lines(report: ImportReport) -> Iterator[str]:
    """Yield what a person should know of single records."""
    if report.skipped.total:
        yield f"{plural(report.skipped.total, 'record')} left as they are:"
        yield from (f"  {line}" for line in _first(_said(report.skipped), report.skipped.total))
    if report.future.total:
        yield f"{plural(report.future.total, 'record')} with a time that has not come yet:"
        yield from (f"  {line}" for line in _first(_said(report.future), report.future.total))
    if report.films_made:
        yield f"{plural(report.films_made, 'film')} new to the library"
    if report.people_made.total:
        yield f"people made for recommendations: {', '.join(_first(report.people_made, report.people_made.total))}"
    for words, times in report.notes.items():
        yield f"{times:,} times: {words}"
    if report.ignored:
        yield f"keys that nobody knows, ignored: {', '.join(report.ignored)}"


def refused_lines(report: ImportReport) -> list[str]:
    """Return what is wrong with the records that cannot be taken in."""
    return _first((str(problem) for problem in report.errors), report.errors.total)


def lost_lines(report: ImportReport) -> list[str]:
    """Return what goes: what the file lacks, and what gives way to its records, first what was changed later."""
    lines: list[str] = []
    for kind in KINDS:
        gone, changed = report.removed[kind], report.updated[kind]
        if gone.total:
            lines += [f"  {gone.total:,} of the {kind} are not in the file and go:"]
            lines += [f"    {line}" for line in _first(gone, gone.total)]
        if changed:
            newer = [one for one in report.newer if one.path[0] == kind]
            replaced = _said([*newer, *report.older[kind]])
            lines += [f"  {changed:,} of the {kind} are replaced by what the file says:"]
            lines += [f"    {line}" for line in _first(replaced, changed)]
    return lines or ["  nothing"]


def _said(noted: Sequence[Noted]) -> Iterator[str]:
    return (f"{said_path(one.path)} ({one.key}): {one.words}" for one in noted)


def _first(words: Iterable[str], total: int) -> list[str]:
    lines = [line for line, _ in zip(words, range(_MOST_TOLD), strict=False)]
    return lines if total <= len(lines) else [*lines, f"and {total - len(lines):,} more"]
