"""What was, or would be, done to a user's library, as text for a screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from core.library.transfer import ImportReport
from core.library.transfer.words import COUNTED, counted_rows, lost_lines, refused_lines, remark_lines
from core.library.users import Done
from core.words import plural, printable
from tui.format import aligned, section
from tui.user_calls import Preview, Way

if TYPE_CHECKING:
    from core.library.enrichment import EnrichmentReport, FilmReport

_MOST_TOLD = 50

DOING: dict[Way, str] = {"import": "Import", "restore": "Restore", "merge": "Merge", "undo": "Undo"}
_INTO: dict[Way, str] = {
    "import": "Import {file} into the library of {name}?",
    "restore": "Make the library of {name} what {file} says?",
    "merge": "Merge {file} into the library of {name}?",
    "undo": "Bring the library of {name} back to {file}?",
}


def question(preview: Preview) -> str:
    """Return what is asked before it is done."""
    wish = preview.wish
    return _INTO[wish.way].format(file=printable(wish.path.name), name=wish.name)


def is_exact(way: Way) -> bool:
    """Whether the library becomes what the file says, so that something may be lost, and a bad record stops all."""
    return way in ("restore", "undo")


def objection(preview: Preview) -> str | None:
    """Return why what was previewed cannot be done, or None where it can."""
    report, way = preview.report, preview.wish.way
    if report.errors.total and is_exact(way):
        mend = "Merge takes the rest of it." if way == "restore" else "The copy was changed since it was made."
        return f"It cannot be done: not all of the file can be taken, and nothing was changed. {mend}"
    if report.changes or report.films_made:
        return None
    if not report.errors.total:
        return "Nothing would change: the library is what the file says already."
    if any(report.unchanged.values()) or report.skipped.total:
        return "Nothing would change: what can be taken of the file is in the library already, or newer there."
    return "Nothing would change: no record of the file can be taken."


def yes_label(preview: Preview) -> str:
    """Return what the button says that does it."""
    refused = sum(preview.report.refused.values())
    doing = DOING[preview.wish.way]
    return f"{doing} without {refused:,} refused" if refused else f"{doing} now"


def preview_text(preview: Preview) -> Text:
    """Return what would be done, what would be lost first."""
    report, way = preview.report, preview.wish.way
    text = Text()
    if preview.about:
        text.append(f"u takes back {preview.about}.\n\n")
    if report.errors.total and not is_exact(way):
        text.append(f"{_refused(report)}: Cancel takes nothing of the file.\n\n")
    elif not report.errors.total and is_exact(way):
        text.append_text(section(_loss(report), map(printable, lost_lines(report)), indent=0))
    text.append_text(report_text(report))
    if not is_exact(way):
        text.append("\n\nNothing that the file lacks goes; of each record what was changed later stays.")
    text.append("\n\nWhat is there now is kept in a copy first: u goes back to it.")
    return text


def report_text(report: ImportReport) -> Text:
    """Return the counts by kind of record, and what a person should know of single ones."""
    heads = ("", *(head.capitalize() for head in COUNTED))
    table = aligned([heads, *counted_rows(report)], right=range(1, len(heads)), indent=0)
    text = Text.assemble((table[0], "bold"), "\n" + "\n".join(table[1:]))
    if report.errors.total:
        lines = map(printable, refused_lines(report))
        text.append("\n\n").append_text(section(f"REFUSED: {_refused(report)}", lines))
        text.rstrip()
    remarks = "\n".join(map(printable, remark_lines(report)))
    if remarks:
        text.append(f"\n\n{remarks}")
    waiting = report.imdb_ids_needing_enrichment
    if waiting:
        text.append(f"\n\n{plural(len(waiting), 'film')} without metadata: {printable(', '.join(waiting[:5]))}")
        text.append(", ..." if len(waiting) > 5 else "")
    return text


def _refused(report: ImportReport) -> str:
    return f"{plural(sum(report.refused.values()), 'record')} cannot be taken"


def _loss(report: ImportReport) -> str:
    """Head what is lost with how much that is, for the list of it may be longer than the screen."""
    gone, changed = sum(each.total for each in report.removed.values()), sum(report.updated.values())
    counted = [f"{plural(gone, 'record')} go{'es' if gone == 1 else ''}"] if gone else []
    counted += (
        [f"{plural(changed, 'record')} become{'s' if changed == 1 else ''} what the file says"] if changed else []
    )
    return f"WHAT IS LOST: {', '.join(counted)}" if counted else "WHAT IS LOST"


def done_title(way: Way, name: str, done: Done) -> str:
    """Return in a line what was done."""
    report = done.report
    if not report.written:
        return f"{DOING[way]} for {name}: nothing was changed"
    if not (report.changes or report.films_made):
        return f"{DOING[way]} for {name}: nothing differed, the library is as it was"
    refused = sum(report.refused.values())
    left = f", {plural(refused, 'record')} refused" if refused else ""
    return f"{DOING[way]} for {name} done: {plural(report.changes, 'record')} changed{left}"


def done_text(done: Done) -> Text:
    """Return all that was done."""
    text = report_text(done.report)
    for note in done.notes:
        text.append(f"\n\n{printable(note)}", "bold")
    if done.safety is not None:
        text.append(f"\n\nWhat was there is kept in {printable(done.safety.file_name)}: u goes back to it.")
    return text


def enriched_text(report: EnrichmentReport) -> Text:
    """Return what an enrichment did: what failed first, by film."""
    text = Text(f"{printable(report.summary())}\n\n")
    if report.stopped is not None and report.stopped.hint:
        text.append(f"What to do: {printable(report.stopped.hint)}\n\n", "bold")
    failed = [film for film in report.failed if film.failure is not None]
    written = [film for film in report.films if film.failure is None]
    text.append_text(section("FAILED", _told(failed, report.done - report.written)))
    text.append_text(section("Done", _told(written, report.written)))
    if report.waiting:
        text.append(f"{plural(report.waiting, 'film')} of the library without metadata.")
    text.rstrip()
    return text


def _told(films: list[FilmReport], total: int) -> Iterator[str]:
    told = films[:_MOST_TOLD]
    for film in told:
        yield printable(f"{film.title or film.external_id} ({film.external_id}): {film.summary()}")
        yield from (f"  {printable(line)}" for line in film.remarks())
    if total > len(told):
        yield f"and {total - len(told):,} more"
