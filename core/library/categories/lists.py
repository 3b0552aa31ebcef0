"""Rows of a list brought to what the data says: those that are meant stay the rows that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar


class Placed(Protocol):
    """A row with its place in a list, from 0."""

    position: Any

    def __init__(self, **values: Any) -> None: ...


R = TypeVar("R", bound=Placed)
T = TypeVar("T")


def arrange(
    rows: Sequence[R],
    items: Sequence[T],
    *,
    row_key: Callable[[R], Hashable],
    item_key: Callable[[T], Hashable],
    make: Callable[[T], R],
    update: Callable[[R, T], None],
    merge: bool,
    equal: Callable[[R, T], bool] = lambda _row, _item: True,
) -> list[R]:
    """Return the rows as they are to be, in order, with their positions.

    Row and item with the same key belong together; where several have it, the first that is `equal`, or the first.
    Without `merge` the rows are those of the items; with it all present rows stay in their order, and what is new
    follows.
    """
    by_key: dict[Hashable, list[R]] = defaultdict(list)
    for row in rows:
        by_key[row_key(row)].append(row)
    result = list(rows) if merge else []
    for item in items:
        same = by_key[item_key(item)]
        if same:
            row = next((row for row in same if equal(row, item)), same[0])
            same.remove(row)
            update(row, item)
            if merge:
                continue
        else:
            row = make(item)
        result.append(row)
    for position, row in enumerate(result):
        if row.position != position:
            row.position = position
    return result


def put_list(owner: object, attribute: str, rows: list[R]) -> None:
    """Let `rows` be a relationship's list, untouched where it is that already: what is touched must be flushed."""
    present = getattr(owner, attribute)
    if len(present) != len(rows) or any(old is not new for old, new in zip(present, rows, strict=True)):
        setattr(owner, attribute, rows)


def set_all(row: object, values: dict[str, Any]) -> None:
    """Set attributes that differ, so that an unchanged row is not written."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
