"""What the tests of a user's library share: two users, files, and what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.library.models import (
    CustomList,
    Entry,
    Movie,
    Ranking,
    Recommendation,
    Recommender,
    User,
    WatchRecord,
)
from core.library.models.users import QUICK_RECOMMENDERS
from core.library.transfer import ImportReport, export_library, import_library, open_library, restore_user
from core.progress import Reporter

MIRA, JONAS = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
BEFORE, THEN, LATER, NOW = 1.0e9, 1.1e9, 1.2e9, 1.3e9
Json = dict[str, Any]


def add_user(session: Session, user_id: str, name: str) -> None:
    """Add a user with the four quick recommenders, and nothing else."""
    session.add(User(id=user_id, email=f"{name}@movies.example", username=name, created_at=BEFORE))
    session.flush()
    for key, (person, emoji) in QUICK_RECOMMENDERS.items():
        session.add(Recommender(user_id=user_id, name=person, emoji=emoji, quick_key=key, last_modified=BEFORE))
    session.flush()


def movie(imdb_id: str, **values: Any) -> Json:
    return {"imdb_id": imdb_id, "last_modified": THEN, **values}


def said(name: str, **values: Any) -> Json:
    return {"person_name": name, "date_recommended": THEN, "vote_type": True, **values}


def library(**sections: Any) -> Json:
    return {"version": 2, "exported_at": THEN, "movies": [], "people": [], "lists": [], **sections}


def write_file(folder: Path, data: object) -> Path:
    path = folder / "library.json"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def take_in(session: Session, folder: Path, data: object, user: str = MIRA, **options: Any) -> ImportReport:
    """Import, at NOW."""
    file = open_library(write_file(folder, data), Reporter())
    return import_library(session, user, file, reporter=Reporter(), **{"now": NOW, **options})


def bring_back(session: Session, folder: Path, data: object, user: str = MIRA, **options: Any) -> ImportReport:
    """Restore, at NOW."""
    file = open_library(write_file(folder, data), Reporter())
    return restore_user(session, user, file, reporter=Reporter(), **{"now": NOW, **options})


def copied(session: Session, user: str = MIRA) -> Json:
    """A user's library as greenroom copies it for itself."""
    return exported(session, user, quick_keys=True)


def exported(session: Session, user: str = MIRA, *, quick_keys: bool = False) -> Json:
    blocks = export_library(session, user, now=NOW, reporter=Reporter(), quick_keys=quick_keys).blocks
    data: Json = json.loads(b"".join(blocks))
    return data


def stored(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All that users have, and the films, as rows."""
    tables = (Movie, Recommender, CustomList, Entry, Recommendation, WatchRecord, Ranking)
    return {
        table.__tablename__: [
            tuple(row)
            for row in session.execute(select(*table.__table__.columns).order_by(*table.__table__.primary_key.columns))
        ]
        for table in tables
    }


def errors_of(report: ImportReport) -> list[str]:
    return [str(problem) for problem in report.errors]
