"""A category that is one list, each item a row of a table of its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from core.forms.strict import Item
from core.library.categories.lists import Placed, arrange, put_list, set_all
from core.library.categories.matching import folded
from core.library.categories.work import Work
from core.library.models import Movie

N = TypeVar("N", bound=Item)


@dataclass(frozen=True, slots=True)
class Listed(Generic[N]):
    """How a list of `item` is stored: in the movie's relationship `attribute`, as rows of `row`.

    Fields have the names of the columns but for those in `renamed`. Items whose fields `key` are the same, without case
    and accents, are the same item.
    """

    attribute: str
    item: type[N]
    row: type[Placed]
    key: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)

    def load(self, movie: Movie) -> list[dict[str, Any]]:
        """Return the items of a movie as JSON."""
        keys = {name: about.alias or name for name, about in self.item.model_fields.items()}
        return [
            {key: as_json(getattr(row, self._column(name))) for name, key in keys.items()}
            for row in getattr(movie, self.attribute)
        ]

    def store(self, work: Work, items: Sequence[N]) -> None:
        """Bring the movie's rows to the items."""
        rows: list[Placed] = arrange(
            list(getattr(work.movie, self.attribute)),
            items,
            row_key=lambda row: _key(getattr(row, self._column(name)) for name in self.key),
            item_key=lambda item: _key(getattr(item, name) for name in self.key),
            make=lambda item: self.row(**self._values(item, self.item.model_fields)),
            update=lambda row, item: set_all(row, self._changed(work, item)),
            merge=work.merge,
            equal=lambda row, item: all(
                getattr(row, name) == value for name, value in self._changed(work, item).items()
            ),
        )
        put_list(work.movie, self.attribute, rows)

    def _changed(self, work: Work, item: N) -> dict[str, Any]:
        """Return what a stored item gets: all fields, or in a merge those that the data names."""
        return self._values(item, item.model_fields_set if work.merge else self.item.model_fields)

    def _values(self, item: N, names: Iterable[str]) -> dict[str, Any]:
        return {self._column(name): getattr(item, name) for name in names}

    def _column(self, name: str) -> str:
        return self.renamed.get(name, name)


def as_json(value: Any) -> Any:
    """Return a column's value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def _key(values: Iterable[Any]) -> Hashable:
    return tuple(folded(value) if isinstance(value, str) else value for value in values)
