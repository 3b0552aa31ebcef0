"""Drills of a site in an SQLite file: good backups pass, bad ones fail, and what is missing here is told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord, Kind
from core.drill.drill import drill_backup
from core.drill.outcome import DrillOutcome
from core.progress import Reporter
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
    assert (compared.tables, compared.records, compared.files, compared.inserts) == (2, 21, 3, 2)
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
