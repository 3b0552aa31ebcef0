"""A row of any table, with what hangs on it, as JSON and back: on SQLite."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from core.databases.sessions import reading, writing
from core.edits import compare
from core.errors import GreenroomError, UsageError
from core.forms import InvalidDataError, encode_envelope, make_envelope, revision_of
from core.records import GoneError, open_record, record_form, tables

SHOP = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, born DATE,
        credit DECIMAL(10, 2), data JSON, picture BLOB, active BOOLEAN, seen TIMESTAMP, anything,
        "100% ""odd"" :x" TEXT, upper TEXT GENERATED ALWAYS AS (upper(name)));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id),
        total REAL, note TEXT NOT NULL);
    CREATE TABLE lines (order_id INTEGER REFERENCES orders (id) ON DELETE CASCADE, no INTEGER, what TEXT NOT NULL,
        PRIMARY KEY (order_id, no));
    CREATE TABLE audits (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES Orders (ID));
    CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree (id), name TEXT);
    CREATE TABLE "select" ("from" TEXT, "a,b" TEXT, "%s" INTEGER, PRIMARY KEY ("from", "a,b"));
    CREATE TABLE "the ""select"" ?" (id INTEGER PRIMARY KEY, f TEXT, g TEXT, "value)s" TEXT,
        FOREIGN KEY (f, g) REFERENCES "select" ("from", "a,b"));
    CREATE TABLE matches (id INTEGER PRIMARY KEY, home INTEGER REFERENCES teams (id),
        away INTEGER REFERENCES teams (id));
    CREATE TABLE teams (id INTEGER PRIMARY KEY, matches TEXT);
    CREATE TABLE loose (a INTEGER, team INTEGER REFERENCES teams (id));
    CREATE TABLE greenroom_restore (id TEXT);
    CREATE VIEW seen AS SELECT * FROM customers;
    INSERT INTO customers VALUES
        (1, 'Ann', 'ann@example.org', '1990-01-02', 12.5, '{"a": [1.5, null]}', x'00ff', 1,
            '2026-01-02 03:04:05.600000', 9007199254740993, '50%'),
        (2, 'Bob', 'bob@example.org', 'unknown', 'much', 'no JSON', 'text', 5, 1700000000, x'01', NULL),
        (3, 'Cid', NULL, NULL, NULL, 'null', zeroblob(70000), NULL, NULL, CAST(x'ff' AS TEXT), NULL);
    INSERT INTO orders VALUES (10, 1, 3.25, 'first'), (11, 1, NULL, 'second'), (12, 2, 1e300, '');
    INSERT INTO lines VALUES (10, 1, 'pen'), (10, 2, 'ink'), (11, 1, 'cup');
    INSERT INTO audits VALUES (1, 11);
    INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'aa');
    INSERT INTO "select" VALUES ('a,b', 'c\\', 1), ('a', 'b,c\\', 2);
    INSERT INTO "the ""select"" ?" VALUES (1, 'a,b', 'c\\', '%(x)s'), (2, 'a', 'b,c\\', ':y');
    INSERT INTO teams VALUES (1, 'x'), (2, 'y');
    INSERT INTO matches VALUES (1, 1, 2), (2, 2, 1);
    INSERT INTO loose VALUES (1, 1), (1, 1);
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
    return path


@pytest.fixture
def session(shop: Path) -> Iterator[Session]:
    with writing(make_url(f"sqlite:///{shop}")) as opened:
        yield opened


def read(session: Session, table: str, key: str) -> Any:
    form = record_form(session, table)
    record = form.find(session, key)
    assert record is not None
    return form.read(record)


def write(session: Session, table: str, key: str, data: object, *, merge: bool = False) -> Any:
    form = record_form(session, table)
    record = form.find(session, key)
    assert record is not None
    return form.write(session, record, data, merge_lists=merge)


def problems(session: Session, table: str, key: str, data: object) -> list[str]:
    with pytest.raises(InvalidDataError) as caught:
        write(session, table, key, data)
    return list(map(str, caught.value.problems))


def sums(session: Session) -> dict[str, str]:
    """Return a checksum of each table, of what is stored and as what."""
    connection = session.connection()
    found = {}
    for name in connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars().all():
        of = connection.exec_driver_sql("SELECT name FROM pragma_table_info(?)", (name,)).scalars().all()
        names = ['"{}"'.format(column.replace('"', '""')) for column in of]
        wanted = ", ".join(f"typeof({column}), CAST({column} AS BLOB)" for column in names)
        table = name.replace('"', '""')
        rows = connection.exec_driver_sql(f'SELECT {wanted} FROM "{table}" ORDER BY 2').all()
        found[name] = sha256(repr(rows).encode()).hexdigest()
    return found


def test_a_row_with_what_hangs_on_it_is_json_by_the_types_of_its_columns(session: Session) -> None:
    assert read(session, "customers", "1") == {
        "id": 1,
        "name": "Ann",
        "email": "ann@example.org",
        "born": "1990-01-02",
        "credit": "12.5",
        "data": {"a": [1.5, None]},
        "picture": {"base64": "AP8="},
        "active": True,
        "seen": "2026-01-02 03:04:05.600000",
        "anything": 9007199254740993,
        '100% "odd" :x': "50%",
        "upper": "ANN",
        "orders": [{"id": 10, "total": 3.25, "note": "first"}, {"id": 11, "total": None, "note": "second"}],
    }
    assert read(session, "orders", "10")["lines"] == [{"no": 1, "what": "pen"}, {"no": 2, "what": "ink"}]


def test_what_is_not_of_its_column_s_type_says_what_it_is(session: Session) -> None:
    bob = read(session, "customers", "2")
    assert [bob[name] for name in ("born", "credit", "data", "picture", "active", "seen", "anything")] == [
        {"$text": "unknown"},
        {"$text": "much"},
        {"$text": "no JSON"},
        {"$text": "text"},
        {"$integer": 5},
        {"$integer": 1700000000},
        {"base64": "AQ=="},
    ]
    cid = read(session, "customers", "3")
    assert cid["data"] == {"$json": None}
    assert cid["picture"] == {"bytes": 70000, "sha256": sha256(bytes(70000)).hexdigest()}
    assert cid["anything"] == {"bytes": 1, "sha256": sha256(b"\xff").hexdigest()}
    before = sums(session)
    for key in "123":
        data = read(session, "customers", key)
        assert write(session, "customers", key, json.loads(json.dumps(data))).changes == ()
    for name in ("born", "credit", "data", "picture", "active", "seen", "anything"):
        write(session, "customers", "1", {name: bob[name]})
        assert read(session, "customers", "1")[name] == bob[name]
    stored = "SELECT typeof(born), typeof(credit), typeof(data), typeof(picture), active, seen, anything FROM customers"
    rows = session.connection().exec_driver_sql(f"{stored} WHERE id < 3").all()
    assert rows[0] == rows[1]
    after = sums(session)
    assert {name for name in before if before[name] != after[name]} == {"customers"}


def test_only_what_is_named_is_written(session: Session) -> None:
    before = sums(session)
    written = write(session, "customers", "1", {"name": "Eve", "email": None, "credit": 7.25, "active": False})
    assert written.updated_fields == ("name", "email", "credit", "active", "upper")
    assert written.notes == ()
    after = sums(session)
    assert {name for name in before if before[name] != after[name]} == {"customers"}


def test_rows_are_known_by_their_key(session: Session) -> None:
    before = sums(session)
    lines = [{"no": 2, "what": "blue ink"}, {"no": 7, "what": "cap"}]
    written = write(session, "orders", "10", {"lines": lines})
    assert read(session, "orders", "10")["lines"] == lines
    assert written.notes == ('"lines": 1 row new, 1 row changed, 1 row removed',)
    write(session, "orders", "10", {"lines": [{"no": 7, "what": "top"}, {"no": 8, "what": "bag"}]}, merge=True)
    assert [line["what"] for line in read(session, "orders", "10")["lines"]] == ["blue ink", "top", "bag"]
    write(session, "customers", "2", {"orders": [{"id": 12}, {"note": "new"}]})
    assert read(session, "customers", "2")["orders"][1] == {"id": 13, "total": None, "note": "new"}
    after = sums(session)
    assert {name for name in before if before[name] != after[name]} == {"lines", "orders"}


def test_what_others_hang_on_is_not_removed_unless_the_database_cascades(session: Session) -> None:
    assert problems(session, "customers", "1", {"orders": [{"id": 10}]}) == [
        (
            'orders: the row "11" is missing, and 1 row of "audits" hangs on it; '
            "allowed: to keep that row, or to remove those first"
        )
    ]
    written = write(session, "customers", "1", {"orders": [{"id": 11}]})
    assert written.notes == (
        '"orders": 1 row removed',
        '"orders": 2 rows of "lines" removed with them, for the database cascades',
    )


def test_a_table_may_hang_on_itself_and_on_another_twice(session: Session) -> None:
    assert read(session, "tree", "1")["tree"] == [{"id": 2, "name": "a"}, {"id": 3, "name": "b"}]
    assert 'the row "2" is missing, and 1 row of "tree"' in problems(session, "tree", "1", {"tree": []})[0]
    write(session, "tree", "2", {"tree": []})
    write(session, "tree", "1", {"tree": []})
    assert read(session, "tree", "1") == {"id": 1, "parent": None, "name": "root", "tree": []}
    team = read(session, "teams", "1")
    assert list(team) == ["id", "matches", "loose", "matches.away", "matches.home"]
    assert team["matches.home"] == [{"id": 1, "away": 2}]
    assert team["loose"] == [{"a": 1}, {"a": 1}]
    assert problems(session, "teams", "1", {"loose": []}) == [
        (
            "loose: a list of 0 items; allowed: the rows as they are: "
            "its rows cannot be told apart: it has neither a primary key nor a unique rule"
        )
    ]


def test_a_row_that_has_the_key_of_the_one_it_hangs_on(session: Session) -> None:
    connection = session.connection()
    connection.exec_driver_sql("CREATE TABLE leaves (tree INTEGER PRIMARY KEY REFERENCES tree, colour TEXT NOT NULL)")
    write(session, "tree", "4", {"leaves": [{"colour": "red"}]})
    write(session, "tree", "4", {"leaves": [{"colour": "green"}]})
    write(session, "tree", "3", {"leaves": [{"colour": "blue"}]}, merge=True)
    assert read(session, "tree", "4")["leaves"] == [{"colour": "green"}]
    assert record_form(session, "tree").key_of(("leaves",), {"colour": "x"}) == ()
    assert problems(session, "tree", "4", {"leaves": [{"colour": "a"}, {"colour": "b"}]})[0].startswith(
        "leaves[1]: the same"
    )
    assert problems(session, "tree", "2", {"leaves": [{}]})[0].startswith("leaves[0].colour: is missing in a new row")
    write(session, "tree", "4", {"leaves": []})
    assert connection.exec_driver_sql("SELECT * FROM leaves").all() == [(3, "blue")]


def test_a_key_may_be_of_another_type_than_what_it_names(session: Session) -> None:
    connection = session.connection()
    connection.exec_driver_sql("CREATE TABLE marks (id INTEGER PRIMARY KEY, tree TEXT REFERENCES tree, mark TEXT)")
    write(session, "tree", "1", {"marks": [{"mark": "a"}, {"mark": "b"}]})
    assert read(session, "tree", "1")["marks"] == [{"id": 1, "mark": "a"}, {"id": 2, "mark": "b"}]
    write(session, "tree", "1", {"marks": [{"id": 2, "mark": "c"}]})
    assert connection.exec_driver_sql("SELECT * FROM marks").all() == [(2, "1", "c")]


def test_hostile_names_and_keys_of_several_columns(session: Session) -> None:
    data = read(session, "select", "a\\,b,c\\\\")
    assert data == {"from": "a,b", "a,b": "c\\", "%s": 1, 'the "select" ?': [{"id": 1, "value)s": "%(x)s"}]}
    other = read(session, "select", "a,b\\,c\\\\")
    assert other["%s"] == 2
    other["%s"] = 3
    other['the "select" ?'].append({"value)s": "50%"})
    written = write(session, "select", "a,b\\,c\\\\", other)
    assert written.updated_fields == ("%s", 'the "select" ?')
    assert read(session, "select", "a\\,b,c\\\\") == data
    write(session, "customers", "1", {'100% "odd" :x': "%(y)s :z"})
    assert read(session, "customers", "1")['100% "odd" :x'] == "%(y)s :z"


def test_every_problem_is_told_at_once(session: Session) -> None:
    data = {
        "nam": 1,
        "name": None,
        "credit": "much",
        "born": "2025-02-31",
        "picture": {"base64": "?"},
        "active": 1,
        "data": {"$x": 1},
        "email": "\0",
        "orders": [{"total": "a"}, {"id": 10, "customer": 2}, {"id": 10}, {"id": 99, "n": 1}, 5],
    }
    form = record_form(session, "customers")
    assert [str(problem).partition(";")[0] for problem in form.check(data).problems] == [
        'nam: unknown key "nam"',
        "name: null",
        'credit: "much"',
        'born: "2025-02-31"',
        "picture: an object, which is no base64",
        "active: 1",
        'data: an object, a lone key that begins with $ must be put into {"$json": ...}',
        'email: "\\u0000", with a NUL character',
        'orders[0].total: "a"',
        "orders[1].customer: a key that cannot be changed",
        'orders[3].n: unknown key "n"',
        "orders[4]: 5",
    ]
    assert problems(session, "customers", "1", {"id": 2, "orders": [{"total": 1.0}, {"id": 10}, {"id": 10}]}) == [
        "orders[0].note: is missing in a new row; allowed: text",
        "orders[2]: the same row as [1]; allowed: each row once",
    ]
    assert problems(session, "customers", "1", {"id": 2, "orders": [{"id": 10}, {"id": 11}, {"id": 99}]}) == [
        "id: 2; allowed: 1: it cannot be changed, for it tells the row from the others",
        "orders[2].note: is missing in a new row; allowed: text",
    ]


def test_what_the_database_refuses_changes_nothing(shop: Path) -> None:
    url = make_url(f"sqlite:///{shop}")
    before = shop.read_bytes()
    with pytest.raises(GreenroomError, match="customers: the database refused: UNIQUE"), writing(url) as session:
        write(session, "customers", "1", {"name": "Eve", "email": "bob@example.org"})
    with pytest.raises(GreenroomError, match="orders: the database refused"), writing(url) as session:
        write(session, "customers", "1", {"orders": [{"id": 10}, {"id": 11}, {"id": 12, "note": "of another"}]})
    with reading(url) as session:
        assert read(session, "customers", "1")["name"] == "Ann"
    assert shop.read_bytes() == before


@pytest.mark.parametrize(
    ("event", "table", "key", "data"),
    [
        ("UPDATE ON customers", "customers", "1", {"name": "Anna"}),
        ("UPDATE ON orders", "customers", "1", {"name": "Anna", "orders": [{"id": 10, "note": "new"}, {"id": 11}]}),
        ("DELETE ON lines", "orders", "10", {"note": "new", "lines": []}),
        ("INSERT ON lines", "orders", "11", {"note": "new", "lines": [{"no": 1}, {"no": 2, "what": "new"}]}),
    ],
)
def test_what_the_database_does_not_do_and_says_nothing_about_is_an_error(
    shop: Path, event: str, table: str, key: str, data: dict[str, Any]
) -> None:
    with closing(sqlite3.connect(shop)) as connection:
        connection.execute(f"CREATE TRIGGER keep BEFORE {event} BEGIN SELECT RAISE(IGNORE); END")
    with writing(make_url(f"sqlite:///{shop}")) as session:
        form = record_form(session, table)
        record = form.find(session, key)
        assert record is not None
        with pytest.raises(GreenroomError, match="the database kept"):
            form.write(session, record, data)


def test_what_the_database_makes_of_a_value_is_said(shop: Path) -> None:
    with closing(sqlite3.connect(shop)) as connection:
        connection.executescript(
            "CREATE TRIGGER small AFTER UPDATE OF email ON customers "
            "BEGIN UPDATE customers SET email = lower(email) WHERE id = NEW.id; END"
        )
    with writing(make_url(f"sqlite:///{shop}")) as session:
        form = record_form(session, "customers")
        record = form.find(session, "1")
        assert record is not None
        written = form.write(session, record, {"email": "NEW@example.org"})
        assert written.notes == ('"email" is "new@example.org": the database made that of it',)


def test_a_row_that_vanished_meanwhile(session: Session) -> None:
    form = record_form(session, "teams")
    record = form.find(session, "1")
    assert record is not None
    session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    session.connection().exec_driver_sql("DELETE FROM teams WHERE id = 1")
    with pytest.raises(GoneError, match="the row 1 of teams is no longer there"):
        form.write(session, record, {"matches": "z"})
    assert form.find(session, "1") is None
    assert form.find(session, "one") is None
    assert form.find(session, "1,2") is None


def test_an_envelope_comes_back_with_equal_bytes(session: Session) -> None:
    at = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    for table, key in (("customers", "1"), ("customers", "2"), ("customers", "3"), ("select", "a\\,b,c\\\\")):
        form = record_form(session, table)
        record = form.find(session, key)
        exported = encode_envelope(make_envelope(form, record, exported_at=at, source=None))
        opened = open_record(json.loads(exported), form)
        assert opened.problems == ()
        assert opened.envelope is not None
        assert opened.envelope.key == key
        again = form.find(session, opened.envelope.key)
        assert again is not None
        assert form.write(session, again, opened.envelope.data).changes == ()
        assert encode_envelope(make_envelope(form, again, exported_at=at, source=None)) == exported
    form = record_form(session, "teams")
    wrong = open_record({"table": "team", "key": 1, "data": {"x": 1}, "more": 2}, form)
    assert [problem.path for problem in wrong.problems] == [("key",), ("more",), ("table",), ("data", "x")]
    assert open_record({"version": "9"}, form).problems[0].path == ("version",)


def test_a_list_that_is_too_long_is_left_out_and_kept(session: Session) -> None:
    session.connection().exec_driver_sql(
        "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 2100) "
        "INSERT INTO orders SELECT i, 2, 1, '' FROM n"
    )
    data = read(session, "customers", "2")
    assert data["orders"] == {"left_out": "more than 2,000 rows: not shown, and kept as they are"}
    assert write(session, "customers", "2", data | {"name": "Rob"}).updated_fields == ("name", "upper")
    assert "a list of 0 items; allowed: nothing" in problems(session, "customers", "2", {"orders": []})[0]
    assert session.connection().exec_driver_sql("SELECT count(*) FROM orders").scalar_one() == 2004


def test_tables_are_listed_with_why_some_cannot_be_edited(session: Session) -> None:
    found = {row.name: row for row in tables(session, exclude=["audits"])}
    assert "audits" not in found
    assert "greenroom_restore" not in found
    assert (found["orders"].rows, found["orders"].exact, found["lines"].key_columns) == (3, True, ("order_id", "no"))
    assert [name for name, row in found.items() if not row.editable] == ["loose", "seen"]
    for name, said in (("seen", "is a view"), ("order", "orders"), ("loose", "told apart"), ("audits", "no table")):
        with pytest.raises(UsageError) as caught:
            record_form(session, name, exclude=["audits"])
        assert said in caught.value.message + caught.value.hint


def test_a_row_of_a_list_keeps_what_it_leaves_out_also_where_it_is_compared(session: Session) -> None:
    form = record_form(session, "customers")
    live = read(session, "customers", "1")
    kept = {"orders": [{"id": order["id"]} for order in live["orders"]]}
    assert compare(form, live, kept, base=None, base_revision=revision_of(live)).changes == ()
    data = {"orders": [{"id": 10, "note": "other"}]}
    found = compare(form, live, data, base=None, base_revision=revision_of(live))
    assert [(change.kind, change.path) for change in found.changes] == [
        ("removed", ("orders", 1)),
        ("changed", ("orders", 0, "note")),
    ]


def test_of_very_many_unknown_keys_a_thousand_are_told(session: Session) -> None:
    form = record_form(session, "customers")
    wrong = {f"odd {number}": 1 for number in range(3_000)}
    assert len(form.check(wrong).problems) == 1_000
    assert len(form.check({"orders": [wrong]}).problems) == 1_000
