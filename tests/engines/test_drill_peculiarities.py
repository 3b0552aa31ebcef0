"""Drills of databases with all that is odd: none of it makes a false alarm, and none of it reaches out of the drill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, administer, run_sql
from tests.engines.servers import postgresql, postgresql_tools
from tests.engines.test_drill_servers import drill, left_of, scratch_databases
from tests.engines.test_full_disk import _postgresql
from tests.engines.test_restore_into import back_up, site_keys

_POSTGRESQL = """
    CREATE SCHEMA "odd schema";
    CREATE TABLE "odd schema"."odd "" table %" ("odd %s" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email TEXT UNIQUE, twice TEXT GENERATED ALWAYS AS (email || email) STORED);
    INSERT INTO "odd schema"."odd "" table %" (email) VALUES ('a'), ('b');
    CREATE TABLE measured (day DATE, value INT, PRIMARY KEY (day, value)) PARTITION BY RANGE (day);
    CREATE TABLE measured_old PARTITION OF measured FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
    INSERT INTO measured VALUES ('2010-01-01', 1);
    CREATE TABLE counted_down (id INT DEFAULT nextval('measured_down') PRIMARY KEY);
    INSERT INTO counted_down SELECT nextval('measured_down') FROM generate_series(1, 3);
    CREATE TABLE empty_one (id SERIAL PRIMARY KEY, must TEXT NOT NULL);
    CREATE TABLE only_id (id SERIAL PRIMARY KEY);
    INSERT INTO only_id DEFAULT VALUES;
    CREATE TABLE tree (id UUID DEFAULT gen_random_uuid() PRIMARY KEY, up UUID REFERENCES tree (id));
    INSERT INTO tree DEFAULT VALUES;
    CREATE TABLE no_key (a INT, b JSON);
    INSERT INTO no_key VALUES (1, '{}'), (1, '{}');
    CREATE TABLE never (a INT CHECK (a > 0) NOT NULL);
    INSERT INTO never VALUES (1);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger fired' ; END $$;
    CREATE TRIGGER refuse BEFORE INSERT OR DELETE ON never FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TABLE secret (id SERIAL PRIMARY KEY, whose TEXT);
    INSERT INTO secret (whose) VALUES ('me');
    ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
    CREATE PUBLICATION all_of_it FOR TABLE only_id;
    CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM never
"""
_MYSQL = """
    CREATE TABLE `odd `` table %` (`odd %s` INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(40) UNIQUE,
        twice VARCHAR(80) AS (CONCAT(email, email)));
    INSERT INTO `odd `` table %` (email) VALUES ('a'), ('b');
    CREATE SEQUENCE numbers;
    CREATE TABLE numbered (id BIGINT DEFAULT nextval(numbers) PRIMARY KEY, a INT);
    INSERT INTO numbered (a) VALUES (1), (2);
    CREATE TABLE no_key (a INT);
    INSERT INTO no_key VALUES (1), (1);
    CREATE TABLE old_engine (a INT PRIMARY KEY) ENGINE = Aria;
    INSERT INTO old_engine VALUES (1);
    CREATE TABLE never (a INT PRIMARY KEY CHECK (a > 0));
    INSERT INTO never VALUES (1);
    CREATE TRIGGER refuse BEFORE INSERT ON never FOR EACH ROW SIGNAL SQLSTATE '45000';
    CREATE TABLE history (a INT PRIMARY KEY) WITH SYSTEM VERSIONING;
    INSERT INTO history VALUES (1)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


@pytest.mark.parametrize(("engine", "inserts"), [("postgresql", 7), ("mysql", 5)])
def test_odd_tables(house: House, make_database: MakeDatabase, engine: str, inserts: int) -> None:
    url = make_database(engine)
    if engine == "postgresql":
        run_sql(url, "CREATE SEQUENCE measured_down INCREMENT -1")
    run_sql(url, _POSTGRESQL if engine == "postgresql" else _MYSQL)
    house.add_site("app", **site_keys(url))
    house.done("init")
    house.done("backup")
    found = drill(house, "latest")
    assert (found["drill"]["status"], found["drill"]["notices"]) == ("passed", [])
    assert found["drill"]["compared"]["inserts"] == inserts
    assert scratch_databases(url) == []


