"""What stands beside the rows: foreign keys, triggers, what counts up, and the rows of other tables."""

from __future__ import annotations

import pytest

from core.databases.decode import RowError
from core.databases.target import TargetError, open_target
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.test_target import PAIRS, export, fetch, restore

_COUNTING = {
    "sqlite": "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "mysql": "id BIGINT AUTO_INCREMENT PRIMARY KEY",
}
_CIRCLE = """
    CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER, home INTEGER, FOREIGN KEY (boss) REFERENCES people (id));
    CREATE TABLE houses (id INTEGER PRIMARY KEY, owner INTEGER, FOREIGN KEY (owner) REFERENCES people (id){0});
    {1}
"""
_BACK = "ALTER TABLE people ADD CONSTRAINT lives FOREIGN KEY (home) REFERENCES houses (id)"
_SQLITE_CIRCLE = """
    CREATE TABLE people (id INTEGER PRIMARY KEY, boss INTEGER REFERENCES people (id),
        home INTEGER REFERENCES houses (id));
    CREATE TABLE houses (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people (id){0});
"""


def _circle(url: str, engine: str, action: str = "") -> None:
    run_sql(url, _SQLITE_CIRCLE.format(action) if engine == "sqlite" else _CIRCLE.format(action, _BACK))


def _people(url: str) -> None:
    run_sql(
        url,
        """
        INSERT INTO people VALUES (1, NULL, NULL), (2, 1, NULL);
        INSERT INTO houses VALUES (10, 2), (11, 1);
        UPDATE people SET home = 10, boss = 2
        """,
    )


@pytest.mark.parametrize(("source", "target"), PAIRS)
@pytest.mark.parametrize("merge", [False, True])
def test_circles(make_database: MakeDatabase, source: str, target: str, merge: bool) -> None:
    first, second = make_database(source), make_database(target)
    _circle(first, source)
    _people(first)
    _circle(second, target)
    _people(second)
    run_sql(second, "UPDATE people SET boss = NULL")
    restore(second, export(first, "people"), export(first, "houses"), merge=merge)
    assert fetch(second, "SELECT * FROM people ORDER BY id") == [(1, 2, 10), (2, 2, 10)]
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        run_sql(second, "PRAGMA foreign_keys = ON;\n" * (target == "sqlite") + "INSERT INTO houses VALUES (12, 99)")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("action", [" ON DELETE CASCADE", " ON DELETE SET NULL", ""])
def test_rows_of_other_tables_stay(make_database: MakeDatabase, engine: str, action: str) -> None:
    url = make_database(engine)
    _circle(url, engine, action)
    _people(url)
    people = export(url, "people")
    restore(url, people)
    assert fetch(url, "SELECT * FROM houses ORDER BY id") == [(10, 2), (11, 1)]
    people.lines.pop()
    with open_target(url) as target:
        target.clear(["people"])
        target.load(people.table, people.lines, merge=False)
        with pytest.raises(TargetError, match=r"houses|people"):
            target.finish()
    assert fetch(url, "SELECT COUNT(*) FROM people") == [(2,)]
    assert fetch(url, "SELECT * FROM houses ORDER BY id") == [(10, 2), (11, 1)]


