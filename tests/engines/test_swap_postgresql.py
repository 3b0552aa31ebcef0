"""A dump comes back into a PostgreSQL site: all of it, or nothing, and each step can go on or back."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count as numbers
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.databases.connect import beside, open_server
from core.databases.postgresql import inplace, restore, swap
from core.databases.postgresql.server import connect, run
from core.databases.quoting import double_quoted as quoted
from core.databases.tools import ToolFailedError
from core.errors import CancelledError, GreenroomError, VerificationError
from core.progress import CancelToken, Reporter
from tests.engines.conftest import MakeDatabase, MakeRole, run_sql
from tests.engines.dumping import (
    KilledError,
    blocks,
    count,
    dumped,
    interfere,
    killed_after,
    make_rows,
    query,
    running_tools,
    site_name,
)
from tests.engines.servers import postgresql_tools

TOOLS = postgresql_tools()
ID = "20260329-1405.7"
MANY = 40_000
RICH = r"""
CREATE SCHEMA "Odd one";
CREATE TYPE mood AS ENUM ('sad', 'it''s glad');
CREATE DOMAIN percent AS INTEGER CHECK (VALUE BETWEEN 0 AND 100);
CREATE SEQUENCE numbers START 5 INCREMENT 3;
CREATE TABLE film (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title TEXT NOT NULL, mood mood, score percent,
    twice INTEGER GENERATED ALWAYS AS (score * 2) STORED, raw BYTEA, tags TEXT[],
    number BIGINT DEFAULT nextval('numbers'));
CREATE TABLE "Odd one"."it's 100% ""odd"" \" ("a:b" INTEGER PRIMARY KEY,
    film INTEGER REFERENCES film ON DELETE CASCADE);
CREATE TABLE events (at DATE, what TEXT) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW glad AS SELECT title FROM film WHERE mood = 'it''s glad';
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM film;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := upper(NEW.title); RETURN NEW; END $$;
CREATE TRIGGER shouting BEFORE INSERT ON film FOR EACH ROW EXECUTE FUNCTION shout();
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
INSERT INTO film (title, mood, score, raw, tags) VALUES ('one', 'sad', 50, '\x00ff', '{a,"b c"}'),
    ('é 🎬', NULL, 1, NULL, NULL);
