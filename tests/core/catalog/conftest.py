"""A catalog in a real file, and backups to fill it with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.catalog import BackupRecord, Catalog, Role
from core.filesystem import Filesystem

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Begin = Callable[..., BackupRecord]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "catalog.db"


@pytest.fixture
def catalog(path: Path) -> Catalog:
    catalog = Catalog(f"sqlite:///{path}", Filesystem(), patience=0.2)
    assert catalog.initialise()
    return catalog


@pytest.fixture
def begin(catalog: Catalog) -> Begin:
    def begin(
        name: str, site: str = "app", *, role: Role = "manual", description: str = "", minutes: int = 0
    ) -> BackupRecord:
        return catalog.begin_backup(
            name=name,
            site=site,
            kind="snapshot",
            scope="full",
            role=role,
            description=description,
            created_by="ada",
            created_at=NOON + timedelta(minutes=minutes),
        )

    return begin


@pytest.fixture
def complete(catalog: Catalog, begin: Begin) -> Begin:
    def complete(
        name: str, site: str = "app", *, role: Role = "manual", minutes: int = 0, verified: bool = True
    ) -> BackupRecord:
        record = begin(name, site, role=role, minutes=minutes)
        when = NOON + timedelta(minutes=minutes, seconds=30)
        return catalog.complete_backup(
            record.id,
            manifest_json='{"format": "greenroom"}',
            manifest_sha256="ab" * 32,
            file_size=1000,
            table_count=2,
            record_count=30,
            file_count=4,
            verified_at=when if verified else None,
            completed_at=when,
        )

    return complete
