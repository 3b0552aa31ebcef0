"""What only one engine has: made again there, and elsewhere named; no rule goes, or gets stricter, without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.databases.creation.plan import plan_creation
from core.databases.schema import Schema, Table
from tests.cli.conftest import House
from tests.engines.conftest import ENGINES, MakeDatabase, run_sql
from tests.engines.creations import DRIVER_ERRORS, create, read_schema, run
from tests.engines.test_restore_into import rows, site_keys
from tests.engines.test_target import fetch

SCRIPTS = {
    "sqlite": """
        CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT COLLATE NOCASE UNIQUE, pad TEXT
            COLLATE RTRIM);
        CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED,
            other INTEGER REFERENCES parent, third INTEGER CONSTRAINT late REFERENCES parent DEFERRABLE,
            code TEXT UNIQUE ON CONFLICT REPLACE, gone INTEGER, note TEXT,
            FOREIGN KEY (gone) REFERENCES parent NOT DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE firm (id INT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX few ON child (code, note) WHERE gone IS NULL AND note <> 'a)b';
        CREATE UNIQUE INDEX lowered ON child (lower(note));
        CREATE UNIQUE INDEX nocase ON child (note COLLATE NOCASE);
        CREATE INDEX down ON child (note DESC, code)
    """,
    "postgresql": """
        CREATE DOMAIN short AS VARCHAR(7) DEFAULT 'x' NOT NULL CHECK (VALUE <> 'bad');
        CREATE SEQUENCE shared;
        CREATE COLLATION loose (provider = libc, locale = 'C');
        CREATE TABLE parent (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a INTEGER, b INTEGER,
            code TEXT COLLATE "C" UNIQUE NULLS NOT DISTINCT, name TEXT COLLATE loose, word short,
            place INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED, facts JSONB, lone INTEGER DEFAULT nextval('shared'),
            UNIQUE (a, b), EXCLUDE USING btree (b WITH =));
        CREATE TABLE child (a INTEGER, b INTEGER, c INTEGER, FOREIGN KEY (a, b) REFERENCES parent (a, b) MATCH FULL,
            FOREIGN KEY (a, c) REFERENCES parent (a, b) ON DELETE SET NULL (c));
        ALTER TABLE child ADD CONSTRAINT late CHECK (c > 5) NOT VALID;
        ALTER TABLE child ENABLE ROW LEVEL SECURITY;
        CREATE UNIQUE INDEX few ON parent (b) WHERE a > 3;
        CREATE UNIQUE INDEX nulls ON parent (a) NULLS NOT DISTINCT;
        CREATE INDEX down ON parent (a DESC, b);
        CREATE INDEX deep ON parent USING gin (facts);
        CREATE INDEX patterns ON parent (code text_pattern_ops);
        CREATE TABLE measured (day DATE, value INTEGER) PARTITION BY RANGE (day);
        CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE special (extra INTEGER) INHERITS (measured_base)
    """.replace("CREATE TABLE special", "CREATE TABLE measured_base (x INTEGER);\n        CREATE TABLE special"),
    "mysql": """
        CREATE TABLE parent (id INT(8) ZEROFILL PRIMARY KEY, body TEXT, raw VARBINARY(9) DEFAULT x'00ff', n INT,
            changed TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP,
            moved DATETIME(3) DEFAULT '2026-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP(3), hidden INT INVISIBLE,
            UNIQUE KEY start (body(10)), KEY start_too (body(5), n), KEY down (n DESC), FULLTEXT words (body));
        CREATE TABLE kept (id INT PRIMARY KEY, a INT) WITH SYSTEM VERSIONING;
        CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3;
        CREATE TABLE plain (id INT PRIMARY KEY) ENGINE = MyISAM;
        CREATE SEQUENCE counting
    """,
}  # fmt: skip
AT_HOME = {
    "sqlite": ["child: the unique rule lowered", "child: the unique rule nocase", "child.code: a row that breaks"],
    "postgresql": [
        "child: row-level security", "child: the check late", "child: the foreign key (a, b) to parent is held",
        "child: the foreign key (a, c) to parent refuses", "measured: is made as one table", "parent.lone: counts",
        "parent.name: the collation loose", "parent.word: the domain short", "parent: the exclusion parent_b_excl",
        "parent: the index deep", "parent: the index patterns", "special: inherits from measured_base",
    ],
    "mysql": [
        "kept: keeps its history", "parent.hidden: is hidden", "parent.raw: its default", "parent: the index words",
        "parts: is made as one table", "plain: is MyISAM's",
    ],
}  # fmt: skip
ELSEWHERE = {
    ("sqlite", "postgresql"): ["parent: texts that differ in blanks", "parent: texts that differ in the case"],
    ("sqlite", "mysql"): [
        "child.parent: the foreign key to parent is checked at once", "child: the unique rule few (code, note) is",
        "parent: texts that differ in blanks", "parent: texts that differ in the case",
    ],
    ("postgresql", "sqlite"): [
        "parent.a: the unique rule nulls lets in", "parent.code: the unique rule lets in", "parent.id: counts",
        "parent.place: the unique rule is checked at once",
    ],
    ("postgresql", "mysql"): [
        "parent.a: the unique rule nulls lets in", "parent.b: the unique rule few is left out",
        "parent.code: the unique rule lets in", "parent.id: counts", "parent.place: the unique rule is checked at once",
    ],
    ("mysql", "sqlite"): [
        "parent.body: the unique rule start is left out", "parent.changed: is not set", "parent.moved: is not set",
        "parent: the index start_too (body, n) is left out", "parent.id: the type int(8)",
    ],
    ("mysql", "postgresql"): [
        "parent.body: the unique rule start is left out", "parent.changed: is not set", "parent.moved: is not set",
        "parent: the index start_too (body, n) is left out", "parent.id: the type int(8)",
    ],
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def _told(schema: Schema, target: str) -> list[str]:
    losses = plan_creation(schema, target).losses
    return [f"{loss.table}{f'.{loss.column}' if loss.column else ''}: {loss.what}" for loss in losses]


@pytest.mark.parametrize("engine", ENGINES)
def test_at_home_it_is_made_again(make_database: MakeDatabase, engine: str) -> None:
    url, other = make_database(engine), make_database(engine)
    run_sql(url, SCRIPTS[engine])
    schema = read_schema(url)
    told = sorted(_told(schema, engine))
    strict = ["parent.lone: must have a value"] if engine == "postgresql" else []  # as PostgreSQL wants of identities
    for wanted, found in zip(sorted(AT_HOME[engine] + strict), told, strict=True):
        assert found.startswith(wanted)
    create(other, schema)
    again = read_schema(other)
    assert [_known(table) for table in again.tables] == [_known(table) for table in schema.tables]


def _known(table: Table) -> dict[str, object]:
    """All that the archive says of a table, but for the names of rules that SQLite does not keep, and what is lost."""
    said = table.model_dump(exclude={"left_out"})
    for one in (*said["uniques"], *said["checks"], *said["foreign_keys"]):
        del one["name"]
    said["columns"] = [{**one, "type": {**one["type"], "native": ""}} for one in said["columns"]]
    for column in said["columns"]:
        column["nullable"] = column["nullable"] and not column["identity"]  # which is told
    for index in said["indexes"]:
        index["where"] = index["where"] and index["where"].replace('"', "")
    said["uniques"] = sorted(said["uniques"], key=str)
    return {name: sorted(part, key=str) if name in {"foreign_keys", "indexes"} else part for name, part in said.items()}


@pytest.mark.parametrize(("source", "target"), sorted(ELSEWHERE))
def test_elsewhere_what_goes_is_named(make_database: MakeDatabase, source: str, target: str) -> None:
    url, other = make_database(source), make_database(target)
    run_sql(url, SCRIPTS[source])
    told = _told(read_schema(url), target)
    for wanted in [*AT_HOME[source], *ELSEWHERE[source, target]]:
        assert any(found.startswith(wanted) for found in told), (wanted, told)
    create(other, read_schema(url))


def test_a_partial_unique_rule_is_never_a_full_one(make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    script = "CREATE TABLE t (a INTEGER, gone INTEGER);\nCREATE UNIQUE INDEX few ON t (a) WHERE gone IS NULL"
    run_sql(url, script)
    schema = read_schema(url)
    for target in ENGINES:
        into = make_database(target)
        create(into, schema)
        run(into, ["INSERT INTO t VALUES (1, 5), (1, 5), (1, NULL)"])
        if target != "mysql":
            with pytest.raises(DRIVER_ERRORS):
                run(into, ["INSERT INTO t VALUES (1, NULL)"])


def test_zeros_before_a_number_are_not_its_value(house: House, make_database: MakeDatabase) -> None:
    url, into = make_database("mysql"), make_database("postgresql")
    run_sql(url, "CREATE TABLE t (id INT(8) ZEROFILL, a DECIMAL(8,2) ZEROFILL);\nINSERT INTO t VALUES (42, 1.5)")
    house.add_site("app", **site_keys(url))
    house.done("init")
    house.done("backup", "app", "--kind", "portable")
    house.done("restore", "latest", "--into", into, "--now", "--yes")
    house.done("restore", "latest", "--now", "--yes")
    assert rows(into, "t") == rows(url, "t") == [{"id": 42, "a": "1.50"}]


def test_the_notices_of_a_backup_name_it(house: House, make_database: MakeDatabase) -> None:
    url = make_database("sqlite")
    run_sql(url, SCRIPTS["sqlite"])
    house.add_site("app", database=json.dumps(url))
    house.done("init")
    notices = house.done("backup", "app", "--kind", "portable", "--json").json["notices"]
    assert "elsewhere child the unique rule lowered is left out: child (lower(note))" in notices


def test_rows_of_partitions_and_of_heirs_come_once(house: House, make_database: MakeDatabase) -> None:
    url, into = make_database("postgresql"), make_database("postgresql")
    run_sql(url, SCRIPTS["postgresql"])
    run_sql(
        url,
        """
        INSERT INTO measured VALUES ('2026-03-29', 1);
        INSERT INTO measured_base VALUES (1);
        INSERT INTO special VALUES (2, 3)
        """,
    )
    house.add_site("app", **site_keys(url))
    house.done("init")
    house.done("backup", "app", "--kind", "portable")
    house.done("restore", "latest", "--into", into, "--now", "--yes")
    assert fetch(into, "SELECT value FROM measured") == [(1,)]
    assert fetch(into, "SELECT x FROM measured_base") == [(1,)]
    assert fetch(into, "SELECT x, extra FROM special") == [(2, 3)]
    house.done("restore", "latest", "--now", "--yes", "--table", "measured")
    ran = house.greenroom("restore", "latest", "--now", "--yes", "--table", "measured_base")
    assert ran.code == 1
    assert "other tables inherit from measured_base" in ran.err
    assert fetch(url, "SELECT extra FROM special") == [(3,)]


def test_a_policy_that_hides_rows_is_no_backup(house: House, make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    run_sql(
        url,
        """
        CREATE TABLE t (a INTEGER);
        INSERT INTO t VALUES (1), (2);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        CREATE POLICY few ON t USING (a = 1);
        DROP ROLE IF EXISTS clerk;
        CREATE ROLE clerk LOGIN;
        GRANT SELECT ON t TO clerk
        """,
    )
    house.add_site("app", database=json.dumps(url.replace("greenroom@", "clerk@")))
    house.done("init")
    ran = house.greenroom("backup", "app", "--kind", "portable")
    assert ran.code == 1
    assert "row-level security" in ran.err
    run_sql(url, "DROP OWNED BY clerk;\nDROP ROLE clerk")


def test_an_archive_of_before_is_read() -> None:
    """What it does not say was not so."""
    table = {"name": "t", "columns": [{"name": "a", "type": {"kind": "integer"}, "identity": True}]}
    said = {"version": 1, "engine": "sqlite", "tables": [{**table, "primary_key": ["a"]}], "left_out": ["view v"]}
    said["tables"][0]["indexes"] = [{"name": "i", "columns": ["a"], "unique": True}]  # type: ignore[index]
    schema = Schema.model_validate_json(json.dumps(said))
    (statement,) = plan_creation(schema, "sqlite").tables
    assert "AUTOINCREMENT" in statement


@pytest.mark.parametrize(
    "change",
    [
        {"indexes": [{"name": "i", "columns": ["a"], "where": "1); DROP TABLE t; --"}]},
        {"indexes": [{"name": "i", "columns": ["a"], "descending": ["a"], "where": "a > (SELECT 1)"}]},
        {"options": ["strict", "without rowid"]},
        {"left_out": [{"column": None, "what": "\x1b[2J all is well"}]},
    ],
)
def test_what_an_archive_claims_is_no_sql(change: dict[str, object]) -> None:
    table = {"name": "t", "columns": [{"name": "a", "type": {"kind": "any", "collation": "NOCASE); DROP"}}], **change}
    schema = Schema.model_validate({"engine": "sqlite", "tables": [table]})
    for target in ENGINES:
        creation = plan_creation(schema, target)
        assert not any("DROP" in statement for statement in (*creation.tables, *creation.rules))
        assert not any("\x1b" in loss.what for loss in creation.losses)


def test_lengths_that_are_none() -> None:
    table = {"name": "t", "columns": [{"name": "a", "type": {"kind": "text"}}]}
    index = {"name": "i", "columns": ["a"], "lengths": [1, 2]}
    with pytest.raises(ValueError, match="other lengths"):
        Schema.model_validate({"engine": "mysql", "tables": [{**table, "indexes": [index]}]})
