"""Drills of sites on servers: a database beside the site's, tried and dropped, and the site as it was."""

from __future__ import annotations

import json
import os
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from core.databases.connect import open_server
from core.drill.drill import drill_backup
from core.errors import CancelledError
from core.progress import CancelToken, Reporter
from tests.cli.conftest import House
from tests.engines.conftest import MakeDatabase, MakeRole, run_sql
from tests.engines.test_restore_into import back_up, rows, site_keys
from tests.engines.test_restore_on_servers import SERVERS, state
from tests.forged import forge
from tests.support import run_until_killed

_DATABASES = {
    "postgresql": "SELECT datname FROM pg_database ORDER BY 1",
    "mysql": "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


def drill(house: House, backup: str, code: int = 0) -> dict[str, Any]:
    ran = house.greenroom("drill", backup, "--json")
    assert ran.code == code, ran.err
    (result,) = ran.json["results"]
    return dict(result)


def scratch_databases(url: str) -> list[str]:
    """The databases of the server that are of a drill of this one."""
    engine = "mysql" if url.startswith("mysql") else "postgresql"
    server = open_server(url)
    with server.connect() as connection:
        found = [str(name) for name in connection.execute(text(_DATABASES[engine])).scalars()]
    server.dispose()
    return [name for name in found if name.startswith(f"{make_url(url).database}_greenroom")]


def left_of(house: House) -> list[str]:
    return [
        path.name for path in house.root.rglob("*drill*") if path.name != "drill.lock" and path.suffix != ".partial"
    ]


@pytest.mark.parametrize("engine", SERVERS)
@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_a_good_backup_passes(house: House, make_database: MakeDatabase, engine: str, kind: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url, kind)
    before = state(house, url)
    found = drill(house, backup)
    assert (found["error"], found["drill"]["status"], found["drill"]["notices"]) == (None, "passed", [])
    compared = found["drill"]["compared"]
    assert compared["place"] == ("an SQLite file" if kind == "portable" else "a database beside the site's")
    assert (compared["tables"], compared["records"], compared["files"]) == (3, 4, 2)
    assert (compared["foreign_keys"], compared["inserts"]) == (2, 1)
    assert found["backup"]["drill_status"] == "passed"
    assert state(house, url) == before
    assert scratch_databases(url) == []
    assert left_of(house) == []


def _failed(house: House, url: str, backup: str, *words: str) -> None:
    found = drill(house, backup, code=6)
    assert found["drill"]["status"] == "failed"
    assert [word for word in words if word not in found["drill"]["reason"]] == [], found["drill"]["reason"]
    assert (scratch_databases(url), left_of(house)) == ([], [])


def _unable(house: House, url: str, backup: str, *words: str) -> None:
    found = drill(house, backup, code=1)
    assert found["drill"]["status"] == "unable"
    assert [word for word in words if word not in found["drill"]["reason"]] == [], found["drill"]["reason"]
    assert (scratch_databases(url), left_of(house)) == ([], [])


def _again(house: House) -> str:
    """Make another snapshot; return its id."""
    return str(house.done("backup", "app", "--json").json["backup"]["id"])


def test_a_sequence_that_lags_behind_fails(house: House, make_database: MakeDatabase) -> None:
    """The first insert after a restore would be refused; where it is so in the site too, it is said only."""
    url = make_database("postgresql")
    back_up(house, url, "snapshot")
    run_sql(url, "SELECT setval('films_id_seq', 1, true)")
    backup = _again(house)
    found = drill(house, backup)
    assert found["drill"]["notices"] == [
        "the sequence of id in films is behind: a new row gets a number that is taken, as in the site itself"
    ]
    run_sql(url, "SELECT setval('films_id_seq', 2, true)")
    _failed(house, url, backup, "the sequence of id in films is behind")


def test_a_trial_leaves_sequences_of_the_site_alone(house: House, make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    backup = back_up(house, url, "snapshot")
    drill(house, backup)
    run_sql(url, "INSERT INTO films (title) VALUES ('next')")
    assert max(row["id"] for row in rows(url, "films")) == 3


def test_rows_that_break_a_foreign_key_which_the_server_took_for_checked(
    house: House, make_database: MakeDatabase
) -> None:
    """Such a dump does not restore, and nothing but a drill finds that."""
    url = make_database("postgresql")
    back_up(house, url, "snapshot")
    run_sql(url, "SET session_replication_role = replica;\nINSERT INTO notes (film, body) VALUES (99, 'lost')")
    _failed(house, url, _again(house), "does not restore", "notes_film_fkey")


@pytest.mark.parametrize("engine", SERVERS)
def test_what_the_source_broke_is_said_and_is_no_alarm(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    back_up(house, url, "snapshot")
    if engine == "postgresql":
        run_sql(url, "ALTER TABLE notes DROP CONSTRAINT notes_film_fkey;\nINSERT INTO notes (film) VALUES (99)")
        run_sql(url, "ALTER TABLE notes ADD CONSTRAINT late FOREIGN KEY (film) REFERENCES films (id) NOT VALID")
    else:
        run_sql(url, "SET foreign_key_checks = 0;\nINSERT INTO notes (film, body) VALUES (99, 'lost')")
    (notice,) = drill(house, _again(house))["drill"]["notices"]
    assert "in the source" in notice
    assert "notes" in notice


def test_an_extension_that_is_missing_here_is_no_alarm(house: House, make_database: MakeDatabase) -> None:
    url = make_database("postgresql")
    server = open_server(url)
    with server.connect() as connection:
        query = text("SELECT setting FROM pg_config() WHERE name = 'SHAREDIR'")
        folder = Path(connection.execute(query).scalar_one()) / "extension"
    server.dispose()
    if not os.access(folder, os.W_OK):
        pytest.skip("the server's extensions are not at hand")
    name = f"greenroom_test_{os.getpid()}"
    files = {
        folder / f"{name}.control": "default_version = '1'\n",
        folder / f"{name}--1.sql": "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    }
    try:
        for file, content in files.items():
            file.write_text(content)
        run_sql(url, f"CREATE EXTENSION {name}")
        backup = back_up(house, url, "snapshot")
        assert drill(house, backup)["drill"]["status"] == "passed"
    finally:
        for file in files:
            file.unlink()
    _unable(house, url, backup, "extension", name)
    shown = house.done("list").out
    assert "DRILL FAILED" not in shown
    assert "drilled just now" in shown


def test_a_role_that_may_create_no_database(house: House, make_database: MakeDatabase, make_role: MakeRole) -> None:
    url = make_role(make_database("postgresql"))
    _unable(house, url, back_up(house, url, "snapshot"), "may not create databases", "CREATEDB")
    portable = str(house.done("backup", "app", "--kind", "portable", "--json").json["backup"]["id"])
    assert drill(house, portable)["drill"]["status"] == "passed"


def test_a_role_that_may_create_one_and_owns_little(
    house: House, make_database: MakeDatabase, make_role: MakeRole
) -> None:
    """The database is another role's; the scratch database is the drill's own."""
    url = make_role(make_database("postgresql"), "CREATEDB")
    assert drill(house, back_up(house, url, "snapshot"))["drill"]["status"] == "passed"
    assert scratch_databases(url) == []


def test_rights_that_are_missing_on_mariadb(house: House, make_database: MakeDatabase) -> None:
    admin = make_database("mysql")
    name = make_url(admin).database
    user = f"{name}_user"
    run_sql(admin, f"CREATE USER {user}@localhost;\nGRANT ALL ON {name}.* TO {user}@localhost")
    try:
        url = make_url(admin).set(username=user).render_as_string(hide_password=False)
        backup = back_up(house, url, "snapshot")
        _unable(house, url, backup, "rights are missing", "greenroom\\_drill")
        pattern = f"{name}\\_greenroom\\_%".replace("_test\\_", "\\_test\\_")
        run_sql(admin, f"GRANT ALL ON `{pattern}`.* TO {user}@localhost")
        assert drill(house, backup)["drill"]["status"] == "passed"
    finally:
        run_sql(admin, f"DROP USER {user}@localhost")


@pytest.mark.parametrize("engine", SERVERS)
def test_tools_that_are_missing(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    house.set_site("app", database=json.dumps(url), tools=json.dumps(str(house.root)))
    _unable(house, url, backup, "is not in")


def test_a_site_that_moved_to_another_engine(house: House, make_database: MakeDatabase) -> None:
    backup = back_up(house, make_database("postgresql"), "snapshot")
    url = make_database("mysql")
    house.set_site("app", database=json.dumps(url))
    _unable(house, url, backup, "a snapshot of postgresql", "is on mysql")


def test_events_of_mariadb_do_not_run_in_a_drill(house: House, make_database: MakeDatabase) -> None:
    """They would change rows while these are counted; all that stands behind them in the dump comes back."""
    url = make_database("mysql")
    back_up(house, url, "snapshot")
    run_sql(url, "CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO visits VALUES (CURDATE(), 1)")
    run_sql(url, "CREATE VIEW names AS SELECT title FROM films;\nCREATE PROCEDURE nothing() SELECT 1")
    run_sql(url, "CREATE TRIGGER loud BEFORE INSERT ON notes FOR EACH ROW SIGNAL SQLSTATE '45000'")
    found = drill(house, _again(house))
    assert (found["drill"]["status"], found["drill"]["compared"]["inserts"]) == ("passed", 1)


@pytest.mark.parametrize("engine", SERVERS)
def test_a_dump_that_is_cut_off_fails(house: House, make_database: MakeDatabase, engine: str) -> None:
    """Its hashes agree: it was cut before they were made."""
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    name = house.done("show", backup, "--json").json["backup"]["name"]
    member = {"postgresql": "database.dump", "mysql": "database.sql"}[engine]
    forge(house.archive(name), house.root / "state" / "catalog.db", member, lambda data: data[: -len(data) // 4])
    house.done("verify", backup)
    _failed(house, url, backup)


@pytest.mark.parametrize("engine", SERVERS)
def test_a_database_that_is_dropped_is_no_reason(house: House, make_database: MakeDatabase, engine: str) -> None:
    """Just then one wants to know whether the backup restores."""
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    name = make_url(url).database
    other = make_url(url).set(database="postgres" if engine == "postgresql" else "")
    elsewhere = other.render_as_string(hide_password=False)
    _administer(elsewhere, f"DROP DATABASE {name}")
    try:
        assert drill(house, backup)["drill"]["status"] == "passed"
    finally:
        _administer(elsewhere, f"CREATE DATABASE {name}")
    assert scratch_databases(url) == []


def _administer(url: str, statement: str) -> None:
    server = open_server(url)
    with server.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))
    server.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("engine", SERVERS)
def test_killed_while_it_is_loaded_its_database_goes_with_the_next_verb(
    house: House, make_database: MakeDatabase, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with the scratch database made, then with it loaded; no verb takes what a user made."""
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    before = state(house, url)
    name = make_url(url).database
    _administer(url, f"CREATE DATABASE {name}_greenroom_drill_mine")
    try:
        for step in ("load_into", "try_tables"):
            assert _is_killed(house, backup, engine, step)
            assert len(scratch_databases(url)) == 2, step
            if step == "load_into":
                house.done("pin", backup)
            else:
                assert drill(house, backup)["drill"]["status"] == "passed"
            assert scratch_databases(url) == [f"{name}_greenroom_drill_mine"], step
            assert left_of(house) == []
        assert state(house, url) == before
    finally:
        _administer(url, f"DROP DATABASE {name}_greenroom_drill_mine")


def _is_killed(house: House, backup: str, engine: str, step: str) -> bool:
    """Run a drill in a process of its own that is killed where the step begins."""
    module = import_module(f"core.databases.{engine}.scratch")

    def work(_disk: object) -> None:
        setattr(module, step, lambda *_words: os.kill(os.getpid(), signal.SIGKILL))
        house.greenroom("drill", backup)

    return run_until_killed(work, 0)


def test_a_server_that_is_away_keeps_nobody_from_their_work(house: House, make_database: MakeDatabase) -> None:
    """What a dead drill left stays noted until the server is there again."""
    url = make_database("postgresql")
    backup = back_up(house, url, "snapshot")
    assert _is_killed(house, backup, "postgresql", "try_tables")
    away = make_url(url).update_query_dict({"host": str(house.root)}).render_as_string(hide_password=False)
    (scratch,) = scratch_databases(url)
    house.set_site("app", database=json.dumps(away))
    house.done("pin", backup)
    assert len(left_of(house)) == 1
    ran = house.greenroom("drill", backup, "--json")
    assert ran.code == 1
    assert f"{scratch} of an interrupted drill is left at" in ran.json["results"][0]["drill"]["notices"][0]
    assert scratch_databases(url) == [scratch]
    house.set_site("app", **site_keys(url))
    house.done("unpin", backup)
    assert (scratch_databases(url), left_of(house)) == ([], [])


@pytest.mark.parametrize("engine", SERVERS)
def test_cancelled_while_it_is_loaded(house: House, make_database: MakeDatabase, engine: str) -> None:
    url = make_database(engine)
    backup = back_up(house, url, "snapshot")
    context = house.context()
    token = CancelToken()
    reporter = Reporter(lambda now: token.cancel() if now.phase == "loading the database" else None, token)
    record = context.catalog.resolve(backup, "app")
    with pytest.raises(CancelledError):
        drill_backup(context, context.settings.site("app"), record, reporter)
    assert (scratch_databases(url), left_of(house)) == ([], [])
    assert house.done("show", backup, "--json").json["backup"]["drill_status"] is None
