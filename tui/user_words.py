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
    if not (report.changes or report.films_made):
        return "Nothing would change." if not report.errors.total else "Nothing of it can be taken."
    return None


def yes_label(preview: Preview) -> str:
    """Return what the button says that does it."""
    refused = sum(preview.report.refused.values())
    doing = DOING[preview.wish.way]
    return f"{doing} without what is refused" if refused else f"{doing} now"


def preview_text(preview: Preview) -> Text:
    """Return what would be done, what would be lost first."""
    report, way = preview.report, preview.wish.way
    text = Text()
    if preview.about:
        text.append(f"The undo {printable(preview.about)}.\n\n")
    if is_exact(way) and not report.errors.total:
        text.append_text(section("WHAT IS LOST", map(printable, lost_lines(report)), indent=0))
    text.append_text(report_text(report))
    if not is_exact(way):
        text.append("\n\nNothing that the file lacks goes; of each record what was changed later stays.")
    text.append("\n\nWhat is there now is kept in a copy first: u goes back to it.")
    return text


def report_text(report: ImportReport) -> Text:
    """Return the counts by kind of record, and what a person should know of single ones."""
    text = Text()
    if report.errors.total:
        refused = plural(sum(report.refused.values()), "record")
        text.append_text(section(f"REFUSED: {refused} cannot be taken", map(printable, refused_lines(report))))
    heads = ("", *(head.capitalize() for head in COUNTED))
    table = aligned([heads, *counted_rows(report)], right=range(1, len(heads)), indent=0)
    text.append(table[0], "bold")
    text.append("\n" + "\n".join(table[1:]))
    remarks = "\n".join(map(printable, remark_lines(report)))
    if remarks:
        text.append(f"\n\n{remarks}")
    waiting = report.imdb_ids_needing_enrichment
    if waiting:
        text.append(f"\n\n{plural(len(waiting), 'film')} without metadata: {printable(', '.join(waiting[:5]))}")
        text.append(", ..." if len(waiting) > 5 else "")
    return text


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
    text.append_text(section("FAILED", _told(list(report.failed), report.failed.total)))
    good = [film for film in report.films if film.outcome != "failed"]
    text.append_text(section("Done", _told(good, report.done - report.failed.total)))
    if report.waiting:
        text.append(f"{plural(report.waiting, 'film')} of the library without metadata.")
    text.rstrip()
    return text


def _told(films: list[FilmReport], total: int) -> Iterator[str]:
    for film in films[:_MOST_TOLD]:
        yield printable(f"{film.title or film.external_id} ({film.external_id}): {_outcome(film)}")
        kept = [key for keys in film.kept.values() for key in keys]
        if kept:
            yield printable(f"  kept as they are: {', '.join(kept)}")
        yield from (f"  {printable(note)}" for note in film.notes)
        if film.left_out:
            yield printable(f"  left out: {'; '.join(film.left_out)}")
    if total > _MOST_TOLD:
        yield f"and {total - _MOST_TOLD:,} more"


def _outcome(film: FilmReport) -> str:
    if film.outcome == "failed":
        return film.failure or f"unknown to {' and '.join(film.missing)}"
    return "; ".join(f"{name}: {', '.join(keys)}" for name, keys in film.changed.items()) or "nothing new"
