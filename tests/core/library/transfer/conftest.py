"""A library with two users who have nothing yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from core.library.models import Base
from tests.core.library.transfer.transfer_support import JONAS, MIRA, add_user


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys = ON"))
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        add_user(session, MIRA, "mira")
        add_user(session, JONAS, "jonas")
        session.commit()
        yield session
        session.rollback()
    engine.dispose()
