"""A dump comes back into a MariaDB site: its tables all at once, the rest after them; each step can go on or back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count as numbers
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from core.databases.connect import beside, open_server
from core.databases.mysql import restore, swap
from core.databases.quoting import back_quoted as quoted
from core.databases.tools import ToolFailedError
from core.errors import CancelledError, GreenroomError, VerificationError
from core.progress import CancelToken, Reporter
from tests.engines import servers
from tests.engines.conftest import MakeDatabase
from tests.engines.dumping import (
    KilledError,
    as_user,
    blocks,
    command_lines,
    count,
    dumped,
    interfere,
    killed_after,
    make_rows,
    query,
    run_each,
    running_tools,
    site_name,
)

ID = "20260329-1405.7"
MANY = 40_000
RICH = (
    "CREATE SEQUENCE numbers START 5 INCREMENT 3 NOCACHE",
    """CREATE TABLE film (id INTEGER AUTO_INCREMENT PRIMARY KEY, title LONGTEXT NOT NULL,
        mood ENUM('sad', 'it''s glad'),
        score INTEGER CHECK (score < 100), twice INTEGER GENERATED ALWAYS AS (score * 2) STORED, raw LONGBLOB,
        number BIGINT DEFAULT nextval(numbers), parent INTEGER,
        CONSTRAINT `self` FOREIGN KEY (parent) REFERENCES film (id))""",
    """CREATE TABLE `a it's 100% "odd" \\ :x ``` (`a:b` INTEGER PRIMARY KEY, film INTEGER,
        CONSTRAINT `of film` FOREIGN KEY (film) REFERENCES film (id) ON DELETE CASCADE)""",
    "CREATE TABLE log (what TEXT)",
    "CREATE FUNCTION doubled(x INT) RETURNS INT DETERMINISTIC RETURN (SELECT COUNT(*) FROM film) * 0 + x * 2",
    "CREATE PROCEDURE note(IN what TEXT) BEGIN INSERT INTO log VALUES (CONCAT(what, ' é 🎬 100%')); END",
    "CREATE VIEW z_base AS SELECT * FROM film WHERE mood = 'it''s glad'",
    "CREATE VIEW a_glad AS SELECT title, doubled(score) AS again FROM z_base",
    "CREATE TRIGGER second BEFORE INSERT ON film FOR EACH ROW SET NEW.title = CONCAT(NEW.title, '2')",
    "CREATE TRIGGER first BEFORE INSERT ON film FOR EACH ROW PRECEDES second SET NEW.title = CONCAT(NEW.title, '1')",
    "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM log WHERE what = 'old'",
    "INSERT INTO film (title, mood, score, raw) VALUES ('é 🎬', 'it''s glad', 50, x'00ff5c27'), ('b', NULL, 1, NULL)",
    "INSERT INTO film (title) VALUES (REPEAT('x', 3000000))",
    "UPDATE film SET parent = 1 WHERE id = 2",
    'INSERT INTO `a it\'s 100% "odd" \\ :x ``` VALUES (1, 1), (2, NULL)',
)
RICH_COUNTS = {"film": 3, 'a it\'s 100% "odd" \\ :x `': 2, "log": 0}
LATER = (
    "DROP VIEW a_glad",
    "DROP TRIGGER first",
    "CREATE TABLE made_since (a INTEGER)",
    "CREATE TRIGGER made_since BEFORE INSERT ON made_since FOR EACH ROW SET NEW.a = 1",
    "CREATE VIEW made_since_view AS SELECT * FROM made_since",
    "DROP EVENT tidy",
    "CREATE EVENT made_since ON SCHEDULE EVERY 1 DAY DO DELETE FROM log",
    "DELETE FROM film WHERE id = 1 OR parent = 1 ORDER BY id DESC",
)
LEAN = (
    "CREATE TABLE film (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES film (id))",
    "CREATE TABLE log (film INTEGER REFERENCES film (id))",
    "CREATE FUNCTION films() RETURNS INT RETURN (SELECT COUNT(*) FROM film)",
    "CREATE VIEW shown AS SELECT films() AS films FROM film",
    "CREATE TRIGGER logged AFTER INSERT ON film FOR EACH ROW INSERT INTO log VALUES (NEW.id)",
    "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM log",
    "INSERT INTO film VALUES (1, NULL), (2, 1)",
)
LEAN_LATER = (
    "DROP VIEW shown",
    "CREATE TABLE made_since (a INTEGER)",
    "CREATE TRIGGER made_since BEFORE INSERT ON made_since FOR EACH ROW SET NEW.a = 1",
    "CREATE VIEW made_since_view AS SELECT * FROM made_since",
    "DROP EVENT tidy",
    "DELETE FROM log",
)
DEFINED = """
    SELECT 'trigger', trigger_name, CONCAT(event_object_table, action_order, action_statement, definer, sql_mode,
        collation_connection) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    UNION ALL SELECT routine_type, routine_name, CONCAT(routine_definition, definer, sql_mode, collation_connection)
        FROM information_schema.routines WHERE routine_schema = DATABASE()
    UNION ALL SELECT 'view', table_name, CONCAT(view_definition, definer) FROM information_schema.views
        WHERE table_schema = DATABASE()
    UNION ALL SELECT 'event', event_name, CONCAT(event_definition, definer, interval_value, interval_field, status,
        time_zone)
        FROM information_schema.events WHERE event_schema = DATABASE()
    UNION ALL SELECT 'key', constraint_name, CONCAT(table_name, unique_constraint_schema = DATABASE(),
        referenced_table_name, delete_rule)
        FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()
    ORDER BY 1, 2