@pytest.mark.slow
def test_on_another_version_of_the_server(house: House) -> None:
    """Newer than the dump is fine; older cannot take it, which is no fault of the backup."""
    with postgresql(16) as old, postgresql(18) as new:
        for server in (old, new):
            administer(server, "postgresql", "CREATE DATABASE moved")
        urls = {16: old.replace("DATABASE", "moved"), 18: new.replace("DATABASE", "moved")}

        def use(major: int) -> None:
            house.set_site("app", database=json.dumps(urls[major]), tools=json.dumps(str(postgresql_tools(major))))

        backup = back_up(house, urls[16], "snapshot")
        assert drill(house, backup)["drill"]["status"] == "passed"
        use(18)
        assert drill(house, backup)["drill"]["status"] == "passed"
        newer = str(house.done("backup", "--json").json["backup"]["id"])
        assert drill(house, newer)["drill"]["status"] == "passed"
        use(16)
        assert "newer" in drill(house, newer, code=1)["drill"]["reason"]
        assert [scratch_databases(url) for url in urls.values()] == [[], []]


@pytest.mark.slow
def test_a_disk_of_the_server_that_is_full(house: House, server_of: Callable[[str], str]) -> None:
    """PostgreSQL cannot even drop the scratch database then, so that goes with the next verb."""
    with _postgresql(server_of("postgresql")) as (url, resize):
        resize("40m")
        run_sql(url, "CREATE TABLE films (id INT PRIMARY KEY, title TEXT)")
        run_sql(url, "INSERT INTO films SELECT i, repeat('0123456789', 150) FROM generate_series(1, 12000) i")
        house.add_site("app", **site_keys(url))
        house.done("init")
        house.done("backup")
        found = drill(house, "latest", code=1)
        assert found["drill"]["status"] == "unable"
        assert "No space left" in found["drill"]["reason"]
        resize("300m")
        assert drill(house, "latest")["drill"]["status"] == "passed"
        assert (scratch_databases(url), left_of(house)) == ([], [])


@pytest.mark.parametrize(
    ("engine", "script", "words"),
    [
        ("mysql", "CREATE TABLE a (b BIGINT UNSIGNED);\nINSERT INTO a VALUES (18446744073709551615)", None),
        (
            "postgresql",
            "CREATE TABLE a (b NUMERIC(60, 20));\nINSERT INTO a VALUES (1e30 + 1e-20)",
            None,
        ),
        (
            "postgresql",
            """CREATE SEQUENCE inv_seq;
            CREATE TABLE a (id INT, number TEXT DEFAULT 'INV-' || nextval('inv_seq'));
            INSERT INTO a (id) VALUES (1)""",
            None,
        ),
        (
            "mysql",
            """CREATE TABLE a (b VARCHAR(20) PRIMARY KEY);
            CREATE TABLE c (b VARCHAR(20), FOREIGN KEY (b) REFERENCES a (b));
            INSERT INTO a VALUES ('Big');
            INSERT INTO c VALUES ('bIG')""",
            "letter by letter",
        ),
    ],
)
def test_what_sqlite_cannot_hold_is_no_fault_of_a_portable_backup(
    house: House, make_database: MakeDatabase, engine: str, script: str, words: str | None
) -> None:
    url = make_database(engine)
    run_sql(url, script)
    house.add_site("app", **site_keys(url))
    house.done("init")
    house.done("backup", "--kind", "portable")
    ran = house.greenroom("drill", "--json")
    (result,) = ran.json["results"]
    assert ran.code in (0, 1), ran.err
    assert result["drill"]["status"] in {"passed", "unable"}
    assert words is None or words in str(result["drill"]["reason"])
    assert left_of(house) == []
