"""One write in progress: who and what is meant by names, what is asked, what will be new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.documents import Path, Problem, said_value
from core.forms.problems import InvalidDataError
from core.forms.questions import AmbiguousError, Answers, Candidate, Question
from core.library.categories.matching import Named, Names, folded, free_id, slug_of
from core.library.models import Credit, Genre, Movie, Person, StreamingOption
from core.words import plural

Kind = Literal["person", "genre", "platform", "award"]

PERSON_ID, GENRE_SLUG = 50, 50

_AT_ONCE = 500


class Known:
    """The names that the library has, each kind read when first asked for.

    Of one transaction: what a write creates is added, so it must be thrown away after a rollback.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._names: dict[Kind, Names] = {}

    def names(self, kind: Kind) -> Names:
        if kind not in self._names:
            self._names[kind] = Names(self._read(kind))
        return self._names[kind]

    def add(self, kind: Kind, named: Named) -> None:
        if kind in self._names:
            self._names[kind].add(named)

    def _read(self, kind: Kind) -> Iterable[Named]:
        match kind:
            case "person":
                rows = self.session.execute(select(Person.external_id, Person.name).order_by(Person.id))
                return [Named(external_id, name) for external_id, name in rows]
            case "genre":
                rows = self.session.execute(select(Genre.slug, Genre.name).order_by(Genre.id))
                return [Named(slug, name) for slug, name in rows]
            case "platform":
                column = StreamingOption.platform
                return [Named(name, name) for name in self.session.scalars(select(column).distinct().order_by(column))]
            case "award":
                return ()


