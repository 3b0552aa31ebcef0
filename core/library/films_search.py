"""Conditions on films that each engine says in its own way: without case, and in a long list."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import JSON, ColumnElement, Function, LargeBinary, and_, cast, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.library.categories.matching import folded
from core.library.models import Credit, Movie, Person

_TITLE_AND_YEAR = re.compile(r"(?P<title>.+?)\s*\((?P<year>\d{4})\)")
_FOLDED = "greenroom_folded"

Text = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]


def matches(session: Session, text: str) -> ColumnElement[bool]:
    """Return the condition that every word is in a film's title, its ids, the name of one who made it, or its year."""
    return and_(true(), *(_word(session, word) for word in text.split()))


def named(session: Session, text: str) -> Iterator[ColumnElement[bool]]:
    """Yield what a person may mean who names one film, the surest first: its id as it is, its id, its title.

    The last two are without case; a title may be followed by a year in brackets.
    """
    if not _is_storable(text):
        return
    engine = session.get_bind().dialect.name
    for column in (Movie.external_id, Movie.imdb_id):
        # MySQL compares without case, and only then finds it by an index.
        exact = true() if engine != "mysql" else cast(column, LargeBinary) == text.encode()
        yield and_(column == text, exact)
    yield or_(func.lower(Movie.external_id) == text.lower(), func.lower(Movie.imdb_id) == text.lower())
    title = _is(session, Movie.title, text)
    parted = _TITLE_AND_YEAR.fullmatch(text)
    if parted is not None:
        title = or_(title, and_(_is(session, Movie.title, parted["title"]), Movie.year == parted["year"]))
    yield title


def listed(session: Session, column: Text, values: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values: as one parameter, for engines bound their number."""
    engine = session.get_bind().dialect.name
    words = sorted(values)
    if engine == "sqlite":
        return column.in_(select(func.json_each(json.dumps(words)).table_valued("value").c.value))
    if engine == "postgresql":
        return column.in_(select(func.json_array_elements_text(cast(words, JSON)).column_valued("wanted")))
    return column.in_(words)


def _word(session: Session, word: str) -> ColumnElement[bool]:
    if not _is_storable(word):
        return false()
    # Nested, not joined: SQLite takes fifty times as long to join.
    people = select(Person.id).where(_has(session, Person.name, word))
    found: list[ColumnElement[bool]] = [
        _has(session, Movie.title, word),
        Movie.external_id.icontains(word, autoescape=True),
        Movie.imdb_id.icontains(word, autoescape=True),
        Movie.id.in_(select(Credit.movie_id).where(Credit.person_id.in_(people))),
    ]
    if word.isdecimal():
        found.append(Movie.year == word)
    return or_(*found)


def _has(session: Session, column: Text, word: str) -> ColumnElement[bool]:
    if not _folds(session):
        return column.icontains(word, autoescape=True)
    plain = _fold(word)
    # What is ASCII alone is looked at by SQLite itself, which is ten times as fast as a function of ours.
    other = and_(
        func.length(column) != func.length(cast(column, LargeBinary)), _folded(column).contains(plain, autoescape=True)
    )
    return or_(column.icontains(plain, autoescape=True), other)


def _is(session: Session, column: Text, text: str) -> ColumnElement[bool]:
    if _folds(session):
        return _folded(column) == _fold(text)
    return func.lower(column) == func.lower(text)


def _is_storable(text: str) -> bool:
    """Return whether a database can hold it: no NUL, no half of a surrogate pair."""
    return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text)


def _folded(column: Text) -> ColumnElement[Any]:
    return Function(_FOLDED, column)


def _folds(session: Session) -> bool:
    """Give SQLite, which knows no case beyond ASCII, a function of ours; servers go by their own collation."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return False
    driver: Any = connection.connection.driver_connection
    driver.create_function(_FOLDED, 1, _fold, deterministic=True)
    return True


def _fold(text: object) -> str:
    if not isinstance(text, str):
        return ""
    return text.lower() if text.isascii() else folded(text)
