"""A copy looked through as a restore would, without a database: would it be taken as it is?"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final

from core.documents import Path, Problem, said_path, said_value
from core.library.models.users import QUICK_RECOMMENDERS
from core.library.transfer.models import AnyMovie, ListRecord, PersonRecord, RankingRecord, RecommendationRecord
from core.library.transfer.source import LibraryFile
from core.library.transfer.tally import Kind, Tally
from core.progress import Reporter

_ORDER: Final[tuple[Kind, ...]] = ("people", "lists", "movies", "rankings")  # each refers to those before


def refused_records(file: LibraryFile, reporter: Reporter) -> Tally:
    """Return what is wrong with a file's records in themselves and with each other: no restore takes such a file.

    Held of it: a number a film, the names of people and the ids of lists.
    """
    tally, proof = Tally(0.0), _Proof(file)
    for kind in _ORDER:
        for path, record in file.records(kind, tally, reporter):
            problems = list(proof.problems(path, record))
            if problems:
                tally.refuse(kind, problems)
    return tally


def twice(path: Path, key: str, first: Path) -> Problem:
    """Return the problem that what `path` names stood in the file already."""
    return Problem(path, f"{said_value(key)} a second time", f"each one once; the first is {said_path(first)}")


def quick_problem(path: Path, record: PersonRecord, seen: dict[str, Path]) -> Problem | None:
    """Return what is wrong with which quick recommender a record says to be."""
    key, at = record.quick_key, (*path, "quick_key")
    if key is None:
        return None
    if key not in QUICK_RECOMMENDERS:
        return Problem(at, said_value(key), ", ".join(QUICK_RECOMMENDERS))
    first = seen.setdefault(key, path)
    return None if first == path else twice(at, key, first)


def film_key(imdb_id: str) -> int:
    """Return a small key of a film, for there is one of each."""
    return int("1" + imdb_id[2:])


def not_in_file(path: Path, key: str, *, kind: Kind) -> Problem:
    """Return the problem that a record names what a restore will not leave there."""
    if kind == "lists":
        found, allowed = "which is no list of the file", "the id of one of the file's lists, or null"
    else:
        found, allowed = "which is not among the movies of the file", "a film of the file"
    return Problem(path, f"{said_value(key)}, {found}", allowed)


class _Proof:
    def __init__(self, file: LibraryFile) -> None:
        self._kinds = file.sections.keys()
        self._quick: dict[str, Path] = {}
        self._first: dict[Kind, dict[Hashable, int]] = {kind: {} for kind in _ORDER}

    def problems(self, path: Path, record: object) -> Iterable[Problem]:
        """Yield what is wrong with a record and those that came before; people and lists must come first."""
        match record:
            case PersonRecord():
                yield from self._again("people", (*path, "name"), record.name, record.name)
                problem = quick_problem(path, record, self._quick)
                yield from [problem] if problem else []
            case ListRecord():
                yield from self._again("lists", (*path, "id"), record.id, record.id)
            case RankingRecord():
                at = (*path, "imdb_id")
                yield from self._again("rankings", at, film_key(record.imdb_id), record.imdb_id)
                if "movies" in self._kinds and film_key(record.imdb_id) not in self._first["movies"]:
                    yield not_in_file(at, record.imdb_id, kind="movies")
            case _ if isinstance(record, AnyMovie):
                yield from self._of_movie(path, record)

    def _of_movie(self, path: Path, record: AnyMovie) -> Iterable[Problem]:
        yield from self._again("movies", (*path, "imdb_id"), film_key(record.imdb_id), record.imdb_id)
        list_id = record.custom_list_id
        if list_id is not None and "lists" in self._kinds and list_id not in self._first["lists"]:
            yield not_in_file((*path, "custom_list_id"), list_id, kind="lists")
        names: dict[str, int] = {}
        for number, said in enumerate(record.recommendations):
            if isinstance(said, RecommendationRecord) and names.setdefault(said.person_name, number) != number:
                first = (*path, "recommendations", names[said.person_name])
                yield twice((*path, "recommendations", number, "person_name"), said.person_name, first)

    def _again(self, kind: Kind, at: Path, key: Hashable, shown: str) -> Iterable[Problem]:
        index = int(at[1])
        first = self._first[kind].setdefault(key, index)
        if first != index:
            yield twice(at, shown, (kind, first))
