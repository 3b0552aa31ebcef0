"""A library with two users who have nothing yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from core.library.models import Base
from tests.core.library.transfer.transfer_support import JONAS, MIRA, add_user


def _as_a_site_is_opened(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", _as_a_site_is_opened)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        add_user(session, MIRA, "mira")
        add_user(session, JONAS, "jonas")
        session.commit()
        yield session
        session.rollback()
    engine.dispose()
