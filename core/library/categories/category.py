"""What every category has in common: how it is checked, read, written, and what a write tells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.library.categories.fields import Data
from core.library.categories.problems import InvalidDataError, Path, Problem, problem_of, shown
from core.library.categories.questions import Answers
from core.library.categories.work import Known, Work
from core.library.models import Movie
from core.words import plural

D = TypeVar("D", bound=Data)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One key of the data whose stored value is another now; `words` say how."""

    field: str
    before: Any
    after: Any
    words: str


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the keys that changed, and in words who and what was created or matched."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    @property
    def updated_fields(self) -> tuple[str, ...]:
        """The keys that changed, in the order of the model."""
        return tuple(change.field for change in self.changes)


@dataclass(frozen=True, slots=True)
class Checked(Generic[D]):
    """Data that was checked: `data` where nothing is wrong with it, else None and `problems`."""

    data: D | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Category(Generic[D]):
    """One of the views of a movie that a person edits as JSON.

    `store` resolves every name first, settles, and only then changes the movie. `list_keys` says for each list which
    keys of an item tell it from the others when lists are merged; an empty one stands for the item itself.
    """

    name: str
    title: str
    model: type[D]
    load: Callable[[Movie], Json]
    store: Callable[[Work, D], None]
    list_keys: Mapping[str, tuple[str, ...]]

    @property
    def file_name(self) -> str:
        """The name as it stands in file names and commands: with hyphens."""
        return self.name.replace("_", "-")

    def schema(self) -> Json:
        """Return the JSON Schema of the data."""
        return _schema_of(self.model)

    def check(self, data: object, before: Path = ()) -> Checked[D]:
        """Return the data, or all that is wrong with it, each with its path below `before`."""
        try:
            return Checked(self.model.model_validate(data), ())
        except ValidationError as error:
            schema = self.schema()
            found = [problem_of(details, schema, before) for details in error.errors(include_url=False)]
            return Checked(None, tuple(dict.fromkeys(found)))

    def read(self, movie: Movie) -> Json:
        """Return the data of a movie: all keys, in the order of the model; what `write` takes as it is."""
        return self.load(movie)

    def write(
        self,
        session: Session,
        movie: Movie,
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
        old = self.read(movie)
        if isinstance(data, dict) and all(old[key] == value for key, value in data.items()):
            return Written((), ())
        work = Work(session, movie, merge=merge_lists, answers=answers or {}, known=known or Known(session), at=before)
        self.store(work, checked.data)
        session.flush()
        new = self.read(movie)
        changes = tuple(
            Change(field, old[field], new[field], changed_words(old[field], new[field]))
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
        return f"{plural(come, 'item')} new or changed, {gone} no longer there so, {len(after)} in all"
    return f"{shown(before)} -> {shown(after)}"


@cache
def _schema_of(model: type[Data]) -> Json:
    return model.model_json_schema(by_alias=True)
