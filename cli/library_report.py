"""What an import, a restore or an undo of a user's library did, or would do, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cli.library_user import House
from cli.output import Json, table
from core.documents import said_path
from core.errors import ExitCode
from core.library.transfer import Copy, ImportReport, UserRow
from core.library.transfer.tally import KINDS, Listed, Noted
from core.words import plural

_MOST_TOLD = 20


def report_lines(report: ImportReport) -> list[str]:
    """Return what was done with each kind of record, and what a person should know of single ones."""
    heads = ("", "CREATED", "CHANGED", "UNCHANGED", "REFUSED", "REMOVED", "NOW")
    rows = [
        (
            kind,
            *(f"{counts[kind]:,}" for counts in (report.created, report.updated, report.unchanged, report.refused)),
            f"{report.removed[kind].total:,}",
            f"{report.totals[kind]:,}",
        )
        for kind in KINDS
    ]
    return [*table(heads, rows, right=range(1, len(heads))), *_remarks(report)]


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


def exit_code_of(report: ImportReport) -> ExitCode:
    """Records that were refused make it done in part; where they kept all of it back, it failed."""
    if report.success:
        return ExitCode.DONE
    return ExitCode.PARTLY_DONE if report.written or report.dry_run else ExitCode.FAILED


def report_object(house: House, user: UserRow, report: ImportReport) -> Json:
    """Return the report as JSON, with whose library it is about."""
    return {"site": house.site.name, "user": user_object(user), **report.as_json()}


def user_object(user: UserRow) -> Json:
    """Return who a user is as JSON."""
    return {"id": user.id, "username": user.username}


def copy_object(copy: Copy | None) -> Json | None:
    """Return a copy of a library as JSON; `created_at` is in Unix seconds."""
    if copy is None:
        return None
    return {
        "filename": copy.file_name,
        "created_at": copy.created_at,
        "size_bytes": copy.size_bytes,
        "day": copy.day.isoformat() if copy.day else None,
    }


def _remarks(report: ImportReport) -> Iterator[str]:
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


def _said(noted: Sequence[Noted]) -> Iterator[str]:
    return (f"{said_path(one.path)} ({one.key}): {one.words}" for one in noted)


def _first(listed: Listed[Noted] | Listed[str] | Sequence[object], words: Iterable[str]) -> list[str]:
    total = listed.total if isinstance(listed, Listed) else len(listed)
    lines = [line for line, _ in zip(words, range(_MOST_TOLD), strict=False)]
    return lines if total <= len(lines) else [*lines, f"and {total - len(lines):,} more"]
