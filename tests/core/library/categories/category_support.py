"""What the tests of categories share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.library.categories import CATEGORIES, Category
from core.library.models import Base, Movie

IDS = [category.name for category in CATEGORIES]


def emptied(category: Category[Any]) -> dict[str, Any]:
    """The data that clears all that a category may clear."""
    values: dict[str, Any] = {}
    for key, about in category.schema()["properties"].items():
        if about.get("type") == "array":
            values[key] = []
        elif "anyOf" in about:
            values[key] = None
    return values


def tables(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    session.flush()
    return {
        table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))]
        for table in Base.metadata.sorted_tables
    }


def new_movie(session: Session, external_id: str = "new-1") -> Movie:
    """A movie of which only the title is known."""
    movie = Movie(external_id=external_id, title="Untitled")
    session.add(movie)
    session.flush()
    return movie


def fresh(session: Session, movie: Movie) -> Movie:
    """The movie as the database has it."""
    session.flush()
    session.expire_all()
    return session.get_one(Movie, movie.id)
