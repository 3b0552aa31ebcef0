"""What differs between two JSON values, by item and not by line, and the way from the one to the other.

An item of a list is known by its key or, where it has none, by its value; so what changed place is told as moved, and
what else changed is told within the item. The order of the keys of an object is no difference.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.documents.problems import Path, said_value

ChangeKind = Literal["added", "removed", "changed", "moved"]
KeyOf = Callable[[Path, object], Hashable | None]  # the path of the list in the value, an item of it


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list: the item with this key, the how-manieth with it; `label` is for people."""

    key: Hashable
    number: int
    label: str = field(compare=False, default="")


Steps = tuple[str | Item, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `before` counts for removed and changed, `after` for added and changed.

    `position` is the index that an added or moved item of a list gets, `was` the one a moved or removed item had.
    `path` leads there by indices: in the value after, of what was removed in the one before.
    """

    kind: ChangeKind
    steps: Steps
    path: Path
    before: object = None
    after: object = None
    position: int | None = None
    was: int | None = None


def by_value(path: Path, item: object) -> None:
    """Tell that an item has no key: it is known by its value."""
    del path, item


def difference(before: object, after: object, key_of: KeyOf = by_value) -> tuple[Change, ...]:
    """Return what differs, in the order of the value after, with what was removed beside it."""
    return tuple(_compare(before, after, (), (), (), key_of))


def apply(before: object, changes: Sequence[Change], key_of: KeyOf = by_value) -> object:
    """Return the value after the changes; the one before stays as it is. What has no place is passed over."""
    return _apply(before, [(change.steps, change) for change in changes], (), key_of)


def same(one: object, other: object) -> bool:
    """Tell whether two JSON values are the same: 1 and 1.0 are, 1 and true are not."""
    return frozen(one) == frozen(other)


def frozen(value: object) -> Hashable:
    """Return something that is equal for the same JSON values, and only for those."""
    if isinstance(value, dict):
        return ("object", frozenset((key, frozen(each)) for key, each in value.items()))
    if isinstance(value, list):
        return ("list", tuple(frozen(each) for each in value))
    if isinstance(value, bool):
        return ("truth", value)
    return value if isinstance(value, Hashable) else repr(value)


def identified(items: Sequence[object], path: Path, key_of: KeyOf) -> dict[Item, int]:
    """Return the items of a list with their indices, in their order."""
    seen: Counter[Hashable] = Counter()
    found = {}
    for index, item in enumerate(items):
        key = key_of(path, item)
        identity: Hashable = ("value", frozen(item)) if key is None else ("key", key)
        found[Item(identity, seen[identity], label_of(item))] = index
        seen[identity] += 1
    return found


def label_of(item: object) -> str:
    """Return what people know an item by: its first short text, or the value itself."""
    if isinstance(item, dict):
        texts = (each for key, each in item.items() if isinstance(each, str) and key != "id" and 0 < len(each) <= 200)
        return said_value(next(texts, item))
    return said_value(item)


def _compare(before: object, after: object, steps: Steps, old: Path, new: Path, key_of: KeyOf) -> list[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        return _compare_objects(before, after, steps, old, new, key_of)
    if isinstance(before, list) and isinstance(after, list):
        return _compare_lists(before, after, steps, old, new, key_of)
    return [] if same(before, after) else [Change("changed", steps, new, before, after)]


def _compare_objects(
    before: Mapping[str, object], after: Mapping[str, object], steps: Steps, old: Path, new: Path, key_of: KeyOf
) -> list[Change]:
    changes = [
        Change("removed", (*steps, key), (*old, key), before=value) for key, value in before.items() if key not in after
    ]
    for key, value in after.items():
        if key in before:
            changes += _compare(before[key], value, (*steps, key), (*old, key), (*new, key), key_of)
        else:
            changes.append(Change("added", (*steps, key), (*new, key), after=value))
    return changes


def _compare_lists(
    before: Sequence[object], after: Sequence[object], steps: Steps, old: Path, new: Path, key_of: KeyOf
) -> list[Change]:
    olds, news = identified(before, old, key_of), identified(after, new, key_of)
    changes = [
        Change("removed", (*steps, item), (*old, index), before=before[index], was=index)
        for item, index in olds.items()
        if item not in news
    ]
    staying = _longest_rise([olds[item] for item in news if item in olds])
    for item, index in news.items():
        here, path, was = (*steps, item), (*new, index), olds.get(item)
        if was is None:
            changes.append(Change("added", here, path, after=after[index], position=index))
            continue
        if was not in staying:
            changes.append(Change("moved", here, path, position=index, was=was))
        if _have_other_ids(before[was], after[index]):
            changes.append(Change("changed", here, path, before[was], after[index]))
        else:
            changes += _compare(before[was], after[index], here, (*old, was), path, key_of)
    return changes


def _have_other_ids(before: object, after: object) -> bool:
    """Tell whether an item took the place of another one: what is in it must not be mixed with what was in that."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    old, new = before.get("id"), after.get("id")
    return old is not None and new is not None and not same(old, new)


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """Return a longest rising subsequence: what is in it stays where it is, all else was moved."""
    ends: list[int] = []
    previous: dict[int, int | None] = {}
    for number in numbers:
        place = bisect_left(ends, number)
        previous[number] = ends[place - 1] if place else None
        ends[place : place + 1] = [number]
    rise: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        rise.add(last)
        last = previous[last]
    return rise


_Below = list[tuple[Steps, Change]]  # changes with the steps that are left to where they belong


def _apply(value: object, changes: _Below, path: Path, key_of: KeyOf) -> object:
    here = [change for steps, change in changes if not steps]
    if here:
        return here[-1].after
    if isinstance(value, dict):
        return _apply_to_object(value, changes, path, key_of)
    return _apply_to_list(value, changes, path, key_of) if isinstance(value, list) else value


def _apply_to_object(value: Mapping[str, object], changes: _Below, path: Path, key_of: KeyOf) -> object:
    result = dict(value)
    for key, below in _by_first(changes).items():
        if not isinstance(key, str):
            continue
        last = below[-1]
        if not last[0] and last[1].kind == "removed":
            result.pop(key, None)
        elif key in result or not last[0]:
            result[key] = _apply(result.get(key), below, (*path, key), key_of)
    return result


def _apply_to_list(value: Sequence[object], changes: _Below, path: Path, key_of: KeyOf) -> object:
    indices = identified(value, path, key_of)
    kept: dict[Item, object] = {item: value[index] for item, index in indices.items()}
    coming: list[tuple[int, object]] = []
    for item, below in _by_first(changes).items():
        if not isinstance(item, Item):
            continue
        own = {change.kind: change for steps, change in below if not steps}
        inner = [each for each in below if each[0] or each[1].kind == "changed"]
        if "removed" in own:
            kept.pop(item, None)
        if item in kept and inner:
            kept[item] = _apply(kept[item], inner, (*path, indices[item]), key_of)
        if "added" in own:
            coming.append((own["added"].position or 0, own["added"].after))
        elif "moved" in own and item in kept:
            coming.append((own["moved"].position or 0, kept.pop(item)))
    result = list(kept.values())
    # From the front: all that stands before a position is there when its turn comes.
    for position, each in sorted(coming, key=lambda pair: pair[0]):
        result.insert(position, each)
    return result


def _by_first(changes: _Below) -> dict[str | Item, _Below]:
    groups: dict[str | Item, _Below] = {}
    for steps, change in changes:
        groups.setdefault(steps[0], []).append((steps[1:], change))
    return groups
