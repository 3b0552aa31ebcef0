"""Tables of any engine made on any engine: they say the same, and hold to it."""

from __future__ import annotations

from itertools import product

import pytest

from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.creations import DRIVER_ERRORS, create, read_schema, run, what_is_kept
from tests.engines.test_reflect import LIBRARY

PAIRS = list(product(ENGINES, ENGINES))


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_tables_say_the_same(make_database: MakeDatabase, source: str, target: str) -> None:
    made_from, made = make_database(source), make_database(target)
    run_sql(made_from, LIBRARY[source])
    schema = read_schema(made_from)
    create(made, schema)
    assert what_is_kept(read_schema(made)) == what_is_kept(schema)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_the_tables_hold_to_it(make_database: MakeDatabase, source: str, target: str) -> None:
    made_from, made = make_database(source), make_database(target)
    run_sql(made_from, LIBRARY[source])
    create(made, read_schema(made_from))
    run(made, ["INSERT INTO people (name) VALUES ('Ada')"])
    run(made, ["INSERT INTO films (year, director) VALUES (1999, 1)"])
    run(made, ["INSERT INTO films (title, year) VALUES ('b', 2001)"])
    rows = run(made, ["SELECT id, title, price, seen, added IS NOT NULL, director, double_year FROM films ORDER BY id"])
    assert [tuple(row) for row in rows] == [(1, "it's new", 1.5, 0, 1, 1, 3998), (2, "b", 1.5, 0, 1, None, 4002)]
    for refused in (
        "INSERT INTO films (title, year) VALUES ('b', 2001)",
        "INSERT INTO films (title, year) VALUES ('old', 1800)",
        "INSERT INTO films (title, year, director) VALUES ('c', 2002, 99)",
        "INSERT INTO films (title, year) VALUES (NULL, 2003)",
        "INSERT INTO people (name) VALUES ('Ada')",
    ):
        with pytest.raises(DRIVER_ERRORS):
            run(made, [refused])
    run(made, ["DELETE FROM people WHERE id = 1"])
    assert [row[0] for row in run(made, ["SELECT director FROM films"])] == [None, None]


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
def test_texts_that_differ_are_different(make_database: MakeDatabase, source: str, target: str) -> None:
    made_from, made = make_database(source), make_database(target)
    run_sql(made_from, "CREATE TABLE t (word VARCHAR(20) PRIMARY KEY)")
    create(made, read_schema(made_from))
    words = ["a", "A", "a ", "ä", ""]
    run(made, [f"INSERT INTO t VALUES ('{word}')" for word in words])
    assert sorted(row[0] for row in run(made, ["SELECT word FROM t"])) == sorted(words)