class Work:
    """One write: names are resolved first, then `settle`, then the movie is changed."""

    def __init__(
        self, session: Session, movie: Movie, *, merge: bool, answers: Answers, known: Known, at: Path
    ) -> None:
        self.session = session
        self.movie = movie
        self.merge = merge
        self.known = known
        self.notes: list[str] = []
        self._at = at
        self._answers = {(kind, folded(name)): chosen for (kind, name), chosen in answers.items()} | dict(answers)
        self._problems: list[Problem] = []
        self._questions: dict[tuple[Kind, str], Question] = {}
        self._new: list[tuple[Kind, Named, Person | Genre | None]] = []
        self._new_by_name: dict[tuple[Kind, str], Named] = {}
        self._people: dict[str, Person] = {}
        self._ids_given: set[str] = set()
        self._asked: set[str] = set()

    def refuse(self, path: Path, found: str, allowed: str) -> None:
        """Note a problem that only the library's content shows; `settle` raises all of them."""
        self._problems.append(Problem(self._at + path, found, allowed))

    def note(self, words: str) -> None:
        """Say something about this write, once."""
        if words not in self.notes:
            self.notes.append(words)

    def settle(self) -> None:
        """Let what is new be part of the session; raise InvalidDataError or AmbiguousError where anything is open."""
        if self._problems:
            raise InvalidDataError(self._problems)
        if self._questions:
            raise AmbiguousError(self._questions.values())
        for kind, named, row in self._new:
            self.known.add(kind, named)
            if row is not None:
                self.session.add(row)

    def person(self, given_id: str | None, name: str, path: Path) -> Person | None:
        """Return who is meant by an id, else by a name, at `path`; None where that is a problem or a question."""
        there = self._person_with(given_id) if given_id else None
        if there is not None:
            if folded(there.name) != folded(name):
                self.refuse(
                    (*path, "name"),
                    f"{said_value(name)}, but {given_id} is {said_value(there.name)}",
                    f"{said_value(there.name)}, or the id of {said_value(name)}, or no id",
                )
                return None
            return self._spelt_as_stored(there, name)
        alike = self.known.names("person").alike(name)
        named = self._choose("person", name, (*path, "name"), alike, self._about_person)
        if isinstance(named, Named) and given_id and named.id in self._ids_given:
            # Two new ones with one name: the data itself tells them apart.
            named = "new"
        if isinstance(named, Named):
            if given_id:
                self.note(
                    f"{said_value(given_id)} is nobody's id: {said_value(named.name)} was found by name, {named.id}"
                )
            found = self._person_with(named.id)
            return None if found is None else self._spelt_as_stored(found, name)
        return None if named == "asked" else self._new_person(given_id, name)

    def fetch_people(self, ids: Iterable[str | None]) -> None:
        """Read the people with these ids at once, for `person` asks for one after the other."""
        wanted = [given for given in ids if given and given not in self._people]
        for start in range(0, len(wanted), _AT_ONCE):
            some = select(Person).where(Person.external_id.in_(wanted[start : start + _AT_ONCE]))
            # Found by the exact id, for some databases compare without case.
            self._people |= {person.external_id: person for person in self.session.scalars(some)}
        self._asked.update(wanted)

    def genre(self, text: str, path: Path) -> str | None:
        """Return the slug of the genre that `text` names; None where that is a question."""
        names = self.known.names("genre")
        meant = names.meant(text)
        by_slug = names.with_id(text)
        if not meant and by_slug is not None:
            meant = (by_slug,)
        named = self._choose("genre", text, path, meant, lambda _: "")
        if named == "asked":
            return None
        if isinstance(named, Named):
            self._say_spelling("genre", text, named.name)
            return named.id
        taken = self.session.scalars(select(Genre.slug))
        new = Named(free_id(slug_of(text, GENRE_SLUG), [*taken, *self._new_ids("genre")], GENRE_SLUG), text)
        self._remember("genre", text, new, Genre(slug=new.id, name=text))
        return new.id

    def genres(self, slugs: Sequence[str]) -> dict[str, Genre]:
        """Return the genres with these slugs; after `settle`."""
        found = self.session.scalars(select(Genre).where(Genre.slug.in_(slugs)))
        return {genre.slug: genre for genre in found}

    def platform(self, text: str, path: Path) -> str | None:
        """Return the platform that `text` names as the library spells it; None where that is a question."""
        named = self._choose("platform", text, path, self.known.names("platform").meant(text), lambda _: "")
        if named == "asked":
            return None
        if isinstance(named, Named):
            self._say_spelling("platform", text, named.name)
            return named.name
        self._remember("platform", text, Named(text, text), None)
        return text

    def choose_award(self, wanted: str, path: Path, candidates: Sequence[Candidate]) -> str | None:
        """Return the id of the candidate that is meant; None for a new award, or where that is a question."""
        names = {candidate.id: candidate for candidate in candidates}
        alike = tuple(Named(candidate.id, candidate.name) for candidate in candidates)
        named = self._choose("award", wanted, path, alike, lambda one: names[one.id].about)
        return named.id if isinstance(named, Named) else None

    def _choose(
        self, kind: Kind, wanted: str, path: Path, found: Sequence[Named], about: Callable[[Named], str]
    ) -> Named | str:
        """Return who is meant of those found; "asked" where that is a question now, "new" where it is none of them."""
        key = (kind, wanted)
        answered = next((one for one in (key, (kind, folded(wanted))) if one in self._answers), None)
        if answered is not None and found:
            chosen = self._answers[answered]
            if chosen is not None:
                for named in found:
                    if named.id == chosen:
                        return named
                known = ", ".join(named.id for named in found)
                self.refuse(path, f"the answer {said_value(chosen)} for {said_value(wanted)}", known)
                return "asked"
            return self._new_by_name.get((kind, folded(wanted)), "new")
        if len(found) == 1:
            return found[0]
        if not found:
            return self._new_by_name.get((kind, folded(wanted)), "new")
        paths = self._questions[key].paths if key in self._questions else ()
        candidates = tuple(Candidate(named.id, named.name, about(named)) for named in found)
        self._questions[key] = Question(kind, wanted, (*paths, self._at + path), candidates)
        return "asked"

    def _person_with(self, external_id: str) -> Person | None:
        if external_id not in self._asked:
            self.fetch_people([external_id])
        return self._people.get(external_id)

    def _new_person(self, given_id: str | None, name: str) -> Person:
        if given_id:
            self._ids_given.add(given_id)
        wanted = given_id or f"person-{slug_of(name, PERSON_ID - 7)}"
        taken = self._new_ids("person")
        if self.known.names("person").has_id(wanted) or wanted.casefold() in {each.casefold() for each in taken}:
            taken += self._ids_like(wanted)  # which looks at every person
        new = Named(free_id(wanted, taken, PERSON_ID), name)
        person = Person(external_id=new.id, name=name)
        self._people[new.id] = person
        self._remember("person", name, new, person)
        return person

    def _ids_like(self, wanted: str) -> Sequence[str]:
        begins = Person.external_id.istartswith(wanted[: PERSON_ID - 6], autoescape=True)
        return self.session.scalars(select(Person.external_id).where(begins)).all()

    def _new_ids(self, kind: Kind) -> list[str]:
        return [named.id for new_kind, named, _ in self._new if new_kind == kind]

    def _remember(self, kind: Kind, wanted: str, new: Named, row: Person | Genre | None) -> None:
        self._new.append((kind, new, row))
        self._new_by_name[kind, folded(wanted)] = new
        words = f"new {kind} {said_value(new.name)}"
        self.note(words if new.id == new.name else f"{words}, {new.id}")

    def _spelt_as_stored(self, person: Person, name: str) -> Person:
        self._say_spelling("person", name, person.name)
        return person

    def _say_spelling(self, kind: Kind, given: str, stored: str) -> None:
        if given != stored:
            self.note(f"{kind} {said_value(given)} is {said_value(stored)}, and is spelt so")

    def _about_person(self, named: Named) -> str:
        """Tell a person from others of the same name: what for, and in how many movies."""
        of = select(Credit).join(Credit.person).where(Person.external_id == named.id)
        here = self.session.scalars(of.where(Credit.movie_id == self.movie.id).order_by(Credit.id)).first()
        first = here or self.session.scalars(of.order_by(Credit.id)).first()
        if first is None:
            return "in no movie"
        count = self.session.scalar(
            select(func.count(func.distinct(Credit.movie_id))).join(Credit.person).where(Person.external_id == named.id)
        )
        place = "this movie" if here else first.movie.title
        return f"{first.role} in {place}, {plural(count or 0, 'movie')} in all"
