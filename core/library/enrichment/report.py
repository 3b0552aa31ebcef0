"""What an enrichment did, film by film, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import GreenroomError
from core.library.transfer.tally import Listed
from core.words import plural

Outcome = Literal["changed", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class FilmReport:
    """What became of one film.

    `changed` and `kept` are keys by category: those that are another now, and those that stay though a service says
    otherwise, for they are a person's or nobody knows whose. `new_data` names the services whose raw answer is stored.
    `missing` are services that do not know the film, `left_out` what the rules of a category refuse. `failure` says why
    nothing was written: then it waits as before.
    """

    external_id: str
    imdb_id: str | None
    title: str
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    new_data: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    tmdb_id: int | None = None
    failure: str | None = None

    @property
    def outcome(self) -> Outcome:
        """Failed: nothing was written, or a service does not know the film. Changed: some field is another now."""
        if self.failure is not None or self.missing:
            return "failed"
        return "changed" if self.changed else "unchanged"

    def summary(self) -> str:
        """Return in a line what became of it: why nothing was written, or what is another now."""
        if self.failure is not None:
            return self.failure
        return "; ".join(f"{name}: {', '.join(keys)}" for name, keys in self.changed.items()) or "nothing new"

    def remarks(self) -> Iterator[str]:
        """Yield what else a person should know of it, each in a line."""
        if self.missing and self.failure is None:
            yield f"unknown to {' and '.join(self.missing)}"
        kept = [key for keys in self.kept.values() for key in keys]
        if kept:
            yield f"kept as they are: {', '.join(kept)}"
        yield from self.notes
        if self.left_out:
            yield f"left out: {'; '.join(self.left_out)}"

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.external_id,
            "imdb_id": self.imdb_id,
            "title": self.title,
            "outcome": self.outcome,
            "tmdb_id": self.tmdb_id,
            "changed": {name: list(keys) for name, keys in self.changed.items()},
            "kept": {name: list(keys) for name, keys in self.kept.items()},
            "notes": list(self.notes),
            "left_out": list(self.left_out),
            "data_from": list(self.new_data),
            "unknown_to": list(self.missing),
            "failure": self.failure,
        }


@dataclass
class EnrichmentReport:
    """What an enrichment did. `films` holds the first thousand, `failed` those of all that failed, up to as many.

    `written` counts those whose data was had and written, also where one of the services does not know the film.
    `stopped` is why it ended early, None where it came to its end; `left` how many of those asked for it did not come
    to then. `waiting` is how many films of the library wait for enrichment afterwards.
    """

    asked: int
    without_omdb: bool = False
    done: int = 0
    written: int = 0
    changed: int = 0
    films: Listed[FilmReport] = field(default_factory=Listed)
    failed: Listed[FilmReport] = field(default_factory=Listed)
    stopped: GreenroomError | None = None
    left: int = 0
    waiting: int = 0

    @property
    def success(self) -> bool:
        return self.stopped is None and not self.failed.total

    def note(self, film: FilmReport) -> None:
        """Count a film that is done."""
        self.done += 1
        self.written += film.failure is None
        self.changed += bool(film.changed)
        self.films.note(film)
        if film.outcome == "failed":
            self.failed.note(film)

    def summary(self) -> str:
        """Return it in a sentence or two."""
        failed = self.done - self.written
        in_part = self.failed.total - failed
        known = f", {in_part:,} written but unknown to a service" if in_part else ""
        words = [f"{plural(self.done, 'film')} asked for, {self.changed:,} changed, {failed:,} failed{known}."]
        if self.stopped is not None:
            words.append(f"Stopped: {self.stopped.message}; {plural(self.left, 'film')} left.")
        if self.without_omdb:
            words.append("OMDb was not asked: there is no key of it.")
        return " ".join(words)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "success": self.success,
            "asked": self.asked,
            "done": self.done,
            "changed": self.changed,
            "failed": self.failed.total,
            "stopped": None if self.stopped is None else self.stopped.message,
            "left": self.left,
            "waiting": self.waiting,
            "without_omdb": self.without_omdb,
            "films": [film.as_json() for film in self.films],
            "failures": [film.as_json() for film in self.failed],
        }
