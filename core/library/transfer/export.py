"""A user's library as the bytes of version 2: written piece by piece, the same bytes for the same content.

Movies stand in the order of their IMDb ids, people and recommendations of their names, lists of their positions,
rankings liked ones first. What the format cannot name is left out, which is told: films without an IMDb id, and
references to people, lists and entries that are not there, for not every application lets its database check them.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.batches import in_batches
from core.library.models import CustomList, Entry, Movie, Ranking, Recommendation, Recommender, WatchRecord
from core.library.transfer.films import name_of
from core.library.transfer.models import VERSION
from core.library.transfer.tally import Kind, Listed
from core.library.transfer.unsaid import unsaid
from core.library.transfer.users import require_user
from core.progress import Reporter

_AT_ONCE = 500
_INDENT = 2

Json = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """A library about to be exported: how much, and its bytes, to be taken once.

    `left_out` says what cannot be named, `unsaid` counts what of it a restore does not leave alone.
    """

    counts: dict[Kind, int]
    left_out: Listed[str]
    unsaid: Counter[str]
    blocks: Iterator[bytes]


def export_name(day: date) -> str:
    """Return the name of a file exported on a day."""
    return f"moviemanager-export-{day.isoformat()}.json"


def export_library(
    session: Session, user_id: str, *, now: float, reporter: Reporter, quick_keys: bool = False
) -> Export:
    """Given a session that sees one state of the database, return a user's library.

    With `quick_keys` it says who is which of the quick recommenders: the format has no such key, and a restore needs it
    where one was called something else meanwhile.

    The blocks read on in the session. What is held of it: the films' numbers, and the names of people. Raise UsageError
    where there is no such user.
    """
    require_user(session, user_id)
    left_out: Listed[str] = Listed()
    movies, ranked = _numbers(session, user_id, left_out), _ranked(session, user_id)
    astray = unsaid(session, user_id)
    for words in astray.elements():
        left_out.note(words)
    people, lists = _people(session, user_id, quick_keys=quick_keys), _lists(session, user_id)
    counts: dict[Kind, int] = {
        "movies": len(movies),
        "people": len(people),
        "lists": len(lists),
        "rankings": len(ranked),
    }
    reporter.phase("exporting", sum(counts.values()), "rows")
    sections = {
        "movies": _movies(session, user_id, movies, _names(session, user_id)),
        "people": iter(people),
        "lists": iter(lists),
        "rankings": _rankings(session, user_id, ranked),
    }
    return Export(counts, left_out, astray, _document({"version": VERSION, "exported_at": now}, sections, reporter))


def _document(head: Json, sections: dict[str, Iterator[Json]], reporter: Reporter) -> Iterator[bytes]:
    yield _shown(head)[:-2]
    for name, records in sections.items():
        yield f',\n  "{name}": ['.encode()
        separator = b""
        for some in in_batches(records, _AT_ONCE):
            yield b"".join(
                chain.from_iterable(
                    (separator if number == 0 else b",", b"\n    ", _shown(record).replace(b"\n", b"\n    "))
                    for number, record in enumerate(some)
                )
            )
            separator = b","
            reporter.advance(len(some))
        yield b"\n  ]" if separator else b"]"
    yield b"\n}\n"


def _numbers(session: Session, user_id: str, left_out: Listed[str]) -> array[int]:
    """Return the ids of the user's films in the order of their IMDb ids."""
    rows = session.execute(
        select(Movie.id, Movie.imdb_id, Movie.external_id)
        .join(Entry, Entry.movie_id == Movie.id)
        .where(Entry.user_id == user_id)
        .order_by(Movie.imdb_id)
        .execution_options(yield_per=_AT_ONCE)
    )
    numbers = array("q")
    for number, imdb_id, external_id in rows:
        if name_of(imdb_id) is not None:
            numbers.append(number)
        else:
            left_out.note(external_id)
    return numbers