"""


def prepare(url: str, data: bytes, expected: dict[str, int], token: CancelToken | None = None) -> None:
    restore.prepare(url, ID, blocks(data), expected, Reporter(token=token))


def left(url: str) -> list[tuple[Any, ...]]:
    """What of greenroom's is on the server."""
    name = site_name(url)
    return query(
        url,
        f"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '{name}\\_greenroom\\_%' UNION"
        f" SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}'"
        " AND table_name LIKE 'greenroom\\_%'",
    )


def is_rich(url: str) -> None:
    assert count(url) == RICH_COUNTS
    assert query(url, "SELECT title, again FROM a_glad") == [("é 🎬12", 100)]
    assert query(url, "SELECT HEX(raw), twice, number FROM film WHERE id = 1") == [("00FF5C27", 100, 5)]
    run_each(url, "CALL note('x')", "INSERT INTO film (title, parent) VALUES ('new', 3)")
    assert query(url, "SELECT what FROM log") == [("x é 🎬 100%",)]
    assert query(url, "SELECT id, title, number FROM film WHERE parent = 3") == [(4, "new12", 14)]
    with pytest.raises(Exception, match="foreign key constraint fails"):
        run_each(url, "UPDATE film SET parent = 99")
    run_each(url, "UPDATE film SET parent = NULL", "DELETE FROM film WHERE id = 1")
    assert query(url, 'SELECT COUNT(*) FROM `a it\'s 100% "odd" \\ :x ```') == [(1,)]


