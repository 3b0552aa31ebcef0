"""The preview says which values a target refuses, by table, column and row, and nothing of values that none has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.test_restore_into import rows, site_keys, tables_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def _back_up(house: House, url: str, script: str) -> None:
    run_sql(url, script)
    house.add_site("app", **site_keys(url))
    house.done("init")
    house.done("backup", "app", "--kind", "portable")


def _losses(house: House, into: str) -> dict[tuple[str, str | None], str]:
    preview = house.done("restore", "latest", "--into", into, "--dry-run", "--json").json["preview"]
    return {(loss["table"], loss["column"]): loss["what"] for loss in preview["losses"]}


FLOATS = "CREATE TABLE t (id BIGINT PRIMARY KEY, score DOUBLE PRECISION, wide NUMERIC)"


def test_what_no_value_has_is_not_said(house: House, make_database: MakeDatabase) -> None:
    _back_up(house, make_database("postgresql"), f"{FLOATS};\nINSERT INTO t VALUES (1, 0.5, 1.25), (2, NULL, NULL)")
    for target in ("mysql", "sqlite"):
        into = make_database(target)
        assert _losses(house, into) == {}
        done = house.done("restore", "latest", "--into", into, "--now", "--yes", "--json").json
        assert done["outcome"]["losses"] == []


@pytest.mark.parametrize(
    ("target", "values", "told"),
    [
        ("mysql", "('Infinity', 1), (0.5, 1), ('NaN', 1)", {"score": "2 rows cannot be restored"}),
        ("sqlite", "('NaN', 1), ('Infinity', 1)", {"score": "1 row cannot be restored, the first of them row 2: "}),
        ("sqlite", "(1, 1234567890.123456789012)", {"wide": "1 row cannot be restored, the first of them row 2: "}),
        ("mysql", "(1, 'NaN')", {"wide": "1 row cannot be restored, the first of them row 2: the engine has no NaN"}),
    ],
)  # fmt: skip
def test_values_that_are_refused(
    house: House, make_database: MakeDatabase, target: str, values: str, told: dict[str, str]
) -> None:
    url, into = make_database("postgresql"), make_database(target)
    script = f"{FLOATS};\nINSERT INTO t VALUES (1, 0.5, 1.25);\nCREATE SEQUENCE s START 2;\nINSERT INTO t "
    _back_up(house, url, f"{script}SELECT nextval('s'), a::float8, b::numeric FROM (VALUES {values}) v (a, b)")
    losses = _losses(house, into)
    for column, words in told.items():
        assert losses["t", column].startswith(words)
    ran = house.greenroom("restore", "latest", "--into", into, "--now", "--yes")
    assert ran.code == 1
    assert f"table t, row 2, column {next(iter(told))}" in ran.err
    assert tables_of(into) == []


def test_days_that_another_engine_lacks(house: House, make_database: MakeDatabase) -> None:
    url, into = make_database("postgresql"), make_database("mysql")
    script = "CREATE TABLE t (id BIGINT PRIMARY KEY, day DATE, at TIMESTAMP)"
    values = "(1, '2026-03-29', '2026-03-29'), (2, 'infinity', '0044-03-15 BC'), (3, '9999-12-31', NULL)"
    _back_up(house, url, f"{script};\nINSERT INTO t VALUES {values}")
    losses = _losses(house, into)
    assert losses["t", "day"] == "1 row cannot be restored, the first of them row 2: the engine has no infinity"
    assert losses["t", "at"].startswith("1 row cannot be restored, the first of them row 2: ")
    assert house.greenroom("restore", "latest", "--into", into, "--now", "--yes").code == 1


def test_what_sqlite_holds_against_its_declarations(house: House, make_database: MakeDatabase) -> None:
    into = make_database("postgresql")
    _back_up(
        house,
        make_database("sqlite"),
        """
        CREATE TABLE t (small SMALLINT, body TEXT, day DATE, word TEXT PRIMARY KEY, score REAL);
        INSERT INTO t VALUES (1, 'x', '2026-03-29', 'a', -0.0), (70000, 'a' || char(0) || 'b', 'soon', NULL, 1.0)
        """,
    )
    assert _losses(house, into) == {
        ("t", "small"): "1 row cannot be restored, the first of them row 2: 70000 is not within -32768 and 32767",
        ("t", "body"): "1 row cannot be restored, the first of them row 2: the engine has no texts with a NUL",
        ("t", "day"): "1 row cannot be restored, the first of them row 2: 'soon' is no date",
        ("t", "word"): "1 row cannot be restored, the first of them row 2: there is no value, and there must be one",
    }


def test_a_zero_that_loses_its_sign_is_said(house: House, make_database: MakeDatabase) -> None:
    into, same = make_database("mysql"), make_database("postgresql")
    _back_up(house, make_database("postgresql"), f"{FLOATS};\nINSERT INTO t VALUES (1, '-0', 1), (2, 0, 1)")
    assert _losses(house, into) == {("t", "score"): "1 row hold -0.0, which becomes 0.0"}
    house.done("restore", "latest", "--into", into, "--now", "--yes")
    assert [row["score"] for row in rows(into, "t")] == [0, 0]
    assert _losses(house, same) == {}
    house.done("restore", "latest", "--into", same, "--now", "--yes")
    assert [str(row["score"]) for row in rows(same, "t")] == ["-0.0", "0"]


def test_into_tables_that_are_there(house: House, make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    _back_up(house, url, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO t VALUES (1, 'x'), (2, 'abcd')")
    run_sql(url, "ALTER TABLE t ALTER a TYPE VARCHAR(3) USING 'y'")
    preview = house.done("restore", "latest", "--dry-run", "--json").json["preview"]
    (loss,) = preview["losses"]
    assert loss["what"] == "1 row cannot be restored, the first of them row 2: 4 characters, where 3 fit"
    run_sql(url, "ALTER TABLE t ALTER a TYPE VARCHAR(4)")
    assert house.done("restore", "latest", "--dry-run", "--json").json["preview"]["losses"] == []