@pytest.mark.parametrize("engine", ENGINES)
def test_keys_that_the_source_broke_may_be_left_unchecked(make_database: MakeDatabase, engine: str) -> None:
    source, url = make_database("sqlite"), make_database(engine)
    _circle(source, "sqlite")
    run_sql(source, "INSERT INTO houses VALUES (10, 99)")
    _circle(url, engine)
    houses = export(source, "houses")
    with open_target(url) as target:
        target.load(houses.table, houses.lines, merge=False)
        with pytest.raises(TargetError, match="houses"):
            target.commit()
    with open_target(url) as target:
        target.load(houses.table, houses.lines, merge=False)
        target.finish(unchecked={("houses", ("owner",))})
        target.commit()
    assert fetch(url, "SELECT * FROM houses") == [(10, 99)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("merge", [False, True])
def test_the_next_row_gets_the_next_number(make_database: MakeDatabase, engine: str, merge: bool) -> None:
    source, url = make_database("sqlite"), make_database(engine)
    run_sql(
        source, "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(9));\nINSERT INTO t VALUES (0, 'z'), (70, 'a')"
    )
    run_sql(url, f"CREATE TABLE t ({_COUNTING[engine]}, name VARCHAR(9));\nINSERT INTO t (name) VALUES ('x')")
    restore(url, export(source, "t"), merge=merge)
    run_sql(url, "INSERT INTO t (name) VALUES ('b')")
    there = [(0, "z"), (70, "a"), (71, "b")]
    assert fetch(url, "SELECT * FROM t ORDER BY id") == (sorted([*there, (1, "x")]) if merge else there)


def test_a_serial_goes_on_too(make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    run_sql(
        url,
        """
        CREATE SEQUENCE apart;
        CREATE TABLE "T t" ("a b" SERIAL, b BIGINT DEFAULT nextval('apart'), c TEXT);
        INSERT INTO "T t" VALUES (5, 7, 'x')
        """,
    )
    restore(url, export(url, "T t"))
    run_sql(url, """INSERT INTO "T t" (c) VALUES ('y')""")
    assert fetch(url, 'SELECT * FROM "T t" ORDER BY 1') == [(5, 7, "x"), (6, 8, "y")]


def test_triggers_are_quiet_and_come_back(make_database: MakeDatabase) -> None:
    triggers = {
        "sqlite": "CREATE TRIGGER shout AFTER INSERT ON t BEGIN UPDATE t SET name = upper(name) WHERE id = new.id; END",
        "postgresql": """
            CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN NEW.name = upper(NEW.name); RETURN NEW; END';
            CREATE TRIGGER shout BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION shout();
            CREATE TRIGGER sleeps BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION shout();
            ALTER TABLE t DISABLE TRIGGER sleeps
        """,
    }
    for engine, script in triggers.items():
        url = make_database(engine)
        run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(9));\nINSERT INTO t VALUES (1, 'a')")
        run_sql(url, script)
        restore(url, export(url, "t"))
        run_sql(url, "INSERT INTO t VALUES (2, 'b')")
        assert fetch(url, "SELECT * FROM t ORDER BY id") == [(1, "a"), (2, "B")]
    assert fetch(url, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'sleeps'") == [("D",)]


def test_a_trigger_of_mariadb_is_a_problem(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY);\nINSERT INTO t VALUES (1)")
    exported = export(url, "t")
    run_sql(url, "CREATE TRIGGER shout BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 5")
    run_sql(url, "CREATE TABLE m (id INTEGER PRIMARY KEY) ENGINE=MyISAM")
    with open_target(url) as target:
        (one,), (two,) = target.problems(["t"], merge=False), target.problems(["m"], merge=False)
        assert "t has the trigger shout" in one
        assert "m is of the engine MyISAM" in two
        with pytest.raises(TargetError, match="shout"):
            target.load(exported.table, exported.lines, merge=False)


@pytest.mark.parametrize("engine", ENGINES)
def test_another_unique_key_is_no_reason_to_overwrite(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(
        url,
        """
        CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(9) UNIQUE, other INTEGER);
        INSERT INTO t VALUES (1, 'a', 1)
        """,
    )
    exported = export(url, "t")
    run_sql(url, "UPDATE t SET id = 2, other = 7")
    with open_target(url) as target, pytest.raises((RowError, TargetError), match="table t"):
        target.load(exported.table, exported.lines, merge=True)
    assert fetch(url, "SELECT * FROM t") == [(2, "a", 7)]


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_primary_key_nothing_merges(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    run_sql(url, "CREATE TABLE t (id INTEGER)")
    run_sql(url, "INSERT INTO t VALUES (1)")
    exported = export(url, "t")
    with open_target(url) as target, pytest.raises(TargetError, match="table t has no primary key"):
        target.load(exported.table, exported.lines, merge=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_composite_keys_and_odd_names(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    quote = "`" if engine == "mysql" else '"'
    table, one, two = (f"{quote}{name}{quote}" for name in ("it's 100% odd \\", "a b", "select"))
    run_sql(url, f"CREATE TABLE {table} ({one} INTEGER, {two} VARCHAR(9), c INTEGER, PRIMARY KEY ({one}, {two}))")
    run_sql(url, f"INSERT INTO {table} VALUES (1, 'a', 1), (1, 'b', 2)")
    exported = export(url, "it's 100% odd \\")
    run_sql(url, f"UPDATE {table} SET c = 9")
    run_sql(url, f"INSERT INTO {table} VALUES (2, 'a', 9)")
    restore(url, exported, merge=True)
    assert fetch(url, f"SELECT c FROM {table} ORDER BY {one}, {two}") == [(1,), (2,), (9,)]
    restore(url, exported)
    assert fetch(url, f"SELECT c FROM {table} ORDER BY {one}, {two}") == [(1,), (2,)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_key_that_the_backup_lacks(make_database: MakeDatabase, engine: str) -> None:
    source, url = make_database("sqlite"), make_database(engine)
    run_sql(source, "CREATE TABLE t (name VARCHAR(9));\nINSERT INTO t VALUES ('a')")
    run_sql(url, f"CREATE TABLE t ({_COUNTING[engine]}, name VARCHAR(9))")
    exported = export(source, "t")
    with open_target(url) as target, pytest.raises(TargetError, match="the backup lacks id of the primary key"):
        target.load(exported.table, exported.lines, merge=True)
    restore(url, exported)
    assert fetch(url, "SELECT name FROM t") == [("a",)]


@pytest.mark.parametrize("engine", ["sqlite", "mysql"])
def test_keys_broken_elsewhere_are_not_ours(make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    off = {"sqlite": "PRAGMA foreign_keys = OFF", "mysql": "SET SESSION foreign_key_checks = 0"}[engine]
    _circle(url, engine)
    run_sql(url, f"{off};\nINSERT INTO houses VALUES (10, 99)")
    run_sql(url, "CREATE TABLE t (id INTEGER PRIMARY KEY);\nINSERT INTO t VALUES (1)")
    restore(url, export(url, "t"))
    with pytest.raises(TargetError, match="table houses: owner"):
        restore(url, export(url, "houses"))


def test_a_foreign_key_that_is_added_to_mariadb_is_looked_at(make_database: MakeDatabase) -> None:
    url = make_database("mysql")
    run_sql(url, "CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER)")
    run_sql(url, "INSERT INTO b VALUES (1, 5)")
    exported = export(url, "b")
    with open_target(url) as target:
        target.clear(["b"])
        target.load(exported.table, exported.lines, merge=False)
        target.execute("ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a (id)")
        with pytest.raises(TargetError, match="table b: a names"):
            target.finish()
