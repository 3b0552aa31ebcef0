"""Drills of a site in an SQLite file: good backups pass, bad ones fail, and what is missing here is told apart."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.adopt import adopt_archive
from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord, Kind
from core.drill.drill import drill_backup, newest_to_drill
from core.drill.outcome import DrillOutcome
from core.errors import VerificationError
from core.progress import Reporter
from core.verify import verify_backup
from tests.forged import forge
from tests.support import Place, make_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def back_up(place: Place, kind: Kind = "snapshot") -> BackupRecord:
    return create_backup(place.context, place.site, Reporter(), BackupRequest(kind=kind)).record


def drill(place: Place, backup: BackupRecord) -> DrillOutcome:
    return drill_backup(place.context, place.site, backup, Reporter())


def left_of(place: Place) -> list[str]:
    """What a drill could leave behind on the disk."""
    return [path.name for path in place.root.rglob("*drill*") if path.name != "drill.lock"]


@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_a_good_backup_passes(place: Place, kind: Kind) -> None:
    backup = back_up(place, kind)
    before = place.state()
    outcome = drill(place, backup)
    assert (outcome.status, outcome.reason, outcome.error) == ("passed", "", None)
    compared = outcome.compared
    assert (compared.tables, compared.records, compared.files, compared.inserts) == (2, 21, 2, 2)
    assert compared.hashed > 3
    assert compared.checksums == (2 if kind == "portable" else 0)
    row = place.context.catalog.get(backup.id)
    assert row is not None
    assert (row.drill_status, row.drilled_at) == ("passed", outcome.at)
    assert json.loads(row.drill_report or "")["compared"]["records"] == 21
    state = place.context.store.read_state("app", backup.name)
    assert state is not None
    assert state.drilled_at == outcome.at
    assert place.state() == before
    assert left_of(place) == []


def _forged(place: Place, backup: BackupRecord, member: str, change: Callable[[bytes], bytes]) -> BackupRecord:
    archive = place.context.store.archive_path("app", backup.name)
    forge(archive, place.root / "state" / "catalog.db", member, change)
    found = place.context.catalog.get(backup.id)
    assert found is not None
    assert verify_backup(place.context, place.site, found, Reporter()).verified_at, "every hash agrees"
    return found


def _failed(place: Place, backup: BackupRecord, *words: str) -> DrillOutcome:
    before = place.state()
    outcome = drill(place, backup)
    assert (outcome.status, [word for word in words if word not in outcome.reason]) == ("failed", []), outcome.reason
    assert isinstance(outcome.error, VerificationError)
    assert (outcome.backup.drill_status, outcome.backup.drilled_at) == ("failed", None)
    assert place.state() == before
    assert left_of(place) == []
    return outcome


def test_bytes_that_changed_fail(place: Place) -> None:
    backup = back_up(place)
    drill(place, backup)
    archive = place.context.store.archive_path("app", backup.name)
    data = bytearray(archive.read_bytes())
    data[len(data) // 3] ^= 0xFF
    archive.write_bytes(data)
    outcome = _failed(place, backup)
    assert outcome.backup.verified_at is None
    assert outcome.backup.error == outcome.reason


def test_an_archive_that_is_gone_fails(place: Place) -> None:
    backup = back_up(place)
    place.context.store.archive_path("app", backup.name).unlink()
    _failed(place, backup, "is gone")


def test_a_database_that_is_damaged_inside_fails(place: Place) -> None:
    place.execute("CREATE TABLE many (a TEXT)", *["INSERT INTO many VALUES (hex(randomblob(400)))"] * 40)
    backup = back_up(place)

    def damage(data: bytes) -> bytes:
        return data[:-8000] + b"\x05" * 4000 + data[-4000:]

    _failed(place, _forged(place, backup, "database.db", damage), "damaged")


def test_rows_that_are_fewer_than_said_fail(place: Place) -> None:
    backup = _forged(
        place, back_up(place, "portable"), "tables/films.json", lambda data: data.replace(b',\n{"id":7', b"")
    )
    _failed(place, backup, "films")


def test_rows_that_name_no_parent_fail(place: Place) -> None:
    place.execute("CREATE TABLE scenes (id INTEGER PRIMARY KEY, film INTEGER REFERENCES films (id))")
    place.execute("INSERT INTO scenes VALUES (1, 7)")
    backup = _forged(
        place, back_up(place, "portable"), "tables/scenes.json", lambda data: data.replace(b'"film":7', b'"film":70')
    )
    _failed(place, backup, "scenes", "names a row that films does not have")


@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_what_the_source_broke_is_said_and_is_no_alarm(place: Place, kind: Kind) -> None:
    place.execute("CREATE TABLE scenes (id INTEGER PRIMARY KEY, film INTEGER REFERENCES films (id))")
    place.execute("INSERT INTO scenes VALUES (1, 7), (2, 99)")
    outcome = drill(place, back_up(place, kind))
    assert outcome.status == "passed"
    assert outcome.notices == ("1 row of scenes broke the foreign key to films in the source already",)


@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_a_table_that_rolls_all_back_keeps_no_other_from_its_trial(place: Place, kind: Kind) -> None:
    place.execute(
        "CREATE TABLE aaa (id INTEGER PRIMARY KEY, v TEXT UNIQUE ON CONFLICT ROLLBACK)",
        "INSERT INTO aaa VALUES (1, 'x')",
        "CREATE TABLE zzz (id INTEGER PRIMARY KEY, a INTEGER REFERENCES aaa (id))",
        "INSERT INTO zzz VALUES (1, 1)",
        "CREATE TRIGGER unknown AFTER INSERT ON zzz BEGIN SELECT only_the_application_has_this(); END",
    )
    outcome = drill(place, back_up(place, kind))
    assert (outcome.status, outcome.compared.inserts) == ("passed", 3), outcome.reason


@pytest.mark.parametrize("kind", ["snapshot", "portable"])
def test_numbers_that_are_at_their_end_are_said_and_are_no_alarm(place: Place, kind: Kind) -> None:
    place.execute(
        "CREATE TABLE aaa (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)",
        "INSERT INTO aaa VALUES (9223372036854775807, 'x')",
    )
    outcome = drill(place, back_up(place, kind))
    assert (outcome.status, outcome.compared.inserts) == ("passed", 2), outcome.reason
    assert outcome.notices == ("aaa has no numbers left, in the source neither: 9223372036854775807 is taken",)


def test_a_failed_drill_is_forgotten_after_one_that_passes(place: Place) -> None:
    backup = back_up(place)
    archive = place.context.store.archive_path("app", backup.name)
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-100])
    assert drill(place, backup).status == "failed"
    archive.write_bytes(whole)
    again = drill(place, backup)
    assert (again.backup.drill_status, again.backup.drilled_at) == ("passed", again.at)
    assert (again.backup.verified_at, again.backup.error) == (again.at, None), "all its hashes were compared, too"


def test_a_part_of_the_tables_is_drilled(place: Place) -> None:
    place.execute("CREATE TABLE scenes (id INTEGER PRIMARY KEY, film INTEGER REFERENCES films (id))")
    place.execute("INSERT INTO scenes VALUES (1, 7)")
    request = BackupRequest(kind="portable", tables=("scenes",))
    outcome = drill(place, create_backup(place.context, place.site, Reporter(), request).record)
    assert (outcome.status, outcome.compared.tables) == ("passed", 1), outcome.reason


def test_an_archive_from_elsewhere(place: Place, tmp_path: Path) -> None:
    """A bare one carries no hashes: what can be tried is tried."""
    bare = tmp_path / "fastcms.zip"
    place.execute("PRAGMA journal_mode = DELETE")
    with zipfile.ZipFile(bare, "w") as archive:
        archive.write(place.database, "database.db")
        archive.writestr("files/a.txt", "first")
    adopted = adopt_archive(place.context, place.site, bare, Reporter()).record
    outcome = drill(place, adopted)
    assert (outcome.status, outcome.compared.hashed, outcome.compared.files) == ("passed", 0, 1), outcome.reason
    assert outcome.notices == ("a foreign archive carries no hashes: it could be read, not compared",)


def test_records_of_a_django_project_have_no_scratch_place(place: Place, tmp_path: Path) -> None:
    export = tmp_path / "export.zip"
    metadata = {"version": "1.0", "database_engine": "sqlite", "timestamp": "2026-01-01T00:00:00+00:00"}
    with zipfile.ZipFile(export, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
    adopted = adopt_archive(place.context, place.site, export, Reporter()).record
    outcome = drill(place, adopted)
    assert (outcome.status, "only into a site" in outcome.reason) == ("unable", True)
    assert newest_to_drill(place.context, place.site) is None
    chosen = back_up(place)
    assert newest_to_drill(place.context, place.site) == chosen
