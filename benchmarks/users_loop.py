"""`python -m benchmarks.users_loop export|import DATABASE USER FILE`: what a person would write without greenroom.

All of the file in memory, an SQLAlchemy object for each record, films found one by one. It checks nothing, and takes
every record that comes.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from core.library.models import Entry, Movie, Recommendation, Recommender, User, WatchRecord


def export(_session: Session, user: User, target: Path) -> None:
    """Write a user's movies and recommenders as one JSON file."""
    movies = [_movie(entry) for entry in user.entries]
    people = [{"name": one.name, "last_modified": one.last_modified} for one in user.recommenders]
    data = {"version": 2, "exported_at": time.time(), "movies": movies, "people": people, "lists": []}
    target.write_text(json.dumps(data, ensure_ascii=False, indent=2))


def _movie(entry: Entry) -> dict[str, Any]:
    watched = entry.watched
    return {
        "imdb_id": entry.movie.imdb_id,
        "status": entry.status,
        "custom_list_id": entry.custom_list_id,
        "last_modified": entry.last_modified,
        "recommendations": [
            {"person_name": one.recommender.name, "date_recommended": one.date_recommended, "vote_type": one.vote_type}
            for one in entry.recommendations
        ],
        "watch_history": {"date_watched": watched.date_watched, "my_rating": watched.my_rating} if watched else None,
    }


def take_in(session: Session, user: User, source: Path) -> None:
    """Write each movie of a file, with its recommendations and when it was seen."""
    people = {one.name: one for one in user.recommenders}
    for record in json.loads(source.read_text())["movies"]:
        movie = session.scalars(select(Movie).where(Movie.imdb_id == record["imdb_id"])).one_or_none()
        if movie is None:
            movie = Movie(external_id=f"imdb-{record['imdb_id']}", imdb_id=record["imdb_id"], title=record["imdb_id"])
        entry = Entry(user_id=user.id, movie=movie, status=record["status"], last_modified=record["last_modified"])
        for one in record["recommendations"]:
            name = one["person_name"]
            if name not in people:
                people[name] = Recommender(user=user, name=name, last_modified=record["last_modified"])
            given = Recommendation(recommender=people[name], date_recommended=one["date_recommended"])
            given.vote_type = one["vote_type"]
            entry.recommendations.append(given)
        if record["watch_history"]:
            entry.watched = WatchRecord(**record["watch_history"])
        session.add(entry)
        session.flush()


def main() -> None:
    verb, database, name, file = sys.argv[1:]
    with Session(create_engine(f"sqlite:///{database}")) as session:
        user = session.scalars(select(User).where(User.username == name)).one()
        (export if verb == "export" else take_in)(session, user, Path(file))
        session.commit()


if __name__ == "__main__":
    main()
