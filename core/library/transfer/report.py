"""What an import or a restore did, in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.documents import Problem, said_path
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import KINDS, Kind, Listed, Noted, Tally, Verdict

Counts = dict[Kind, int]


@dataclass(frozen=True)
class ImportReport:
    """What an import or a restore did. `written` is False for a dry run, and where errors have `kept_back` all of it.

    A dry run tells what would be. `imported` counts the records that are in the database afterwards as the file has
    them, by kind; `refused` those with errors; `totals` all that the user has afterwards. `outcome` is a digest of the
    file and of what becomes of each record: two reports with the same one tell of the same change of the same library.
    """

    success: bool
    written: bool
    kept_back: bool
    dry_run: bool
    version: int
    imported: Counts
    created: Counts
    updated: Counts
    unchanged: Counts
    refused: Counts
    totals: Counts
    imdb_ids_needing_enrichment: tuple[str, ...]
    errors: Listed[Problem]
    skipped: Listed[Noted]
    future: Listed[Noted]
    newer: Listed[Noted]
    older: dict[Kind, Listed[Noted]]
    removed: dict[Kind, Listed[str]]
    people_made: Listed[str]
    films_made: int
    films_filled: int
    ignored: dict[str, int]
    notes: dict[str, int]
    outcome: str

    @property
    def changes(self) -> int:
        """How many records of the user's were created, changed or removed."""
        removed = sum(gone.total for gone in self.removed.values())
        return sum(self.created.values()) + sum(self.updated.values()) + removed + self.people_made.total

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON: Movie Manager's keys first."""
        return {
            "success": self.success,
            "imported_counts": self.imported,
            "imdb_ids_needing_enrichment": list(self.imdb_ids_needing_enrichment),
            "errors": [
                {"path": said_path(problem.path), "found": problem.found, "allowed": problem.allowed}
                for problem in self.errors
            ],
            "errors_total": self.errors.total,
            "written": self.written,
            "kept_back": self.kept_back,
            "dry_run": self.dry_run,
            "version": self.version,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "totals": self.totals,
            "skipped": _noted(self.skipped),
            "skipped_total": self.skipped.total,
            "in_the_future": _noted(self.future),
            "in_the_future_total": self.future.total,
            "newer_replaced": _noted(self.newer),
            "newer_replaced_total": self.newer.total,
            "older_replaced": [one for listed in self.older.values() for one in _noted(listed)],
            "older_replaced_total": sum(listed.total for listed in self.older.values()),
            "removed": {kind: {"total": gone.total, "first": list(gone)} for kind, gone in self.removed.items()},
            "people_made": {"total": self.people_made.total, "first": list(self.people_made)},
            "films_made": self.films_made,
            "ignored_keys": self.ignored,
            "notes": [{"words": words, "times": times} for words, times in self.notes.items()],
        }


def report_of(tally: Tally, file: LibraryFile, *, totals: Counts, stopped: bool, dry_run: bool) -> ImportReport:
    """Return the report of what was counted; where all was `stopped`, nothing of the file is in the database."""
    none = dict.fromkeys(KINDS, 0)
    return ImportReport(
        success=not tally.errors.total,
        written=not stopped and not dry_run,
        kept_back=stopped,
        dry_run=dry_run,
        version=file.version,
        imported=none if stopped else _counts(tally, "create", "update", "unchanged"),
        created=none if stopped else _counts(tally, "create"),
        updated=none if stopped else _counts(tally, "update"),
        unchanged=none if stopped else _counts(tally, "unchanged"),
        refused={kind: tally.refused[kind] for kind in KINDS},
        totals=totals,
        imdb_ids_needing_enrichment=() if stopped else tuple(sorted(tally.to_enrich)),
        errors=tally.errors,
        skipped=tally.skipped,
        future=tally.future,
        newer=Listed() if stopped else tally.newer,
        older={kind: Listed() if stopped else tally.older[kind] for kind in KINDS},
        removed=tally.removed,
        people_made=Listed() if stopped else tally.people_made,
        films_made=0 if stopped else tally.films_made,
        films_filled=0 if stopped else tally.films_filled,
        ignored=dict(tally.ignored),
        notes={} if stopped else dict(tally.notes),
        outcome=f"{file.digest} {tally.outcome} {tally.films_made} {tally.films_filled}",
    )


def _counts(tally: Tally, *verdicts: Verdict) -> Counts:
    return {kind: tally.count(kind, *verdicts) for kind in KINDS}


def _noted(listed: Listed[Noted]) -> list[dict[str, str]]:
    return [{"path": said_path(one.path), "key": one.key, "why": one.words} for one in listed]
