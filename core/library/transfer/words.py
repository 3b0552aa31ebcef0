"""What an import or a restore did, or would do, in words: both faces say it so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from core.documents import said_path
from core.library.transfer.report import ImportReport
from core.library.transfer.tally import KINDS, Listed, Noted
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
        yield from (f"  {line}" for line in _first(report.skipped, _said(report.skipped)))
    if report.future.total:
        yield f"{plural(report.future.total, 'record')} with a time that has not come yet:"
        yield from (f"  {line}" for line in _first(report.future, _said(report.future)))
    if report.films_made:
        yield f"{plural(report.films_made, 'film')} new to the library"
    if report.people_made.total:
        yield f"people made for recommendations: {', '.join(_first(report.people_made, report.people_made))}"
    for words, times in report.notes.items():
        yield f"{times:,} times: {words}"
    if report.ignored:
        yield f"keys that nobody knows, ignored: {', '.join(report.ignored)}"


def refused_lines(report: ImportReport) -> list[str]:
    """Return what is wrong with the records that cannot be taken in."""
    return _first(report.errors, (str(problem) for problem in report.errors))


def lost_lines(report: ImportReport) -> list[str]:
    """Return what a restore takes away: what the file lacks, and what was changed later than in it."""
    lines: list[str] = []
    for kind in KINDS:
        gone = report.removed[kind]
        if gone.total:
            lines += [f"  {gone.total:,} of the {kind} are not in the file and go:"]
            lines += [f"    {line}" for line in _first(gone, gone)]
    if report.newer.total:
        lines += [f"  {plural(report.newer.total, 'record')} changed later than in the file:"]
        lines += [f"    {line}" for line in _first(report.newer, _said(report.newer))]
    if report.updated["movies"] and not report.newer.total:
        lines += [f"  {plural(report.updated['movies'], 'movie')} will be what the file says"]
    return lines or ["  nothing"]


def _said(noted: Sequence[Noted]) -> Iterator[str]:
    return (f"{said_path(one.path)} ({one.key}): {one.words}" for one in noted)


def _first(listed: Listed[Noted] | Listed[str] | Sequence[object], words: Iterable[str]) -> list[str]:
    total = listed.total if isinstance(listed, Listed) else len(listed)
    lines = [line for line, _ in zip(words, range(_MOST_TOLD), strict=False)]
    return lines if total <= len(lines) else [*lines, f"and {total - len(lines):,} more"]
