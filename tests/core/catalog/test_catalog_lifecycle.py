"""Is there a catalog, of which version, and what is said where it cannot be used."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.catalog import (
    HEAD,
    BackupRecord,
    Catalog,
    CatalogNotReadyError,
    CatalogState,
    CatalogStatus,
    DamagedCatalogError,
)
from core.catalog.faults import faults_named
from core.catalog.versions import judge, require_current
from core.errors import BusyError, ConfigError, ExitCode, GreenroomError
from core.filesystem import Filesystem

NOW = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)


Begin = Callable[..., BackupRecord]


def _catalog(path: Path) -> Catalog:
    return Catalog(f"sqlite:///{path}", Filesystem(), patience=0.2)


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def _set_revision(path: Path, revision: str) -> None:
    _execute(path, f"UPDATE alembic_version SET version_num = '{revision}'")


def test_looking_creates_nothing(path: Path) -> None:
    catalog = _catalog(path)
    assert catalog.state() == CatalogState(CatalogStatus.MISSING, None)
    assert not catalog.exists()
    with pytest.raises(CatalogNotReadyError):
        catalog.backups()
    assert not path.parent.exists()


def test_before_init_every_verb_gets_the_answer_that_says_what_to_do(path: Path) -> None:
    with pytest.raises(CatalogNotReadyError) as caught:
        _catalog(path).require_ready()
    assert caught.value.exit_code is ExitCode.NOT_INITIALISED
    assert caught.value.message == "Backup system not initialized"
    assert caught.value.hint == "Run `greenroom init` first"
    assert caught.value.answer() == {
        "error": "Backup system not initialized",
        "message": "Run `greenroom init` first",
        "action_required": "greenroom init",
    }


def test_init_makes_a_private_durable_catalog_once(path: Path) -> None:
    catalog = _catalog(path)
    assert catalog.initialise()
    assert not catalog.initialise()
    assert not _catalog(path).initialise()
    assert catalog.state() == CatalogState(CatalogStatus.CURRENT, HEAD)
    assert catalog.exists()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_every_connection_is_durable_and_holds_foreign_keys(catalog: Catalog) -> None:
    with catalog.reading() as session:
        connection = session.connection()
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 200}


def test_side_files_are_as_private_as_the_catalog(catalog: Catalog, path: Path) -> None:
    with catalog.writing() as session:
        session.connection()
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
    assert modes == {"catalog.db": 0o600, "catalog.db-wal": 0o600, "catalog.db-shm": 0o600}


def test_a_catalog_of_a_newer_version_is_refused_and_left_alone(catalog: Catalog, path: Path) -> None:
    _set_revision(path, "9999")
    later = _catalog(path)
    assert later.state() == CatalogState(CatalogStatus.NEWER, "9999")
    for attempt in (later.require_ready, later.initialise, later.backups, lambda: later.set_aside(NOW)):
        with pytest.raises(
            CatalogNotReadyError, match="has version 9999, which this greenroom does not know"
        ) as caught:
            attempt()
        assert caught.value.exit_code is ExitCode.NOT_INITIALISED
        assert caught.value.answer()["action_required"] == "upgrade greenroom"
    assert later.state().revision == "9999"


def test_an_older_version_asks_for_init() -> None:
    state = judge("0001", known=("0001", "0002"))
    assert state == CatalogState(CatalogStatus.OLDER, "0001")
    with pytest.raises(CatalogNotReadyError, match="has version 0001") as caught:
        require_current(state, "/var/lib/greenroom/catalog.db")
    assert caught.value.action_required == "greenroom init"


def test_an_empty_file_is_no_catalog_yet(path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o600)
    assert not _catalog(path).exists()
    assert _catalog(path).initialise()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_garbage_is_named_and_put_aside(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    path.with_name("catalog.db-wal").write_bytes(b"old log")
    catalog = _catalog(path)
    for attempt in (catalog.state, catalog.initialise, catalog.backups):
        with pytest.raises(DamagedCatalogError) as caught:
            attempt()
        assert str(path) in caught.value.message
        assert "greenroom catalog rebuild" in caught.value.hint
    kept = catalog.set_aside(NOW)
    assert kept == path.with_name("catalog.db.damaged-20260301T120000000005Z")
    assert kept.read_bytes() == content
    assert not {"catalog.db", "catalog.db-wal", "catalog.db-shm"} & {entry.name for entry in path.parent.iterdir()}
    assert catalog.initialise()
    assert list(catalog.backups()) == []


def test_side_files_of_a_catalog_put_aside_go_with_it(catalog: Catalog, path: Path, begin: Begin) -> None:
    with catalog.reading() as session:
        session.connection().exec_driver_sql("SELECT * FROM system_backups")
        begin("one")
        kept = catalog.set_aside(NOW)
    assert kept is not None
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith("catalog.db-")] == []
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT backup_name FROM system_backups").fetchall() == [("one",)]
    assert catalog.initialise()
    assert list(catalog.backups()) == []


def test_a_page_overwritten_in_the_middle_is_damage(catalog: Catalog, path: Path) -> None:
    assert list(catalog.backups()) == []
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(DamagedCatalogError):
        catalog.backups()


def test_a_lost_table_is_damage(catalog: Catalog, path: Path) -> None:
    _execute(path, "DROP TABLE system_backups")
    with pytest.raises(DamagedCatalogError, match="no such table"):
        catalog.count_backups()


def test_a_value_that_cannot_be_is_damage(catalog: Catalog, path: Path, begin: Begin) -> None:
    begin("one")
    _execute(path, "UPDATE system_backups SET created_at = 'yesterday'")
    with pytest.raises(DamagedCatalogError, match="holds a value"):
        catalog.backups()


def test_a_second_writer_gives_up_after_a_while_and_readers_go_on(catalog: Catalog, path: Path, begin: Begin) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="locked by another process"):
            begin("one")
        assert list(catalog.backups()) == []
    begin("one")


def test_a_locked_catalog_is_busy_and_not_taken_for_damaged(catalog: Catalog, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        for attempt in (catalog.state, catalog.backups, lambda: catalog.set_aside(NOW)):
            with pytest.raises(BusyError, match="locked by another process"):
                attempt()
    assert path.exists()


def test_a_full_disk_is_said_and_changes_nothing(
    catalog: Catalog, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = original(*args, **kwargs)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect)
        with pytest.raises(GreenroomError, match="no space is left on the disk of the catalog"):
            begin("one", description="x" * 100_000)
    assert list(catalog.backups()) == []


def test_an_error_of_a_disk_that_has_room_is_not_taken_for_a_full_one(path: Path) -> None:
    broken = sqlite3.OperationalError("disk I/O error")
    broken.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    for place in (path, path.with_name("missing") / "catalog.db"):
        with pytest.raises(GreenroomError, match="cannot be used: disk I/O error") as told, faults_named(str(place)):
            raise broken
        assert told.value.hint == "look at the disk that it is on"


def test_a_row_that_another_wrote_first_is_refused(catalog: Catalog, begin: Begin) -> None:
    first, second = begin("one"), begin("two")
    with pytest.raises(GreenroomError, match="refused a row: UNIQUE constraint failed"), catalog.writing() as session:
        session.connection().exec_driver_sql("UPDATE system_backups SET backup_name = 'same'")
    assert set(catalog.backups()) == {first, second}


def test_the_log_of_a_catalog_that_is_gone_is_not_replayed(path: Path, catalog: Catalog, begin: Begin) -> None:
    with catalog.reading() as session:
        session.connection().exec_driver_sql("SELECT * FROM system_backups")
        begin("one")
        log = path.with_name("catalog.db-wal").read_bytes()
    assert len(log) > 4096
    path.unlink()
    path.with_name("catalog.db-wal").write_bytes(log)
    later = Catalog(path, Filesystem())
    assert later.initialise()
    assert list(later.backups()) == []


def test_a_folder_in_the_place_of_the_file(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(GreenroomError, match="cannot be opened"):
        _catalog(path).state()


def test_a_file_in_the_place_of_the_folder(path: Path) -> None:
    path.parent.write_text("in the way")
    with pytest.raises(GreenroomError, match="cannot be reached") as caught:
        _catalog(path).initialise()
    assert caught.value.hint


def test_the_database_of_another_application_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    _execute(path, "CREATE TABLE films (title TEXT)")
    catalog = _catalog(path)
    assert not catalog.exists()
    for attempt in (catalog.initialise, lambda: catalog.set_aside(NOW)):
        with pytest.raises(GreenroomError, match="is not greenroom's: it already has the tables films"):
            attempt()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("films",)]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_nothing_is_put_aside_where_nothing_is(path: Path) -> None:
    assert _catalog(path).set_aside(NOW) is None


@pytest.mark.parametrize(
    "address", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true", "sqlite:////srv/what?/x.db"]
)
def test_a_catalog_that_is_no_plain_file_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="written as its plain path"):
        Catalog(address, Filesystem())


@pytest.mark.parametrize("address", ["", "catalog.db", "postgresql://ada:hunter2@host:port/x", "://"])
def test_an_address_that_is_none_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Catalog(address, Filesystem())
    assert "hunter2" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("address", "place", "problem"),
    [
        ("mysql+nosuchdriver://ada:hunter2@db/green", "mysql://db/green", "cannot be reached"),
        ("oracle+oracledb://ada:hunter2@db/green?password=hunter2", "oracle://db/green", "not installed: oracledb"),
    ],
)
def test_a_missing_driver_is_named_and_no_password(address: str, place: str, problem: str) -> None:
    catalog = Catalog(address, Filesystem())
    assert catalog.place == place
    with pytest.raises(ConfigError, match=problem) as caught:
        catalog.state()
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_path_with_odd_letters_is_opened_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "100% ö?#&" / "cata log.db"
    assert Catalog(path, Filesystem()).initialise()
    assert path.is_file()


def test_reading_imports_no_alembic(catalog: Catalog, path: Path) -> None:
    code = (
        "import sys\n"
        "from core.catalog import Catalog\n"
        "from core.filesystem import Filesystem\n"
        "assert list(Catalog(sys.argv[1], Filesystem()).backups()) == []\n"
        "assert 'alembic' not in sys.modules and 'textual' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{path}"], check=True, cwd=Path(__file__).parents[3])


def _initialise(path: Path) -> bool:
    return _catalog(path).initialise()


def test_of_several_first_runs_at_once_exactly_one_creates_the_catalog(path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        made = pool.map(_initialise, [path] * 4)
    assert sorted(made) == [False, False, False, True]
