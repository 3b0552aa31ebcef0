"""Sessions on real servers: who waits for another one's lock waits a while, and is told that it is one."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text

from core.databases import sessions
from core.databases.connect import open_server
from core.databases.sessions import writing
from core.errors import BusyError
from tests.engines.conftest import MakeDatabase, run_sql


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_row_that_another_transaction_holds_makes_busy_and_not_wait_for_ever(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    url = make_url(make_database(engine))
    run_sql(url.render_as_string(hide_password=False), "CREATE TABLE t (v int);\nINSERT INTO t VALUES (1)")
    waits = {"postgresql": "SET lock_timeout = 1000", "mysql": "SET SESSION innodb_lock_wait_timeout = 1"}
    assert sessions._WAITS.keys() == waits.keys()
    monkeypatch.setattr(sessions, "_WAITS", waits)

    with open_server(url).connect() as other:
        other.execute(text("UPDATE t SET v = 2"))
        with pytest.raises(BusyError, match="somebody else"), writing(url) as session:
            session.execute(text("UPDATE t SET v = 3"))


@pytest.mark.parametrize(
    ("engine", "asked"), [("postgresql", "SHOW lock_timeout"), ("mysql", "SELECT @@innodb_lock_wait_timeout")]
)
def test_waiting_ends(make_database: MakeDatabase, engine: str, asked: str) -> None:
    with writing(make_url(make_database(engine))) as session:
        assert str(session.execute(text(asked)).scalar_one()) in {"10s", "10"}
