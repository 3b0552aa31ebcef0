"""What people and language models leave of an envelope, brought back to one where only one meaning is possible.

Nothing within `data` is guessed but the spelling of keys; each change is told in words, and every path of the value
that comes out knows the one that it had in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.documents import Path, said_path, said_value
from core.forms import Json
from core.forms.schemas import keys_at
from core.library.categories import CATEGORIES, Category, find_category
from core.library.categories.frame import CategoryFrame
from core.library.exchange.templates import PLACEHOLDER

_FRAME = tuple(CategoryFrame.model_fields)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller says that a text is about, as far as the caller does.

    Not `certain` is what the name of a file says: it fills in what the text leaves out, and contradicts nothing.
    """

    category: Category[Any] | None = None
    movie_id: str | None = None
    certain: bool = True


ANYTHING = Wanted()


@dataclass(slots=True)
class Shaped:
    """A value that has the shape of an envelope as far as that is certain, and in words what was done for it."""

    value: Any
    notes: list[str] = field(default_factory=list)
    _moved: dict[Path, Path] = field(default_factory=dict)

    def moved(self, path: Path, came_from: Path) -> None:
        """Note that what is at a path now stands elsewhere in the text."""
        self._moved[path] = self.origin(came_from)

    def origin(self, path: Path) -> Path:
        """Return where in the text the value stands that is at a path now."""
        for length in range(len(path), -1, -1):
            if path[:length] in self._moved:
                return self._moved[path[:length]] + path[length:]
        return path


def shaped(value: object, wanted: Wanted = ANYTHING) -> Shaped:
    """Given decoded JSON, return it as an envelope as far as that is certain; what is not is left as it is."""
    found = Shaped(value)
    category = _category_of(value, wanted)
    if isinstance(value, list):
        _list_alone(found, category or _category_of_items(value))
    elif isinstance(value, dict):
        found.value = dict(value)
        _rename_keys(found, found.value, (), _FRAME)
        category = category or _category_of(found.value, wanted)
        _gather(found, category)
    if isinstance(found.value, dict):
        _complete(found, wanted)
        data = found.value.get("data")
        category = _category_of(found.value, wanted)
        if category is not None and isinstance(data, dict):
            found.value["data"] = _spelt(found, data, ("data",), category.schema(), ())
    return found


def _category_of(value: object, wanted: Wanted) -> Category[Any] | None:
    """Return which category it certainly is: what it says, else what the caller says, else what its keys say."""
    if isinstance(value, dict):
        named = value.get("category")
        if isinstance(named, str):
            return find_category(_plain_name(named))
        if wanted.category is not None:
            return wanted.category
        data = value.get("data")
        keys = data if isinstance(data, dict) else [key for key in value if key not in _FRAME]
        return _category_of_keys(keys) or (_category_of_items(data) if isinstance(data, list) else None)
    return wanted.category


def _category_of_keys(keys: Sequence[str] | Mapping[str, Any]) -> Category[Any] | None:
    """Return the one category that knows all of these keys of data, or whose name is the only key."""
    if not keys:
        return None
    plain = {_plain(key) for key in keys}
    found = [one for one in CATEGORIES if plain <= {_plain(key) for key in _keys(one)}]
    if not found and len(plain) == 1:
        found = [one for one in CATEGORIES if _plain(one.name) in plain]
    return found[0] if len(found) == 1 else None


def _category_of_items(items: Sequence[Any]) -> Category[Any] | None:
    """Return the one category of a single list whose items may have these keys, and have those they must."""
    dicts = [item for item in items if isinstance(item, dict)]
    if not dicts or len(dicts) < len(items):
        return None
    plain = {_plain(key) for item in dicts for key in item}
    found = []
    for one in CATEGORIES:
        key = _only_list(one)
        if key is not None and plain <= {_plain(name) for name in keys_at(one.schema(), (key, 0))}:
            found.append(one)
    return found[0] if len(found) == 1 else None


def _list_alone(found: Shaped, category: Category[Any] | None) -> None:
    """Put a list without anything around it where it belongs, in a category that is one list."""
    key = None if category is None else _only_list(category)
    if category is not None and key is not None:
        found.value = {"category": category.name, "data": {key: found.value}}
        found.moved(("data", key), ())
        found.notes.append(f"the list was taken for {key} of {category.name}")


