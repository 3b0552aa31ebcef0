"""`python -m benchmarks.categories_loop export|import DATABASE ZIP`: what a person would write without greenroom.

A loop over SQLAlchemy objects, a movie after the other: it writes the same files, and the same rows from them. It
checks nothing, keeps no draft and no log, and knows of no conflict.
"""

from __future__ import annotations

import json
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from core.library.categories import CATEGORIES, category_named
from core.library.models import Movie, TimelineEvent, TriviaItem

_LISTS: dict[str, tuple[str, str, type[Any], dict[str, str]]] = {
    "timeline": ("events", "timeline", TimelineEvent, {"mediaUrl": "media_url"}),
    "trivia": ("items", "trivia", TriviaItem, {}),
}


def export(session: Session, target: Path) -> None:
    """Write the seven categories of all movies into a ZIP file."""
    now = datetime.now(UTC).isoformat()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for movie_id in session.scalars(select(Movie.id).order_by(Movie.title)).all():
            movie = session.get_one(Movie, movie_id)
            for category in CATEGORIES:
                envelope = {
                    "category": category.name,
                    "movie_id": movie.external_id,
                    "version": "1.0",
                    "exported_at": now,
                    "data": category.read(movie),
                    "metadata": {"source": "tmdb" if movie.tmdb_id else "manual"},
                }
                text = json.dumps(envelope, ensure_ascii=False, indent=2)
                archive.writestr(f"{movie.external_id}/{category.file_name}.json", text)
            session.expunge_all()


def take_in(session: Session, source: Path) -> None:
    """Write what differs of each file in a ZIP file into its movie; lists are written anew."""
    with zipfile.ZipFile(source) as archive:
        movie = None
        for name in archive.namelist():
            envelope = json.loads(archive.read(name))
            if movie is None or movie.external_id != envelope["movie_id"]:
                session.flush()
                session.expunge_all()
                movie = session.scalars(select(Movie).where(Movie.external_id == envelope["movie_id"])).one()
            category = category_named(envelope["category"])
            if category.read(movie) != envelope["data"]:
                _put(movie, category.name, envelope["data"])
    session.commit()


def _put(movie: Movie, category: str, data: dict[str, Any]) -> None:
    key, attribute, row, renamed = _LISTS[category]
    setattr(movie, attribute, [row(**{renamed.get(k, k): _value(k, v) for k, v in item.items()}) for item in data[key]])


def _value(key: str, value: Any) -> Any:
    return date.fromisoformat(value) if key == "date" else value


def main() -> None:
    verb, database, archive = sys.argv[1:]
    with Session(create_engine(f"sqlite:///{database}")) as session:
        (export if verb == "export" else take_in)(session, Path(archive))


if __name__ == "__main__":
    main()
