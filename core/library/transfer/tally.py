"""What an import does, counted while it does it; what a person needs to see of it is kept, the rest only counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from core.documents import Path, Problem, said_path

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Kind = Literal["movies", "people", "lists", "rankings"]
Verdict = Literal["create", "update", "unchanged", "skip"]
KINDS: tuple[Kind, ...] = ("movies", "people", "lists", "rankings")
MOST_KEPT = 1_000
_MOST_KEYS = 100
_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()

T = TypeVar("T")


class Noted(NamedTuple):
    """Something about one record: where it stands in the file, which thing it is about, and what."""

    path: Path
    key: str
    words: str


@dataclass(eq=False)
class Listed(list[T]):
    """The first of what may be very many, and how many there are: `total`."""

    total: int = 0

    def note(self, item: T) -> None:
        self.total += 1
        if len(self) < MOST_KEPT:
            self.append(item)


@dataclass
class Tally:
    """Counts by kind, and what is to be said; `now` is the time of the import."""

    now: float
    verdicts: Counter[tuple[Kind, Verdict]] = field(default_factory=Counter)
    refused: Counter[Kind] = field(default_factory=Counter)
    errors: Listed[Problem] = field(default_factory=Listed)
    skipped: Listed[Noted] = field(default_factory=Listed)
    future: Listed[Noted] = field(default_factory=Listed)
    newer: Listed[Noted] = field(default_factory=Listed)
    older: dict[Kind, Listed[Noted]] = field(default_factory=lambda: {kind: Listed() for kind in KINDS})
    removed: dict[Kind, Listed[str]] = field(default_factory=lambda: {kind: Listed() for kind in KINDS})
    ignored: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    people_made: Listed[str] = field(default_factory=Listed)
    films_made: int = 0
    films_filled: int = 0
    to_enrich: list[str] = field(default_factory=list)
    _outcome: Hash = field(default_factory=sha256)

    @property
    def outcome(self) -> str:
        """A digest of what becomes of each record and of what it meets: the same where the same is done."""
        return self._outcome.hexdigest()

    def mark(self) -> Callable[[], None]:
        """Return what puts the tally back as it is now."""
        counters = [(counter, counter.copy()) for counter in self._counters()]
        listed = [(one, len(one), one.total) for one in self._listed()]
        made, filled, waiting, outcome = self.films_made, self.films_filled, len(self.to_enrich), self._outcome.copy()

        def put_back() -> None:
            for counter, before in counters:
                counter.clear()
                counter.update(before)
            for one, length, total in listed:
                del one[length:]
                one.total = total
            del self.to_enrich[waiting:]
            self.films_made, self.films_filled, self._outcome = made, filled, outcome

        return put_back

    def _counters(self) -> Sequence[Counter[Any]]:
        return self.verdicts, self.refused, self.ignored, self.notes

    def _listed(self) -> Iterator[Listed[Any]]:
        mine: tuple[Listed[Any], ...] = (self.errors, self.skipped, self.future, self.newer, self.people_made)
        yield from mine
        yield from self.older.values()
        yield from self.removed.values()

    def refuse(self, kind: Kind, problems: Iterable[Problem]) -> None:
        """Count a record that cannot be taken, with all that is wrong with it."""
        self.refused[kind] += 1
        for problem in problems:
            self.errors.note(problem)
            self._see(problem)

    def decided(self, kind: Kind, verdict: Verdict, path: Path, key: str, stored: object) -> None:
        """Count what becomes of a record, which meets what is `stored`."""
        self.verdicts[kind, verdict] += 1
        self._see((verdict, path, stored))
        if verdict == "skip":
            self.skipped.note(Noted(path, key, "what is there was changed later"))

    def look_at_time(self, path: Path, key: str, modified: float | None) -> None:
        """Note a time of change that has not come yet."""
        if modified is not None and modified > self.now:
            self.future.note(Noted(path, key, f"changed {_date(modified)}"))

    def note_replaced(self, kind: Kind, path: Path, key: str, stored: float, incoming: float) -> None:
        """Note what is there and gives way to the record, by when the two were changed."""
        if stored > incoming:
            self.newer.note(Noted(path, key, f"changed {stored - incoming:.0f} s later than in the file"))
        else:
            same = "otherwise, with the same time as in the file"
            self.older[kind].note(Noted(path, key, same if stored == incoming else "changed earlier than in the file"))

    def remove(self, kind: Kind, words: str) -> None:
        """Note what goes."""
        self.removed[kind].note(words)
        self._see((kind, words))

    def make_person(self, name: str) -> None:
        """Note who is made because a recommendation names them."""
        self.people_made.note(name)
        self._see(name)

    def ignore(self, path: Path) -> None:
        """Count a key that nobody knows, with the places in lists left open: movies[].notes."""
        name = said_path(tuple(part for part in path if isinstance(part, str)))
        if name in self.ignored or len(self.ignored) < _MOST_KEYS:
            self.ignored[name] += 1

    def _see(self, part: object) -> None:
        self._outcome.update(repr(part).encode("utf-8", "surrogatepass"))

    def count(self, kind: Kind, *verdicts: Verdict) -> int:
        return sum(self.verdicts[kind, verdict] for verdict in verdicts)


def known_time(stored: object) -> float:
    """Return when what is stored was changed; what is no number, as SQLite lets an application write, is long ago."""
    return stored if isinstance(stored, int | float) and not math.isnan(stored) else -math.inf


def _date(seconds: float) -> str:
    """A time as a person reads it; one in milliseconds, or made up, may be none of the calendar."""
    if seconds > _LAST:
        return f"after the year 9999: {seconds:g} seconds since 1970"
    return f"{datetime.fromtimestamp(seconds, UTC):at %Y-%m-%d %H:%M:%S %Z}"


def decide(*, stored: float | None, incoming: float | None, same: bool, now: float, overwrite: bool = False) -> Verdict:
    """Return what becomes of a record, given when the stored and the incoming one were last changed.

    `stored` is None where there is none, `incoming` where the record does not say. The incoming one wins unless the
    stored one is newer, or always with `overwrite`. One that says nothing new changes nothing, not even the time.
    """
    if stored is None:
        return "create"
    if same and (incoming is None or incoming == stored):
        return "unchanged"
    if stored > (now if incoming is None else incoming) and not overwrite:
        return "skip"
    return "update"
