"""What every category has in common: how it is checked, read, written, and what a write tells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from core.documents import Path, Problem, said_value
from core.forms.envelope import framed_schema
from core.forms.form import Checked, FieldChange, Json, Source, Written
from core.forms.problems import MOST_PROBLEMS, InvalidDataError, problem_of
from core.forms.questions import Answers
from core.library.categories.fields import Data
from core.library.categories.finding import find_movie, find_movies
from core.library.categories.frame import CategoryFrame
from core.library.categories.matching import folded
from core.library.categories.work import Known, Work
from core.library.models import Movie
from core.words import plural

D = TypeVar("D", bound=Data)


@dataclass(frozen=True, slots=True, eq=False)
class Category(Generic[D]):
    """One of the views of a movie that a person edits as JSON.

    `store` resolves every name first, settles, and only then changes the movie. `list_keys` says for each list which
    keys of an item tell it from the others when lists are merged; an empty one stands for the item itself. `filled` is
    the condition on a row of movies that there is something in it. `from_tmdb` are the keys that TMDB gives.
    """

    name: str
    title: str
    model: type[D]
    load: Callable[[Movie], Json]
    store: Callable[[Work, D], None]
    filled: ColumnElement[bool]
    list_keys: Mapping[str, tuple[str, ...]]
    from_tmdb: frozenset[str] = frozenset()

    @property
    def file_name(self) -> str:
        """The name as it stands in file names and commands: with hyphens."""
        return self.name.replace("_", "-")

    def schema(self) -> Json:
        """Return the JSON Schema of the data."""
        return _schema_of(self.model)

    def envelope_schema(self) -> Json:
        """Return the JSON Schema of its envelope, with that of the data in it."""
        names = list(dict.fromkeys((self.name, self.file_name)))
        return framed_schema(CategoryFrame, self.title, self.schema(), {"category": {"enum": names}, "movie_id": {}})

    def key_of(self, path: Path, item: object) -> Hashable | None:
        """Return what tells an item of a list of the data from the others: its names, without case and accents."""
        keys = [key for key in self.list_keys.get(str(path[0]), ()) if key != "id"] if path else []
        if not keys or not isinstance(item, Mapping):
            return None
        values = (item.get(key) for key in keys)
        return tuple(folded(value) if isinstance(value, str) else repr(value) for value in values)

    @property
    def items_keep(self) -> bool:
        """Tell that a list that is replaced is replaced whole."""
        return False

    def are_two(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell whether two items of one name have ids that differ: two people may well be called the same."""
        first, second = one.get("id"), other.get("id")
        return first is not None and second is not None and first != second

    def find(self, session: Session, key: str) -> Movie | None:
        """Return the movie with this external id, or None."""
        return find_movie(session, key)

    def find_many(self, session: Session, keys: Collection[str]) -> dict[str, Movie]:
        """Return the movies with these external ids, with all that is read of them."""
        return find_movies(session, keys)

    def address(self, thing: Movie) -> Json:
        """Return the keys with which its envelope begins."""
        return {"category": self.name, "movie_id": thing.external_id}

    def describe(self, thing: Movie) -> str:
        """Return the title with the year."""
        return f"{thing.title} ({thing.year})" if thing.year else thing.title

    def source_of(self, thing: Movie, field: str) -> Source | None:
        """Return where a value comes from as far as the movie itself tells; None where it does not.

        A movie of TMDB has from there what TMDB gives. Beside that stand values of other services, and nobody knows
        which; a category that TMDB does not know was filled by a person.
        """
        if thing.tmdb_id is None or not self.from_tmdb:
            return "manual"
        return "tmdb" if field in self.from_tmdb else None

    def shared(self, session: Session) -> Known:
        """Return the names that the library has, for many writes of one transaction."""
        return Known(session)

    def check(self, data: object, before: Path = ()) -> Checked:
        """Return the data, or all that is wrong with it, each with its path below `before`."""
        try:
            return Checked(self.model.model_validate(data), ())
        except ValidationError as error:
            schema = self.schema()
            errors = error.errors(include_url=False)
            found = dict.fromkeys(problem_of(details, schema, before) for details in errors[:MOST_PROBLEMS])
            more = len(errors) - MOST_PROBLEMS
            rest = [Problem(before, f"{plural(more, 'problem')} more")] if more > 0 else []
            return Checked(None, (*found, *rest))

    def read(self, thing: Movie) -> Json:
        """Return the data of a movie: all keys, in the order of the model; what `write` takes as it is."""
        return self.load(thing)

    def write(
        self,
        session: Session,
        thing: Movie,
        data: object,
        *,
        merge_lists: bool = False,
        answers: Answers | None = None,
        known: Known | None = None,
        before: Path = (),
    ) -> Written:
        """Store the keys that `data` has, and flush; the caller commits, or rolls back on any error.

        A list takes the place of the present one, or with `merge_lists` changes the items with its keys and adds the
        others. `answers` settle names that several have; `known` may be shared by writes of one transaction. Raise
        InvalidDataError or AmbiguousError with all that is wrong or open, with nothing changed.
        """
        checked = self.check(data, before)
        if checked.data is None:
            raise InvalidDataError(checked.problems)
        old = self.read(thing)
        if isinstance(data, dict) and all(old[key] == value for key, value in data.items()):
            return Written((), ())
        work = Work(session, thing, merge=merge_lists, answers=answers or {}, known=known or Known(session), at=before)
        self.store(work, checked.data)
        session.flush()
        new = self.read(thing)
        changes = tuple(
            FieldChange(field, old[field], new[field], changed_words(old[field], new[field]))
            for field in new
            if old[field] != new[field]
        )
        return Written(changes, tuple(work.notes))


def changed_words(before: Any, after: Any) -> str:
    """Return in words how a value became another."""
    if isinstance(before, list) and isinstance(after, list):
        old, new = (Counter(json.dumps(item, sort_keys=True) for item in items) for items in (before, after))
        gone, come = (old - new).total(), (new - old).total()
        if not gone and not come:
            return "another order"
        return (
            f"{plural(len(before), 'item')} before, {len(after)} now; {come} new or changed, {gone} removed or changed"
        )
    return f"{said_value(before)} -> {said_value(after)}"


@cache
def _schema_of(model: type[Data]) -> Json:
    return model.model_json_schema(by_alias=True)
