"""What of a service's data may be written: what is nobody else's, and what the category takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.documents import Path, said_path
from core.forms import Json, Source
from core.library.categories import Category
from core.library.models import Movie
from core.words import printable

_EMPTY: tuple[object, ...] = (None, "", [])


@dataclass
class Verdicts:
    """What was decided about a film: by category the keys that stay as they are, and what was left out and why."""

    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, words: str) -> None:
        if words not in self.left_out:
            self.left_out.append(words)


def choosing(
    category: Category[Any], movie: Movie, offered: Json, verdicts: Verdicts
) -> Callable[[Json, Mapping[str, Source]], Json]:
    """Return what decides, given the live data and where it is noted to be from, which keys are written."""
    own = _of_tmdb(movie)
    placeholder = (movie.imdb_id or "").casefold()

    def is_free(key: str, live: Any, noted: Source | None) -> bool:
        if noted is not None:
            return noted in {"tmdb", "omdb"}
        if live in _EMPTY or (key == "title" and live.casefold() == placeholder):
            return True
        return own and category.source_of(movie, key) == "tmdb"

    def choose(live: Json, noted: Mapping[str, Source]) -> Json:
        free = {key for key in offered if is_free(key, live[key], noted.get(key))}
        kept = tuple(key for key in live if key in offered and key not in free and live[key] != offered[key])
        verdicts.kept.pop(category.name, None)
        if kept:
            verdicts.kept[category.name] = kept
        return {key: _with_known(key, live[key], value) for key, value in offered.items() if key in free}

    return choose


def acceptable(category: Category[Any], offered: Json, verdicts: Verdicts) -> Json:
    """Return the data without what the category's rules refuse: a wrong item of a list, or a key."""
    problems = category.check(offered).problems
    for problem in problems:
        verdicts.leave_out(f"{category.name}: {problem}")
    return without(offered, (problem.path for problem in problems))


def without(data: Json, paths: Iterable[Path]) -> Json:
    """Return the data without the item, or the key, in which each path lies."""
    items: dict[str, set[int]] = {}
    keys = set()
    for path in paths:
        key = str(path[0]) if path else ""
        if len(path) > 1 and isinstance(path[1], int) and isinstance(data.get(key), list):
            items.setdefault(key, set()).add(path[1])
        else:
            keys.add(key)
    rest = {key: value for key, value in data.items() if key not in keys and keys != {""}}
    for key, numbers in items.items():
        if key in rest:
            rest[key] = [item for number, item in enumerate(rest[key]) if number not in numbers]
    return {key: value for key, value in rest.items() if value != []}


def told(category: str, path: Path, words: str) -> str:
    """Return why something was left out."""
    return printable(f"{category}: {said_path(path)}: {words}")


def _of_tmdb(movie: Movie) -> bool:
    """Tell whether a film came from TMDB, so that what nobody noted is from there; its id says so."""
    return movie.tmdb_id is not None and movie.external_id.startswith("tmdb-")


def _with_known(key: str, live: Any, value: Any) -> Any:
    """Streaming options that are there already stay as they are: they tell prices and more, which TMDB does not."""
    if key != "streaming_options":
        return value
    found: list[Any] = []
    for option in value:
        place = _place(option)
        found += [each for each in live if _place(each) == place] or [option]
    return found


def _place(option: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(option["platform"]).casefold(), option["region"], option["type"])
