"""The films in a user's library as an import makes and changes them, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from core.batches import in_batches
from core.documents import Path, Problem, said_value
from core.library.models import Entry, Recommendation, WatchRecord
from core.library.transfer.course import BATCH, Course, RefusedError
from core.library.transfer.films import Films
from core.library.transfer.models import AnyMovie
from core.library.transfer.people import Lists, People
from core.library.transfer.proof import film_key, not_in_file, twice
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import Verdict, decide, known_time

Votes = dict[int, tuple[float, bool]]
Watched = tuple[float, float]


@dataclass(frozen=True)
class Stored:
    """An entry as the database has it."""

    status: str
    custom_list_id: str | None
    last_modified: float
    votes: Votes
    watched: Watched | None

    @property
    def in_order(self) -> tuple[object, ...]:
        """All of it, in an order that no database chooses."""
        return self.status, self.custom_list_id, self.last_modified, sorted(self.votes.items()), self.watched


@dataclass(frozen=True)
class Wanted:
    """A record that can be taken: `votes` are when and how, by the names of the recommenders."""

    path: Path
    record: AnyMovie
    list_id: str | None
    votes: Mapping[str, tuple[float | None, bool]]


class Entries:
    """Takes in the movies of a file; `seen` are the ids of all films that it names in records that are sound."""

    def __init__(self, course: Course, people: People, lists: Lists) -> None:
        self._course = course
        self._people = people
        self._lists = lists
        self._first: dict[int, int] = {}
        self.seen: set[int] = set()

    def take(self, file: LibraryFile) -> None:
        """Take in the movies of a file; people and lists must have been taken before."""
        records = file.records("movies", self._course.tally, self._course.reporter)
        for batch in in_batches(self._once(records), BATCH):
            self._course.take("movies", batch, self._take_batch)

    def _once(self, records: Iterable[tuple[Path, AnyMovie]]) -> Iterator[tuple[Path, AnyMovie]]:
        for path, record in records:
            index = int(path[1])
            first = self._first.setdefault(film_key(record.imdb_id), index)
            if first == index:
                yield path, record
            else:
                problem = twice((*path, "imdb_id"), record.imdb_id, ("movies", first))
                self._course.tally.refuse("movies", [problem])

    def _take_batch(self, batch: Sequence[tuple[Path, AnyMovie]]) -> None:
        course = self._course
        films = Films.of(course, [record.imdb_id for _, record in batch])
        wanted = [one for path, record in batch if (one := self._wanted(path, record, films))]
        films.make(one.record for one in wanted)
        ids = {one.record.imdb_id: films.by_imdb_id[one.record.imdb_id].id for one in wanted}
        self.seen.update(ids.values())
        stored = self._stored(list(ids.values()))
        writes = Writes(course)
        for one in wanted:
            movie_id = ids[one.record.imdb_id]
            verdict = self._merge(one, movie_id, stored.get(movie_id), writes)
            if verdict != "skip":
                films.look_at(one.record)
        writes.write()

    def _wanted(self, path: Path, record: AnyMovie, films: Films) -> Wanted | None:
        """Return what a record asks for, or None where it goes against a rule of the database, which is noted."""
        problems = []
        votes: dict[str, tuple[float | None, bool]] = {}
        people: dict[int | str, int] = {}
        for number, said in enumerate(record.recommendations):
            at = (*path, "recommendations", number)
            name = self._people.name_in(said)
            if name is None:
                allowed = "person_name, or the id of one of the file's people"
                problems.append(Problem(at, "nobody of the file is named", allowed))
                continue
            there = self._people.find(name)
            first = people.setdefault(there.id if there else name, number)
            if first != number:
                problems.append(twice((*at, "person_name"), name, (*path, "recommendations", first)))
            votes[name] = (said.date_recommended, said.vote_type)
        list_id = record.custom_list_id
        there_list = self._lists.allowed(list_id) if list_id is not None else None
        if list_id is not None and there_list is None:
            at = (*path, "custom_list_id")
            found = f"{said_value(list_id)}, which is no list of this user's"
            not_there = Problem(at, found, "the id of one of the user's lists, or null")
            problems.append(not_in_file(at, list_id, kind="lists") if self._lists.are_of_file else not_there)
        owner = films.owner_of_name(record.imdb_id)
        if owner is not None:
            found = f"{said_value(record.imdb_id)}, whose place imdb-{record.imdb_id} is taken by the film {owner}"
            problems.append(Problem((*path, "imdb_id"), found, "a film that has no such external id"))
        if problems:
            self._course.tally.refuse("movies", problems)
            return None
        return Wanted(path, record, there_list.id if there_list else None, votes)

    def _merge(self, one: Wanted, movie_id: int, stored: Stored | None, writes: Writes) -> Verdict:
        """Decide about a record and say what is to be written."""
        course, record = self._course, one.record
        known = {name: there.id for name in one.votes if (there := self._people.find(name))}
        votes = self._votes(one, known, stored)
        watched = self._watched(record, stored)
        verdict = decide(
            stored=known_time(stored.last_modified) if stored else None,
            incoming=record.last_modified,
            same=stored is not None
            and len(known) == len(one.votes)
            and (record.status, one.list_id, votes, watched)
            == (stored.status, stored.custom_list_id, stored.votes, stored.watched),
            now=course.now,
            overwrite=course.overwrite,
        )
        modified = course.now if record.last_modified is None else record.last_modified
        if verdict in {"create", "update"}:
            made = {name: self._people.ensure(name) for name in one.votes if name not in known}
            votes = self._votes(one, known | made, stored)
            if len(votes) < len(one.votes):
                # Only now it shows: two names that this database takes for one.
                words = "two names that the database takes for one"
                raise RefusedError(words, hint="one a person", at=("recommendations",))
            writes.add(movie_id, Stored(record.status, one.list_id, modified, votes, watched), new=stored is None)
        if stored is not None and verdict == "update":
            course.tally.note_replaced("movies", one.path, record.imdb_id, known_time(stored.last_modified), modified)
        course.tally.decided("movies", verdict, one.path, record.imdb_id, stored and stored.in_order)
        course.tally.look_at_time((*one.path, "last_modified"), record.imdb_id, record.last_modified)
        return verdict

    def _votes(self, one: Wanted, ids: Mapping[str, int], stored: Stored | None) -> Votes:
        """Return the votes by the ids of recommenders; one without a date has that of the stored one, or now."""
        votes = {}
        for name, (date, up) in one.votes.items():
            if name in ids:
                before = stored.votes.get(ids[name]) if stored and date is None else None
                votes[ids[name]] = (before[0] if before else self._course.now if date is None else date, up)
        return votes

    def _watched(self, record: AnyMovie, stored: Stored | None) -> Watched | None:
        seen = record.watch_history
        if seen is None:
            return None
        if seen.date_watched is not None:
            return seen.date_watched, seen.my_rating
        return stored.watched[0] if stored and stored.watched else self._course.now, seen.my_rating

    def _stored(self, ids: Sequence[int]) -> dict[int, Stored]:
        session, mine = self._course.session, self._course.user_id
        if not ids:
            return {}
        votes: dict[int, Votes] = {}
        said = select(
            Recommendation.movie_id,
            Recommendation.recommender_id,
            Recommendation.date_recommended,
            Recommendation.vote_type,
        ).where(Recommendation.user_id == mine, Recommendation.movie_id.in_(ids))
        for movie_id, recommender_id, date, up in session.execute(said):
            votes.setdefault(movie_id, {})[recommender_id] = (date, up)
        seen = select(WatchRecord.movie_id, WatchRecord.date_watched, WatchRecord.my_rating).where(
            WatchRecord.user_id == mine, WatchRecord.movie_id.in_(ids)
        )
        watched = {movie_id: (date, rating) for movie_id, date, rating in session.execute(seen)}
        entries = select(Entry.movie_id, Entry.status, Entry.custom_list_id, Entry.last_modified).where(
            Entry.user_id == mine, Entry.movie_id.in_(ids)
        )
        return {
            movie_id: Stored(status, list_id, modified, votes.get(movie_id, {}), watched.get(movie_id))
            for movie_id, status, list_id, modified in session.execute(entries)
        }


class Writes:
    """What one batch writes, table by table."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._new: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._votes: list[dict[str, Any]] = []
        self._watched: list[dict[str, Any]] = []

    def add(self, movie_id: int, entry: Stored, *, new: bool) -> None:
        key = {"user_id": self._course.user_id, "movie_id": movie_id}
        values = {
            "status": entry.status,
            "custom_list_id": entry.custom_list_id,
            "last_modified": entry.last_modified,
        }
        (self._new if new else self._changed).append(key | values)
        for recommender_id, (date, up) in entry.votes.items():
            vote = {"recommender_id": recommender_id, "date_recommended": date, "vote_type": up}
            self._votes.append(key | vote)
        if entry.watched is not None:
            date, rating = entry.watched
            self._watched.append(key | {"date_watched": date, "my_rating": rating})

    def write(self) -> None:
        session = self._course.session
        if self._changed:
            session.execute(update(Entry), self._changed)
        # New ones too: an application whose database does not check may have left rows of an entry that it removed.
        ids = [row["movie_id"] for row in (*self._new, *self._changed)]
        if ids:
            for old in (Recommendation, WatchRecord):
                session.execute(delete(old).where(old.user_id == self._course.user_id, old.movie_id.in_(ids)))
        for table, rows in ((Entry, self._new), (Recommendation, self._votes), (WatchRecord, self._watched)):
            if rows:
                session.execute(insert(table), rows)
