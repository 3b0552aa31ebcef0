"""The migrations build what the models say, on every engine, and a crash in the middle leaves nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, create_mock_engine, inspect, make_url
from sqlalchemy.schema import ExecutableDDLElement

from core.catalog import HEAD, Catalog, CatalogNotReadyError
from core.catalog.migrate import downgrade, environment, upgrade
from core.catalog.migrations.versions import v0001_catalog, v0002_schedules
from core.catalog.models import Base
from core.catalog.versions import REVISIONS
from core.filesystem import Committable, Filesystem


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).connect() as connection:
        yield connection


def test_the_known_versions_are_those_of_the_migrations() -> None:
    walked = ScriptDirectory.from_config(environment()).walk_revisions()
    assert tuple(reversed([script.revision for script in walked])) == REVISIONS
    assert REVISIONS[-1] == HEAD


def test_the_migrations_build_what_the_models_say(catalog: Catalog, path: Path) -> None:
    with _connected(path) as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mysql", "mariadb"])
def test_both_give_an_engine_the_same_statements(engine: str) -> None:
    assert _statements(_migrated(engine)) == _statements(_created(engine))


def test_down_and_up_again(catalog: Catalog, path: Path) -> None:
    with _connected(path) as connection:
        downgrade(connection, "base")
        connection.commit()
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert not catalog.exists()
        upgrade(connection)
        connection.commit()
        assert set(Base.metadata.tables) < set(inspect(connection).get_table_names())
    assert not catalog.initialise()


def test_init_builds_again_what_was_taken_down(catalog: Catalog, path: Path) -> None:
    with _connected(path) as connection:
        downgrade(connection, "base")
        connection.commit()
    assert catalog.initialise()
    assert list(catalog.backups()) == []


def test_an_older_catalog_keeps_its_backups(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    with _connected(path) as connection:
        upgrade(connection, "0001")
        connection.exec_driver_sql(
            "INSERT INTO system_backups (backup_name, site, backup_type, kind, role, status, origin, description,"
            " created_by, created_at, pinned, is_foreign) VALUES ('backup_1', 'app', 'full', 'snapshot', 'manual',"
            " 'completed', 'made', '', 'me', '2026-01-01 00:00:00.000000', 1, 0)"
        )
        connection.commit()
    catalog = Catalog(f"sqlite:///{path}", Filesystem())
    with pytest.raises(CatalogNotReadyError, match="has version 0001"):
        catalog.require_ready()
    assert catalog.initialise()
    kept = catalog.find("app", "backup_1")
    assert kept is not None
    assert (kept.pinned, kept.scheduled_for, kept.drill_status) == (True, None, None)
    assert list(catalog.schedules()) == []


class _Crash(BaseException):
    """Stands for the end of the process: nothing catches it."""


class _CrashingDisk(Filesystem):
    def commit(self, transaction: Committable) -> None:
        raise _Crash


def test_a_crash_before_the_commit_leaves_no_table(path: Path) -> None:
    with pytest.raises(_Crash):
        Catalog(f"sqlite:///{path}", _CrashingDisk()).initialise()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    assert Catalog(f"sqlite:///{path}", Filesystem()).initialise()


def _migrated(engine: str) -> str:
    text = StringIO()
    context = MigrationContext.configure(dialect_name=engine, opts={"as_sql": True, "output_buffer": text})
    with Operations.context(context):
        for version in (v0001_catalog, v0002_schedules):
            version.upgrade()
    return text.getvalue()


def _created(engine: str) -> str:
    parts: list[str] = []
    dialect = make_url(f"{engine}://").get_dialect()()

    def keep(statement: ExecutableDDLElement, *_: object, **__: object) -> None:
        parts.append(str(statement.compile(dialect=dialect)))

    Base.metadata.create_all(create_mock_engine(f"{engine}://", keep), checkfirst=False)
    return ";".join(parts)


def _statements(text: str) -> list[list[str]]:
    """Return the statements, each as its sorted lines: the order of columns and tables means nothing.

    A table that is dropped never was, and a column that is added was there from the beginning.
    """
    made: dict[str, list[str]] = {}
    for one in text.split(";"):
        lines = [kept for line in one.splitlines() if (kept := re.sub(r"\s+", " ", line).strip(" ,"))]
        if not lines:
            continue
        if dropped := re.fullmatch(r"DROP TABLE (\w+)", lines[0]):
            del made[f"CREATE TABLE {dropped[1]} ("]
        elif added := re.fullmatch(r"ALTER TABLE (\w+) ADD COLUMN (.+)", lines[0]):
            made[f"CREATE TABLE {added[1]} ("].append(added[2])
        else:
            made[lines[0]] = lines
    return sorted(sorted(lines) for lines in made.values())
