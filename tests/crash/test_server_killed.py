"""A restore on a server, killed at every step: one step of the server decides, and the server itself tells of it."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from core.backup import BackupRequest, create_backup
from core.catalog import Kind
from core.config import Settings, Site
from core.context import open_context
from core.databases.mysql import fresh, target
from core.databases.postgresql import swap
from core.filesystem import Filesystem
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.marker import MARKER, read_marker
from core.restore.stage import stage_restore
from core.restore.undo import undo_restore
from tests.crash.tables import outcomes_by_phase
from tests.crash.test_killed import rename_in_journal
from tests.engines.conftest import MakeDatabase, MakeRole, make_database, make_role, run_sql, server_of
from tests.engines.servers import postgresql_tools
from tests.engines.test_restore_into import rows, tables_of
from tests.support import Place, SteppingClock, run_until_killed, tree_state

__all__ = ["make_database", "make_role", "server_of"]

_MOST_STEPS = 400
_CHANGED = """
    DELETE FROM notes;
    DELETE FROM films;
    INSERT INTO films VALUES (1, 'changed'), (9, 'since');
    INSERT INTO notes VALUES (5, 9)
"""
_EMPTIED = "DROP TABLE IF EXISTS notes;\nDROP TABLE IF EXISTS films"


def _open(root: Path, url: str, disk: Filesystem | None = None) -> Place:
    tools = postgresql_tools() if url.startswith("postgresql") else None
    site = Site(name="app", database=url, files={"": root / "srv" / "uploads"}, tools=tools, folder=root)
    settings = Settings(
        source=root / "greenroom.toml", state=root / "state", storage=root / "backups", sites={"app": site}
    )
    return Place(root, open_context(settings, disk=disk, clock=SteppingClock()), site)


def _make(root: Path, url: str) -> Place:
    (root / "srv" / "uploads" / "sub").mkdir(parents=True)
    (root / "srv" / "uploads" / "a.txt").write_text("first\n")
    (root / "srv" / "uploads" / "sub" / "b.txt").write_text("second\n")
    run_sql(
        url,
        """
        CREATE TABLE films (id INT PRIMARY KEY, title VARCHAR(40));
        CREATE TABLE notes (id INT PRIMARY KEY, film INT, FOREIGN KEY (film) REFERENCES films (id));
        INSERT INTO films VALUES (1, 'one'), (2, 'two');
        INSERT INTO notes VALUES (1, 2)
        """,
    )
    for folder in ("state", "backups"):
        (root / folder).mkdir(mode=0o700)
    place = _open(root, url)
    place.context.catalog.initialise()
    return place


def _state(place: Place) -> Any:
    url = place.site.database
    return {table: rows(url, table) for table in tables_of(url)}, tree_state(place.uploads)


def _apply(place: Place) -> Any:
    return apply_restore(place.context, place.site, Reporter())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "kind", "changed"),
    [
        ("postgresql", "portable", _CHANGED),
        ("mysql", "portable", _EMPTIED),
        pytest.param("mysql", "snapshot", _CHANGED, marks=pytest.mark.long),
        pytest.param("in place", "snapshot", _CHANGED, marks=pytest.mark.long),
        pytest.param("mysql", "portable", _CHANGED, marks=pytest.mark.long),
        pytest.param("postgresql", "portable", _EMPTIED, marks=pytest.mark.long),
        pytest.param("postgresql", "snapshot", _CHANGED, marks=pytest.mark.long),
    ],
)
def test_apply_on_a_server_killed_at_every_step(
    make_database: MakeDatabase, make_role: MakeRole, tmp_path: Path, engine: str, kind: Kind, changed: str
) -> None:
    url = make_role(make_database("postgresql")) if engine == "in place" else make_database(engine)
    template = tmp_path / "template"
    place = _make(template, url)
    new = _state(place)
    backup = create_backup(place.context, place.site, Reporter(), BackupRequest(kind=kind)).record
    run_sql(url, changed)
    (place.uploads / "a.txt").write_text("changed\n")
    old = _state(place)
    stage_restore(place.context, place.site, backup, Reporter())
    place.context.catalog.close()
    said = outcomes_by_phase("Apply on a server")
    met = set()
    for at in range(1, _MOST_STEPS):
        run_sql(url, changed)
        root = tmp_path / f"kill_{at}"
        shutil.copytree(template, root, symlinks=True)
        rename_in_journal(root, template)
        reached = run_until_killed(lambda disk, root=root: _apply(_open(root, url, disk)), at)
        place = _open(root, url)
        marker = read_marker(place.context.site_folder(place.site) / MARKER)
        outcome = _apply(place)
        if marker is not None:
            met.add(str(marker.phase))
            assert said[marker.phase] == {outcome.state}, at
        assert _state(place) == new, at
        assert _apply(place) is None
        assert [row.status for row in place.context.catalog.restores("app")] == ["completed"]
        assert not [path for path in (root / "srv").iterdir() if path.name.startswith(".greenroom-")], at
        if not reached:
            undo_restore(place.context, place.site, Reporter())
            assert _state(place) == old
            break
        place.context.catalog.close()
        shutil.rmtree(root)
    assert met == set(said)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["write_note", "remove_note"])
def test_killed_while_tables_are_made_where_each_is_committed(
    make_database: MakeDatabase, tmp_path: Path, step: str
) -> None:
    """After the tables were announced, and before they are said to be whole: there the rows are committed already."""
    url = make_database("mysql")
    place = _make(tmp_path / "site", url)
    new = _state(place)
    backup = create_backup(place.context, place.site, Reporter(), BackupRequest(kind="portable")).record
    run_sql(url, _EMPTIED)
    stage_restore(place.context, place.site, backup, Reporter())

    def killed(disk: Filesystem) -> None:
        done = getattr(fresh, step)

        def kill(*words: Any) -> None:
            if step == "write_note":
                done(*words)
                run_sql(url, "CREATE TABLE films (a INT)")
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(target, step, kill)
        _apply(_open(place.root, url, disk))

    place.context.catalog.close()
    assert run_until_killed(killed, _MOST_STEPS)
    assert "greenroom_making" in tables_of(url)
    assert _apply(place).state == "new"
    assert _state(place) == new
    assert _apply(place) is None
    undo_restore(place.context, place.site, Reporter())
    assert tables_of(url) == []


@pytest.mark.slow
@pytest.mark.parametrize("renamed", [0, 1])
def test_killed_between_the_renames_of_postgresql(make_database: MakeDatabase, tmp_path: Path, renamed: int) -> None:
    """Before the first the database refuses connections, before the second it has no name."""
    url = make_database("postgresql")
    place = _make(tmp_path / "site", url)
    new = _state(place)
    backup = create_backup(place.context, place.site, Reporter()).record
    run_sql(url, _CHANGED)
    stage_restore(place.context, place.site, backup, Reporter())

    def killed_at_a_rename(disk: Filesystem) -> None:
        run, left = swap.run, [renamed]

        def count(connection: Connection, statement: str) -> None:
            if " RENAME TO " in statement:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
            run(connection, statement)

        swap.run = count
        _apply(_open(place.root, url, disk))

    place.context.catalog.close()
    assert run_until_killed(killed_at_a_rename, _MOST_STEPS)
    assert _apply(place).state == "new"
    assert _state(place) == new
    assert _apply(place) is None