def test_a_database_comes_back_as_it_was(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_each(url, *RICH)
    before = query(url, DEFINED)
    assert len(before) == 9
    data, facts = dumped(url)
    assert facts.tables == RICH_COUNTS
    run_each(url, *LATER)
    later = query(url, DEFINED)
    assert swap.state(url, ID) == "old"
    prepare(url, data, facts.tables)
    assert swap.is_prepared(url, ID)
    assert not swap.is_prepared(url, "another")
    assert query(url, DEFINED) == later
    swap.roll_forward(url, ID)
    assert swap.state(url, ID) == "new"
    assert query(url, DEFINED) == before
    swap.roll_back(url, ID)
    assert swap.state(url, ID) == "old"
    assert query(url, DEFINED) == later
    assert not left(url)
    prepare(url, data, facts.tables)
    swap.roll_forward(url, ID)
    swap.finish(url, ID)
    assert query(url, DEFINED) == before
    is_rich(url)
    assert not left(url)
    swap.finish(url, ID)


@pytest.mark.slow
@pytest.mark.parametrize("forward", [True, False])
def test_a_swap_that_stops_anywhere_goes_on_or_back(make_database: MakeDatabase, forward: bool) -> None:
    url = make_database("mysql")
    run_each(url, *LEAN)
    data, facts = dumped(url)
    run_each(url, *LEAN_LATER)
    states = []
    for changes in numbers():
        if forward and changes:
            run_each(url, "DELETE FROM log")
        before = query(url, DEFINED)
        prepare(url, data, facts.tables)
        try:
            with killed_after(changes):
                swap.roll_forward(url, ID)
        except KilledError:
            states.append(swap.state(url, ID))
        else:
            break
        for _ in range(2):
            (swap.roll_forward if forward else swap.roll_back)(url, ID)
            assert swap.state(url, ID) == ("new" if forward else "old")
        swap.finish(url, ID)
        if forward:
            assert count(url) == facts.tables
        else:
            assert query(url, DEFINED) == before
            assert "made_since" in count(url)
        assert not left(url)
    assert {"old", "new"} == set(states)
    assert states == sorted(states, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize("finished", [True, False])
def test_going_back_and_finishing_can_stop_anywhere_too(make_database: MakeDatabase, finished: bool) -> None:
    url = make_database("mysql")
    run_each(url, *LEAN)
    data, facts = dumped(url)
    end = swap.finish if finished else swap.roll_back
    for changes in numbers():
        if changes == 0 or finished:
            run_each(url, *LEAN_LATER)
        before = query(url, DEFINED)
        prepare(url, data, facts.tables)
        swap.roll_forward(url, ID)
        after = query(url, DEFINED)
        whole = False
        try:
            with killed_after(changes):
                end(url, ID)
            whole = True
        except KilledError:
            end(url, ID)
        assert query(url, DEFINED) == (after if finished else before)
        assert not left(url)
        if whole:
            break


def test_a_way_back_that_stops_can_go_forward_again(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_each(url, *LEAN)
    data, facts = dumped(url)
    wanted = query(url, DEFINED)
    run_each(url, *LEAN_LATER)
    prepare(url, data, facts.tables)
    swap.roll_forward(url, ID)
    with pytest.raises(KilledError), killed_after(6):
        swap.roll_back(url, ID)
    assert swap.state(url, ID) == "old"
    swap.roll_forward(url, ID)
    assert query(url, DEFINED) == wanted
    swap.finish(url, ID)
    assert count(url) == facts.tables


def test_a_load_that_stops_anywhere_is_no_new_database(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_each(url, *LEAN)
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
    assert changes > 6
    swap.roll_back(url, ID)
    assert not left(url)


def test_a_dump_that_is_cut_or_lies_leaves_nothing(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    make_rows(url, 1000)
    data, facts = dumped(url)
    for cut in (0, 3, len(data) // 2, data.index(b"-- Dump completed")):
        with pytest.raises((ToolFailedError, VerificationError)):
            prepare(url, data[:cut], facts.tables)
        assert not left(url)
    for wrong in ({"a": 999, "b": 0}, {"a": 1000}, {"a": 1000, "b": 0, "c": 0}):
        with pytest.raises(VerificationError, match="rows of the backup"):
            prepare(url, data, wrong)
        assert not left(url)
    assert not running_tools()


def test_a_dump_reaches_neither_another_database_nor_the_shell(make_database: MakeDatabase, tmp_path: Path) -> None:
    url, other = make_database("mysql"), make_database("mysql")
    make_rows(url, 1)
    make_rows(other, 1)
    data, facts = dumped(url)
    with pytest.raises(VerificationError, match="chooses a database"):
        prepare(url, data.replace(b"DROP TABLE", f"USE {site_name(other)};\nDROP TABLE".encode(), 1), facts.tables)
    witness = tmp_path / "witness"
    for command in (f"\\! touch {witness}\n", f"system touch {witness}\n", f"\\T {witness}\n"):
        for start in (data.partition(b"\n")[2], data):
            with pytest.raises((ToolFailedError, VerificationError)):
                prepare(url, command.encode() + start, facts.tables)
    assert not witness.exists()
    assert count(other) == {"a": 1, "b": 0}
    assert not left(url)


def test_a_load_that_is_killed_cut_or_cancelled_leaves_nothing(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    make_rows(url, MANY)
    data, facts = dumped(url)
    token = CancelToken()

    def cut() -> None:
        found = f"SELECT id FROM information_schema.processlist WHERE db = '{site_name(url)}_greenroom_new'"
        while not (rows := query(url, found)):
            pass
        run_each(url, f"KILL CONNECTION {rows[0][0]}")

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
        assert not left(url)
        assert not running_tools()
    assert count(url) == facts.tables


@pytest.fixture
def make_user(make_database: MakeDatabase) -> Iterator[Callable[..., str]]:
    """Make a user with rights in a database, and where wanted in those beside it, and give the URL as it."""
    made: list[str] = []
    administrator = make_database("mysql")

    def make(url: str, *patterns: str, password: str = "a secret's") -> str:
        user = f"user{len(made)}@localhost"
        literal = password.replace("'", "''")
        run_each(administrator, f"CREATE USER {user} IDENTIFIED BY '{literal}'")
        for pattern in patterns:
            run_each(administrator, f"GRANT ALL ON `{pattern}`.* TO {user}")
        made.append(user)
        return as_user(url, user.partition("@")[0], password)

    yield make
    for user in made:
        run_each(administrator, f"DROP USER {user}")


def test_a_user_with_rights_beside_its_database_swaps(
    make_database: MakeDatabase, make_user: Callable[..., str]
) -> None:
    plain = make_database("mysql")
    name = site_name(plain)
    url = make_user(plain, name, name.replace("_", r"\_") + r"\_greenroom\_%")
    assert restore.swap_problems(url) == []
    run_each(url, *RICH)
    data, facts = dumped(url)
    run_each(url, *LATER)
    assert restore.swap_problems(url) == []
    seen: list[str] = []
    thread = interfere(lambda: seen.extend(words for _, words in command_lines()))
    prepare(url, data, facts.tables)
    thread.join()
    assert not any("a secret" in words for words in seen)
    swap.roll_forward(url, ID)
    swap.finish(url, ID)
    is_rich(url)
    assert not left(plain)


def test_what_keeps_a_user_from_swapping_is_said(make_database: MakeDatabase, make_user: Callable[..., str]) -> None:
    plain = make_database("mysql")
    run_each(plain, *RICH)
    url = make_user(plain, site_name(plain))
    problems = restore.swap_problems(url)
    assert [line.partition(":")[0] for line in problems] == ["rights are missing"] * 2 + [
        "views, triggers or routines belong to root@localhost"
    ]
    name = site_name(plain).replace("_", r"\_")
    assert f"ON `{name}\\_greenroom\\_new`.* TO user0@localhost" in problems[0]
    with pytest.raises(GreenroomError, match="denied"):
        prepare(url, b"", {})
    other = make_database("mysql")
    run_each(
        other,
        f"CREATE TABLE t (a INTEGER, FOREIGN KEY (a) REFERENCES {site_name(plain)}.film (id))",
    )
    assert any("refers to film" in line for line in restore.swap_problems(plain))
    run_each(other, "DROP TABLE t")
    assert restore.swap_problems(plain) == []


def test_a_table_in_use_leaves_the_old_state(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swap, "_SECONDS_FOR_LOCKS", 1)
    url = make_database("mysql")
    run_each(url, *RICH)
    before = query(url, DEFINED)
    data, facts = dumped(url)
    prepare(url, data, facts.tables)
    server = open_server(url)
    with server.connect() as application:
        application.execute(text("SELECT * FROM film"))
        with pytest.raises(GreenroomError, match="Lock wait timeout"):
            swap.roll_forward(url, ID)
        assert swap.state(url, ID) == "old"
    server.dispose()
    swap.roll_back(url, ID)
    assert query(url, DEFINED) == before
    assert not left(url)


# Quotes and backslashes in it are what mariadb-dump --events itself stumbles over.
ODD = "100% odd é `and` so long that nothing fits beside it :x"


def test_a_database_with_an_odd_name_and_one_that_is_lost(make_database: MakeDatabase) -> None:
    plain = make_database("mysql")
    url = beside(plain, ODD)
    run_each(plain, f"CREATE DATABASE {quoted(ODD)} CHARACTER SET latin1")
    try:
        run_each(url, *LEAN)
        data, facts = dumped(url)
        run_each(url, *LEAN_LATER)
        prepare(url, data, facts.tables)
        swap.roll_forward(url, ID)
        swap.finish(url, ID)
        assert count(url) == facts.tables
        assert query(url, "SELECT @@character_set_database") == [("latin1",)]
        run_each(plain, f"DROP DATABASE {quoted(ODD)}")
        prepare(url, data, facts.tables)
        swap.roll_forward(url, ID)
        swap.finish(url, ID)
        assert count(url) == facts.tables
        assert query(url, "SELECT films FROM shown") == [(2,), (2,)]
        assert query(plain, "SHOW DATABASES LIKE '100%greenroom%'") == []
    finally:
        run_each(plain, f"DROP DATABASE IF EXISTS {quoted(ODD)}")


KINDS = (
    """CREATE TABLE divided (id INTEGER, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at))
        (PARTITION a VALUES LESS THAN (2026), PARTITION b VALUES LESS THAN MAXVALUE)""",
    "CREATE TABLE searched (body TEXT, facts JSON, v INTEGER AS (LENGTH(body)) VIRTUAL, FULLTEXT (body), UNIQUE (v))",
    "CREATE TABLE kept (a INTEGER) WITH SYSTEM VERSIONING",
    "CREATE TABLE of_aria (a INTEGER) ENGINE=Aria",
    "CREATE TABLE of_myisam (a INTEGER) ENGINE=MyISAM",
    "CREATE TABLE `where` (`group` INTEGER PRIMARY KEY) CHARACTER SET latin1",
    "CREATE TABLE `select` (`from` INTEGER REFERENCES `where` (`group`)) CHARACTER SET latin1",
    "INSERT INTO divided VALUES (1, '2025-01-01'), (2, '2026-01-01')",
    """INSERT INTO searched (body, facts) VALUES ('green room', '{"a": 1}')""",
    "INSERT INTO kept VALUES (1)",
    "INSERT INTO of_aria VALUES (1)",
    "INSERT INTO of_myisam VALUES (1)",
)


def test_tables_of_each_kind_are_swapped(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_each(url, *KINDS)
    names = [str(row[0]) for row in query(url, "SHOW TABLES")]
    shown = [query(url, f"SHOW CREATE TABLE `{name}`") for name in names]
    data, facts = dumped(url)
    run_each(url, *(f"DELETE FROM `{name}`" for name in names))
    prepare(url, data, facts.tables)
    swap.roll_forward(url, ID)
    swap.finish(url, ID)
    assert [query(url, f"SHOW CREATE TABLE `{name}`") for name in names] == shown
    assert count(url) == facts.tables
    assert query(url, "SELECT v, facts FROM searched WHERE MATCH (body) AGAINST ('room')") == [(10, '{"a": 1}')]


@settings(max_examples=6, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.binary(max_size=40), st.text(max_size=40)), min_size=50, max_size=200))
def test_any_bytes_and_text_come_back(make_database: MakeDatabase, rows: list[tuple[bytes, str]]) -> None:
    url = make_database("mysql")
    run_each(url, "CREATE TABLE t (n INTEGER PRIMARY KEY, raw LONGBLOB, body LONGTEXT)")
    server = open_server(url)
    with server.begin() as connection:
        values = [{"n": n, "raw": raw, "body": body} for n, (raw, body) in enumerate(rows)]
        connection.execute(text("INSERT INTO t VALUES (:n, :raw, :body)"), values)
    server.dispose()
    data, facts = dumped(url)
    assert facts.tables == {"t": len(rows)}
    run_each(url, "DELETE FROM t")
    prepare(url, data, facts.tables)
    swap.roll_forward(url, ID)
    swap.finish(url, ID)
    assert query(url, "SELECT raw, body FROM t ORDER BY n") == rows


@pytest.mark.slow
def test_a_server_that_dies_while_it_renames_has_all_old_or_all_new_tables() -> None:
    if "GREENROOM_TEST_MYSQL" in os.environ:
        pytest.skip("the server is not ours to kill")
    with ExitStack() as stack:
        try:
            folder, user = stack.enter_context(servers.mariadb_files())
        except servers.NoServerError as error:
            pytest.skip(f"no mysql server: {error}")
        url = servers.mariadb_url(folder).replace("DATABASE", "site")
        with servers.mariadb_on(folder, user):
            run_each(beside(url, ""), "CREATE DATABASE site")
            run_each(url, *LEAN, *(f"CREATE TABLE many_{n} (id INTEGER, new INTEGER)" for n in range(30)))
            new = query(url, DEFINED)
            data, facts = dumped(url)
            run_each(url, *LEAN_LATER, *(f"ALTER TABLE many_{n} DROP COLUMN new" for n in range(30)))
            old, old_counts = query(url, DEFINED), count(url)
        for delay in (0.05, 0.3, 0.6, 1.0):
            with servers.mariadb_on(folder, user) as server:
                prepare(url, data, facts.tables)
                with pytest.raises(GreenroomError), killing(server, "RENAME TABLE", delay):
                    swap.roll_forward(url, ID)
            with servers.mariadb_on(folder, user):
                state = swap.state(url, ID)
                whole = 30 if state == "new" else 0
                there = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'site'"
                assert len(query(url, f"{there} AND column_name = 'new'")) == whole
                swap.roll_forward(url, ID)
                assert (query(url, DEFINED), count(url)) == (new, facts.tables)
                swap.roll_back(url, ID)
                assert (query(url, DEFINED), count(url)) == (old, old_counts)
                assert not left(url)


@contextmanager
def killing(server: subprocess.Popen[bytes], words: str, delay: float) -> Iterator[None]:
    """Kill a server so many seconds after it was sent such a statement."""

    def look(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(words):
            timer.start()

    timer = threading.Timer(delay, server.kill)
    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield
        timer.join()
        raise GreenroomError("the server died after it")
    finally:
        timer.join()
        event.remove(Engine, "before_cursor_execute", look)
