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

from core.catalog import HEAD, Catalog
from core.catalog.migrate import downgrade, environment, upgrade
from core.catalog.migrations.versions import v0001_catalog
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
        v0001_catalog.upgrade()
    return text.getvalue()


def _created(engine: str) -> str:
    parts: list[str] = []
    dialect = make_url(f"{engine}://").get_dialect()()

    def keep(statement: ExecutableDDLElement, *_: object, **__: object) -> None:
        parts.append(str(statement.compile(dialect=dialect)))

    Base.metadata.create_all(create_mock_engine(f"{engine}://", keep), checkfirst=False)
    return ";".join(parts)


def _statements(text: str) -> list[list[str]]:
    """Return the statements, each as its sorted lines: the order of columns and tables means nothing."""
    lines = ([re.sub(r"\s+", " ", line).strip(" ,") for line in one.splitlines()] for one in text.split(";"))
    return sorted(kept for one in lines if (kept := sorted(filter(None, one))))