def _movies(session: Session, user_id: str, numbers: array[int], names: dict[int, str]) -> Iterator[Json]:
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE].tolist()
        votes = _votes(session, user_id, some, names)
        seen = select(WatchRecord.movie_id, WatchRecord.date_watched, WatchRecord.my_rating)
        mine = session.execute(seen.where(WatchRecord.user_id == user_id, WatchRecord.movie_id.in_(some)))
        watched = {number: {"date_watched": date, "my_rating": rating} for number, date, rating in mine}
        rows = session.execute(
            select(Movie.id, Movie.imdb_id, Movie.media_type, Entry.status, CustomList.id, Entry.last_modified)
            .join(Entry, Entry.movie_id == Movie.id)
            .outerjoin(CustomList, (CustomList.user_id == Entry.user_id) & (CustomList.id == Entry.custom_list_id))
            .where(Entry.user_id == user_id, Movie.id.in_(some))
        )
        records = {
            number: {
                "imdb_id": name_of(imdb_id),
                "media_type": media_type,
                "status": status,
                "custom_list_id": list_id,
                "last_modified": modified,
                "recommendations": votes.get(number, []),
                "watch_history": watched.get(number),
            }
            for number, imdb_id, media_type, status, list_id, modified in rows
        }
        yield from (records[number] for number in some)


def _votes(session: Session, user_id: str, numbers: Sequence[int], names: dict[int, str]) -> dict[int, list[Json]]:
    rows = session.execute(
        select(
            Recommendation.movie_id,
            Recommendation.recommender_id,
            Recommendation.date_recommended,
            Recommendation.vote_type,
        ).where(Recommendation.user_id == user_id, Recommendation.movie_id.in_(numbers))
    )
    votes: dict[int, list[Json]] = {}
    for movie_id, recommender_id, when, up in rows:
        name = names.get(recommender_id)
        if name is not None:
            vote = {"person_name": name, "date_recommended": when, "vote_type": up}
            votes.setdefault(movie_id, []).append(vote)
    for said in votes.values():
        said.sort(key=lambda vote: str(vote["person_name"]))
    return votes


def _names(session: Session, user_id: str) -> dict[int, str]:
    rows = session.execute(select(Recommender.id, Recommender.name).where(Recommender.user_id == user_id))
    return {number: name for number, name in rows}  # noqa: C416 - a row is no pair to the type checker


def _people(session: Session, user_id: str, *, quick_keys: bool) -> list[Json]:
    names = ("name", "is_trusted", "color", "emoji", "last_modified")
    columns = (getattr(Recommender, name) for name in names)
    rows = session.execute(select(Recommender.quick_key, *columns).where(Recommender.user_id == user_id))
    records = [
        dict(zip(names, row[1:], strict=True)) | ({"quick_key": row[0]} if quick_keys and row[0] is not None else {})
        for row in rows
    ]
    return sorted(records, key=lambda record: str(record["name"]))


def _lists(session: Session, user_id: str) -> list[Json]:
    names = ("id", "name", "color", "icon", "position", "created_at", "last_modified")
    rows = session.execute(select(*(getattr(CustomList, name) for name in names)).where(CustomList.user_id == user_id))
    return sorted((dict(zip(names, row, strict=True)) for row in rows), key=lambda one: (one["position"], one["id"]))


def _ranked(session: Session, user_id: str) -> array[int]:
    """Return the ids of the ranked films in their order; only those in the user's library, for no other is taken in."""
    rows = session.execute(
        select(Movie.id, Movie.imdb_id)
        .join(Ranking, Ranking.movie_id == Movie.id)
        .join(Entry, (Entry.user_id == Ranking.user_id) & (Entry.movie_id == Ranking.movie_id))
        .where(Ranking.user_id == user_id)
        .order_by(Ranking.liked.desc(), Ranking.position, Movie.imdb_id)
        .execution_options(yield_per=_AT_ONCE)
    )
    return array("q", (number for number, imdb_id in rows if name_of(imdb_id) is not None))


def _rankings(session: Session, user_id: str, numbers: array[int]) -> Iterator[Json]:
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE].tolist()
        rows = session.execute(
            select(Movie.id, Movie.imdb_id, Ranking.liked, Ranking.position, Ranking.ranked_at)
            .join(Ranking, Ranking.movie_id == Movie.id)
            .where(Ranking.user_id == user_id, Movie.id.in_(some))
        )
        records = {
            number: {"imdb_id": name_of(imdb_id), "liked": liked, "position": position, "ranked_at": ranked_at}
            for number, imdb_id, liked, position, ranked_at in rows
        }
        yield from (records[number] for number in some)


def _shown(value: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=_INDENT)
