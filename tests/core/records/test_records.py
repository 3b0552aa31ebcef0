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
from core.errors import GreenroomError, UsageError
from core.forms import InvalidDataError, encode_envelope, make_envelope
from core.records import GoneError, open_record, record_form, tables

SHOP = """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE, born DATE,
        credit DECIMAL(10, 2), data JSON, picture BLOB, active BOOLEAN, seen TIMESTAMP, anything,
        "100% ""odd"" :x" TEXT, upper TEXT GENERATED ALWAYS AS (upper(name)));
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id),
        total REAL, note TEXT NOT NULL);
    CREATE TABLE lines (order_id INTEGER REFERENCES orders (id) ON DELETE CASCADE, no INTEGER, what TEXT NOT NULL,
        PRIMARY KEY (order_id, no));
    CREATE TABLE audits (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id));
    CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree (id), name TEXT);
    CREATE TABLE "select" ("from" TEXT, "a,b" TEXT, "%s" INTEGER, PRIMARY KEY ("from", "a,b"));
    CREATE TABLE "child of ""select""" (id INTEGER PRIMARY KEY, f TEXT, g TEXT, "value)s" TEXT,
        FOREIGN KEY (f, g) REFERENCES "select" ("from", "a,b"));
    CREATE TABLE matches (id INTEGER PRIMARY KEY, home INTEGER REFERENCES teams (id), away INTEGER REFERENCES teams (id));
    CREATE TABLE teams (id INTEGER PRIMARY KEY, matches TEXT);
    CREATE TABLE loose (a INTEGER, team INTEGER REFERENCES teams (id));
    CREATE TABLE greenroom_restore (id TEXT);
    CREATE VIEW seen AS SELECT * FROM customers;
    INSERT INTO customers VALUES
        (1, 'Ann', 'ann@example.org', '1990-01-02', 12.5, '{"a": [1.5, null]}', x'00ff', 1, '2026-01-02 03:04:05.600000',
            9007199254740993, '50%'),
        (2, 'Bob', 'bob@example.org', 'unknown', 'much', 'no JSON', 'text', 5, 1700000000, x'01', NULL),
        (3, 'Cid', NULL, NULL, NULL, 'null', zeroblob(70000), NULL, NULL, CAST(x'ff' AS TEXT), NULL);
    INSERT INTO orders VALUES (10, 1, 3.25, 'first'), (11, 1, NULL, 'second'), (12, 2, 1e300, '');
    INSERT INTO lines VALUES (10, 1, 'pen'), (10, 2, 'ink'), (11, 1, 'cup');
    INSERT INTO audits VALUES (1, 11);
    INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'aa');
    INSERT INTO "select" VALUES ('a,b', 'c\\', 1), ('a', 'b,c\\', 2);
    INSERT INTO "child of ""select""" VALUES (1, 'a,b', 'c\\', '%(x)s'), (2, 'a', 'b,c\\', ':y');
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


def checksums(session: Session) -> dict[str, str]:
    connection = session.connection()
    names = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").scalars()
    return {
        name: sha256(
            repr(
                connection.exec_driver_sql(
                    'SELECT *, typeof(*) FROM "{}" ORDER BY 1, 2'.format(name.replace('"', '""')).replace(
                        ", typeof(*)", ""
                    )
                ).all()
            ).encode("utf-8", "surrogateescape")
        ).hexdigest()
        for name in names.all()
        if name != "customers"
    }