INSERT INTO film (title) SELECT repeat('x', 3000000);
INSERT INTO "Odd one"."it's 100% ""odd"" \" VALUES (1, 1), (2, NULL);
INSERT INTO events VALUES ('2026-03-29', 'late')
"""
LARGE_OBJECT = r"SELECT lo_from_bytea(0, '\x0102')"
RICH_COUNTS = {"film": 3, 'Odd one.it\'s 100% "odd" \\': 2, "events_2026": 1}
LATER = "DROP VIEW glad;\nDELETE FROM events;\nCREATE TABLE made_since (a INTEGER);\nUPDATE film SET title = 'changed'"


def prepare(url: str, data: bytes, expected: dict[str, int], token: CancelToken | None = None) -> None:
    restore.prepare(url, ID, blocks(data), expected, Reporter(token=token), tools=TOOLS)


def databases(url: str) -> set[object]:
    name = url.partition("?")[0].rpartition("/")[2]
    return {row[0] for row in query(url, f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%'")} - {name}


def is_rich(url: str) -> bool:
    assert count(url) == RICH_COUNTS
    assert query(url, "SELECT title FROM film WHERE id < 3 ORDER BY id") == [("ONE",), ("É 🎬",)]
    assert query(url, "SELECT count FROM totals") == [(3,)]
    run_sql(url, "CALL nothing();\nINSERT INTO film (title, mood) VALUES ('new', 'it''s glad')")
    assert query(url, "SELECT id, title, number FROM film JOIN glad USING (title)") == [(4, "NEW", 14)]
    return True


def test_a_database_comes_back_as_it_was(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    run_sql(url, RICH)
    run_sql(url, LARGE_OBJECT)
    name = site_name(url)
    run_sql(
        url,
        f"""
        COMMENT ON DATABASE {name} IS 'it''s ours';
        ALTER DATABASE {name} SET search_path TO "$user", public, "Odd one";
        ALTER DATABASE {name} SET timezone TO 'Europe/Berlin';
        ALTER ROLE greenroom IN DATABASE {name} SET jit TO off;
        ALTER DATABASE {name} CONNECTION LIMIT 30;
        REVOKE CONNECT ON DATABASE {name} FROM PUBLIC
        """,
    )
    about = (
        "SELECT ARRAY(SELECT unnest(datacl)::text ORDER BY 1), datconnlimit, datallowconn,"
        " shobj_description(d.oid, 'pg_database'), setconfig"
        " FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid WHERE datname = current_database()"
        " ORDER BY setrole"
    )
    before = query(url, about)
    data, facts = dumped(url)
    assert facts.tables == RICH_COUNTS
    run_sql(url, LATER)
    prepare(url, data, facts.tables)
    assert swap.state(url, ID) == "old"
    assert swap.is_prepared(url, ID)
    assert not swap.is_prepared(url, "another")
    assert "made_since" in count(url)
    server = open_server(url)
    with server.connect() as application:
        application.execute(text("SELECT 1"))
        swap.roll_forward(url, ID)
        application.invalidate()
    server.dispose()
    assert swap.state(url, ID) == "new"
    swap.finish(url, ID)
    assert query(url, about) == before
    assert query(url, "SELECT lo_get(oid) FROM pg_largeobject_metadata") == [(b"\x01\x02",)]
    assert is_rich(url)
    assert not databases(url)
    swap.finish(url, ID)


@pytest.mark.parametrize("forward", [True, False])
def test_a_swap_that_stops_anywhere_goes_on_or_back(make_database: MakeDatabase, forward: bool) -> None:
    seen = set()
    for changes in numbers():
        url = make_database("postgresql")
        make_rows(url, 1)
        data, facts = dumped(url)
        run_sql(url, "DELETE FROM a")
        prepare(url, data, facts.tables)
        try:
            with killed_after(changes):
                swap.roll_forward(url, ID)
            seen.add("whole")
        except KilledError:
            seen.add(swap.state(url, ID))
        for _ in range(2):
            if forward:
                swap.roll_forward(url, ID)
                assert swap.state(url, ID) == "new"
            else:
                swap.roll_back(url, ID)
                assert swap.state(url, ID) == "old"
        swap.finish(url, ID)
        assert count(url) == {"a": int(forward), "b": 0}
        assert not databases(url)
        if "whole" in seen:
            break
    assert seen == {"old", "between", "new", "whole"}


def test_going_back_and_finishing_can_stop_anywhere_too(make_database: MakeDatabase) -> None:
    for end, direction in (("old", swap.roll_back), ("new", swap.finish)):
        for changes in numbers():
            url = make_database("postgresql")
            make_rows(url, 1)
            data, facts = dumped(url)
            run_sql(url, f"DELETE FROM a;\nCOMMENT ON DATABASE {site_name(url)} IS 'kept'")
            prepare(url, data, facts.tables)
            swap.roll_forward(url, ID)
            whole = False
            try:
                with killed_after(changes):
                    direction(url, ID)
                whole = True
            except KilledError:
                direction(url, ID)
            assert count(url) == {"a": int(end == "new"), "b": 0}
            assert not databases(url)
            shown = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            assert query(url, shown) == [("kept",)]
            if whole:
                break


def test_a_load_that_stops_anywhere_is_no_new_database(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    make_rows(url, 1)
    data, facts = dumped(url)
    for changes in numbers():
        try:
            with killed_after(changes):
                prepare(url, data, facts.tables)
            break
        except KilledError:
            assert not swap.is_prepared(url, ID)
            with pytest.raises(GreenroomError, match="no new database is ready"):
                swap.roll_forward(url, ID)
    assert changes == 3
    swap.roll_back(url, ID)
    assert not databases(url)


def test_a_dump_that_is_cut_or_lies_leaves_nothing(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    make_rows(url, 1000)
    data, facts = dumped(url)
    for cut in (0, 3, 200, len(data) // 2, len(data) - 1):
        with pytest.raises(ToolFailedError, match="pg_restore failed"):
            prepare(url, data[:cut], facts.tables)
        assert not databases(url)
    for wrong in ({"a": 999, "b": 0}, {"a": 1000}, {"a": 1000, "b": 0, "c": 0}):
        with pytest.raises(VerificationError, match="rows of the backup"):
            prepare(url, data, wrong)
        assert not databases(url)

    def broken() -> Iterator[bytes]:
        yield data[:1000]
        raise VerificationError("the archive is damaged")

    with pytest.raises(VerificationError, match="damaged"):
        restore.prepare(url, ID, broken(), facts.tables, Reporter(), tools=TOOLS)
    assert not databases(url)
    assert not running_tools()


def test_a_load_that_is_killed_cut_or_cancelled_leaves_nothing(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    make_rows(url, MANY)
    data, facts = dumped(url)
    token = CancelToken()
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'greenroom'"

    def cut() -> None:
        while not query(url, end):
            pass

    acts: list[tuple[Callable[[], object], type[GreenroomError]]] = [
        (lambda: [os.kill(one, signal.SIGKILL) for one in running_tools()], ToolFailedError),
        (cut, ToolFailedError),
        (token.cancel, CancelledError),
    ]
    for act, error in acts:
        thread = interfere(act)
        with pytest.raises(error):
            prepare(url, data, facts.tables, token)
        thread.join()
        assert not databases(url)
        assert not running_tools()
    assert count(url) == facts.tables


def test_a_role_that_may_create_databases_swaps(make_database: MakeDatabase, make_role: MakeRole) -> None:
    url = make_role(make_database("postgresql"), "CREATEDB", owns=True)
    run_sql(url, RICH)
    assert restore.swap_problems(url) == []
    data, facts = dumped(url)
    run_sql(url, LATER)
    prepare(url, data, facts.tables)
    swap.roll_forward(url, ID)
    swap.finish(url, ID)
    assert is_rich(url)
    assert not databases(url)


def test_what_keeps_a_role_from_swapping_is_said(make_database: MakeDatabase, make_role: MakeRole) -> None:
    url = make_role(make_database("postgresql"))
    assert len(restore.swap_problems(url)) == 2
    with pytest.raises(GreenroomError, match="permission denied"):
        prepare(url, b"", {})


def test_a_connection_that_cannot_be_closed_leaves_the_old_state(
    make_database: MakeDatabase, make_role: MakeRole
) -> None:
    admin = make_database("postgresql")
    url = make_role(admin, "CREATEDB", owns=True)
    make_rows(url, 1)
    data, facts = dumped(url)
    prepare(url, data, facts.tables)
    server = open_server(admin)
    with server.connect() as application:
        application.execute(text("SELECT 1"))
        with pytest.raises(GreenroomError, match="terminate"):
            swap.roll_forward(url, ID)
        assert swap.state(url, ID) == "old"
        assert count(url) == {"a": 1, "b": 0}
    server.dispose()
    swap.roll_back(url, ID)
    assert not databases(url)


def in_place(url: str, data: bytes, expected: dict[str, int], token: CancelToken | None = None) -> None:
    with inplace.prepared_in_place(url, ID, blocks(data), expected, Reporter(token=token), tools=TOOLS) as commit:
        commit()


def test_in_place_what_the_role_owns_goes_and_the_dump_comes(make_database: MakeDatabase, make_role: MakeRole) -> None:
    admin = make_database("postgresql")
    url = make_role(admin)
    run_sql(url, RICH)
    data, facts = dumped(url)
    run_sql(url, LATER)
    run_sql(admin, "CREATE TABLE of_another (a INTEGER);\nINSERT INTO of_another VALUES (1)")
    goes = inplace.owned(url)
    assert {"table public.film", 'schema "Odd one"', "type public.mood", "table public.made_since"} <= set(goes)
    assert not any("of_another" in line for line in goes)
    assert not inplace.committed(url, ID)
    in_place(url, data, facts.tables)
    assert inplace.committed(url, ID)
    inplace.forget(url)
    inplace.forget(url)
    assert not inplace.committed(url, ID)
    assert query(url, "SELECT relname FROM pg_class WHERE relname LIKE 'greenroom%'") == []
    run_sql(admin, "DROP TABLE of_another")
    assert is_rich(url)


def test_in_place_any_error_changes_nothing(make_database: MakeDatabase, make_role: MakeRole) -> None:
    url = make_role(make_database("postgresql"))
    make_rows(url, MANY)
    data, facts = dumped(url)
    run_sql(url, "CREATE TABLE made_since (a INTEGER)")
    now = count(url)
    token = CancelToken()
    for cut in (0, 200, len(data) // 2, len(data) - 1):
        with pytest.raises(ToolFailedError, match="pg_restore failed"):
            in_place(url, data[:cut], facts.tables)
        assert count(url) == now
    for wrong in ({"a": 1}, {"$greenroom$'; \\q": 1}):
        with pytest.raises(ToolFailedError, match=r"expected 1|has no table"):
            in_place(url, data, wrong)
        assert count(url) == now
    for victim in ("psql", "pg_restore"):
        thread = interfere(partial(_kill, victim))
        with pytest.raises(ToolFailedError):
            in_place(url, data, facts.tables)
        thread.join()
        assert count(url) == now
    thread = interfere(token.cancel)
    with pytest.raises(CancelledError):
        in_place(url, data, facts.tables, token)
    thread.join()
    assert count(url) == now
    assert not inplace.committed(url, ID)
    assert not running_tools()


def _kill(name: str) -> None:
    while True:
        for pid, words in running_tools().items():
            if f"/{name} " in words:
                os.kill(pid, signal.SIGKILL)
                return


def test_in_place_nothing_of_another_role_goes(make_database: MakeDatabase, make_role: MakeRole) -> None:
    admin = make_database("postgresql")
    url = make_role(admin)
    make_rows(url, 1)
    data, facts = dumped(url)
    run_sql(admin, "CREATE VIEW of_another AS SELECT id FROM a")
    with pytest.raises(ToolFailedError, match="something of another role depends"):
        in_place(url, data, facts.tables)
    assert query(admin, "SELECT * FROM of_another") == [(1,)]
    run_sql(admin, "DROP VIEW of_another")


def test_in_place_large_objects_are_refused(make_database: MakeDatabase, make_role: MakeRole) -> None:
    url = make_role(make_database("postgresql"))
    make_rows(url, 1)
    run_sql(url, LARGE_OBJECT)
    data, facts = dumped(url)
    run_sql(url, "DELETE FROM a")
    with pytest.raises(ToolFailedError, match="large objects"):
        in_place(url, data, facts.tables)
    assert count(url) == {"a": 0, "b": 0}


def test_in_place_a_psql_that_stops_early_is_a_failure(
    make_database: MakeDatabase, make_role: MakeRole, tmp_path: Path
) -> None:
    url = make_role(make_database("postgresql"))
    make_rows(url, 1)
    data, facts = dumped(url)
    (tmp_path / "pg_restore").symlink_to(shutil.which("pg_restore", path=TOOLS) or "")
    script = tmp_path / "psql"
    script.touch(0o700)
    for end, said in (("exit 0", "did not|signal 13"), (r"sed -un 's/^\\echo //p'", "did not commit")):
        script.write_text(f"#!/bin/sh\n{end}\n")
        with (
            pytest.raises(GreenroomError, match=said),
            inplace.prepared_in_place(url, ID, blocks(data), facts.tables, Reporter(), tools=tmp_path) as commit,
        ):
            commit()


def test_in_place_a_restore_with_older_tools_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "pg_restore"
    script.write_text("#!/bin/sh\necho 'pg_restore (PostgreSQL) 16.9'\n")
    script.chmod(0o700)
    assert "does not guard" in inplace.in_place_problems(tmp_path)[0]
    assert inplace.in_place_problems(TOOLS) == []


ODD = """it's 100% "odd" é \\ and so long that nothing fits :x"""