def _gather(found: Shaped, category: Category[Any] | None) -> None:
    """Put keys of the data that stand beside it into it, and a list in the place of the data under its key."""
    value: Json = found.value
    if category is None:
        return
    only = _only_list(category)
    data = value.get("data")
    if isinstance(data, list) and only is not None:
        value["data"] = {only: data}
        found.moved(("data", only), ("data",))
        found.notes.append(f"the list in data was taken for {only}")
        return
    keys = {_plain(key): key for key in (*_keys(category), category.name)}
    beside = [key for key in value if key not in _FRAME and _plain(key) in keys]
    if not beside or not (data is None or isinstance(data, dict)):
        return
    inner: Json = dict(data or {})
    for key in beside:
        items = value[key]
        if key in inner:
            continue
        del value[key]
        if isinstance(items, dict) and _plain(key) == _plain(category.name) and not inner and len(beside) == 1:
            inner = items
            found.moved(("data",), (key,))
        else:
            inner[key] = items
            found.moved(("data", key), (key,))
        found.notes.append(f"{said_path((key,))} was taken for a part of data")
    value["data"] = inner


def _complete(found: Shaped, wanted: Wanted) -> None:
    """Fill in what the envelope does not say and the caller does, or the keys do."""
    value: Json = found.value
    category = _category_of(value, wanted)
    named = value.get("category")
    if isinstance(named, str):
        if category is not None and named not in {category.name, category.file_name}:
            value["category"] = category.name
            found.notes.append(f"category {said_value(named)} was taken for {category.name}")
    elif named is None and category is not None and isinstance(value.get("data"), dict):
        value["category"] = category.name
        found.moved(("category",), ())
        if wanted.category is None:
            found.notes.append(f"the category was told from its keys: {category.name}")
    if wanted.movie_id is not None and value.get("movie_id") in (None, PLACEHOLDER):
        value["movie_id"] = wanted.movie_id


def _spelt(found: Shaped, value: Any, path: Path, schema: Json, inside: Path) -> Any:
    """Return an object of the data with its keys, and those of the items in its lists, spelt as the schema has them."""
    known = keys_at(schema, inside)
    if isinstance(value, list):
        return [_spelt(found, item, (*path, n), schema, (*inside, 0)) for n, item in enumerate(value)]
    if not isinstance(value, dict) or not known:
        return value
    result = dict(value)
    _rename_keys(found, result, path, known)
    if not inside:
        _rename_only_list(found, result, path, known)
    return {key: _spelt(found, inner, (*path, key), schema, (*inside, key)) for key, inner in result.items()}


def _rename_only_list(found: Shaped, value: Json, path: Path, known: Sequence[str]) -> None:
    """Let the list of a category that is one list stand under the category's name: {"trivia": [...]}."""
    if len(known) == 1 and len(value) == 1:
        (key,) = value
        category = find_category(_plain_name(key))
        if key not in known and isinstance(value[key], list) and category and _only_list(category) == known[0]:
            _rename(found, value, path, key, known[0])


def _rename_keys(found: Shaped, value: Json, path: Path, known: Sequence[str]) -> None:
    """Spell keys as they are known: poster-url and posterUrl are poster_url where that is not there itself."""
    by_plain = {_plain(name): name for name in known}
    plain = [_plain(key) for key in value]
    for key in [key for key in value if key not in known]:
        name = by_plain.get(_plain(key))
        if name is not None and plain.count(_plain(key)) == 1:
            _rename(found, value, path, key, name)


def _rename(found: Shaped, value: Json, path: Path, key: str, name: str) -> None:
    renamed = {name if each == key else each: inner for each, inner in value.items()}
    value.clear()
    value.update(renamed)
    found.moved((*path, name), (*path, key))
    found.notes.append(f"{said_path((*path, key))} was taken for {name}")


def _keys(category: Category[Any]) -> tuple[str, ...]:
    return keys_at(category.schema(), ())


def _only_list(category: Category[Any]) -> str | None:
    """Return the key of the list that the category is; None where it is more."""
    keys = _keys(category)
    return keys[0] if len(keys) == 1 and keys[0] in category.list_keys else None


def _plain_name(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _plain(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "").replace(" ", "")