def test_a_database_with_an_odd_name_and_one_that_is_lost(make_database: MakeDatabase) -> None:
    plain = make_database("postgresql")
    url = beside(plain, ODD)
    with connect(plain, autocommit=True) as connection:
        run(connection, f"CREATE DATABASE {quoted(ODD)}")
    try:
        make_rows(url, 3)
        data, facts = dumped(url)
        run_sql(url, "DELETE FROM a")
        prepare(url, data, facts.tables)
        swap.roll_forward(url, ID)
        swap.finish(url, ID)
        assert count(url) == facts.tables
        for end, there in ((swap.roll_back, 0), (swap.roll_forward, 1)):
            with connect(plain, autocommit=True) as connection:
                run(connection, f"DROP DATABASE IF EXISTS {quoted(ODD)}")
            prepare(url, data, facts.tables)
            assert swap.state(url, ID) == "between"
            end(url, ID)
            found = "SELECT datname FROM pg_database WHERE datname LIKE 'it%'"
            assert query(plain, found) == [(ODD,)] * there
        swap.finish(url, ID)
        assert count(url) == facts.tables
    finally:
        with connect(plain, autocommit=True) as connection:
            run(connection, f"DROP DATABASE IF EXISTS {quoted(ODD)}")


def test_a_server_that_dies_in_the_middle_has_not_committed(
    make_database: MakeDatabase, make_role: MakeRole, server_of: Callable[[str], str]
) -> None:
    if "GREENROOM_TEST_POSTGRESQL" in os.environ:
        pytest.skip("the server is not ours to kill")
    admin = make_database("postgresql")
    url = make_role(admin)
    make_rows(url, MANY)
    data, facts = dumped(url)
    run_sql(url, "CREATE TABLE made_since (a INTEGER)")
    now = count(url)
    with connect(admin, autocommit=True) as connection:
        run(connection, "CHECKPOINT")  # the test's server does not wait for its log

    def die() -> None:
        sent = "SELECT pid FROM pg_stat_activity WHERE application_name = 'greenroom' AND query LIKE 'COPY%'"
        while not (rows := query(url, sent)):
            pass
        os.kill(rows[0][0], signal.SIGKILL)  # the server ends all others and recovers

    thread = interfere(die)
    with pytest.raises(ToolFailedError, match="psql failed"):
        in_place(url, data, facts.tables)
    thread.join()
    wait_for(url)
    assert not inplace.committed(url, ID)
    assert count(url) == now


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            query(url, "SELECT 1")
        except OperationalError:
            assert time.monotonic() < deadline
        else:
            return
