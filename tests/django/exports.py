"""Exports made by hand, sound or broken, and a small database with the tables that they go into."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

METADATA: dict[str, Any] = {
    "version": "1.0",
    "timestamp": "2026-03-30T12:00:00+02:00",
    "database_engine": "django.db.backends.postgresql",
    "babybuddy_version": "2.7.1",
}
TABLES = """
CREATE TABLE django_content_type (
    id INTEGER PRIMARY KEY AUTOINCREMENT, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL,
    UNIQUE (app_label, model)
);
CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL);
CREATE TABLE django_admin_log (id INTEGER PRIMARY KEY AUTOINCREMENT, message text NOT NULL);
CREATE TABLE django_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(255) NOT NULL);
CREATE TABLE core_child (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(40) NOT NULL UNIQUE, short varchar(40) UNIQUE,
    mother_id bigint REFERENCES core_child (id), weight decimal
);
CREATE TABLE core_room (id INTEGER PRIMARY KEY AUTOINCREMENT, floor INTEGER, name varchar(40), UNIQUE (floor, name));
CREATE TABLE core_feeding (
    id INTEGER PRIMARY KEY AUTOINCREMENT, child_id bigint NOT NULL REFERENCES core_child (id),
    room_id bigint REFERENCES core_room (id), start datetime NOT NULL, plain INTEGER
);
CREATE TABLE core_child_rooms (
    id INTEGER PRIMARY KEY AUTOINCREMENT, child_id bigint NOT NULL REFERENCES core_child (id),
    room_id bigint NOT NULL REFERENCES core_room (id), UNIQUE (child_id, room_id)
);
CREATE TABLE core_note (id INTEGER PRIMARY KEY AUTOINCREMENT, text text NOT NULL);
CREATE TABLE core_note_readers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, note_id bigint NOT NULL REFERENCES core_note (id),
    child_id bigint NOT NULL REFERENCES core_child (id)
);
CREATE TABLE core_extra_toy (id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar(40));
CREATE TABLE core_pair (one INTEGER, two INTEGER, PRIMARY KEY (one, two));
INSERT INTO django_content_type (app_label, model) VALUES
    ('core', 'child'), ('core', 'room'), ('core', 'feeding'), ('core', 'note'), ('core', 'scale'),
    ('core_extra', 'toy');
INSERT INTO django_session VALUES ('s', 'data');
INSERT INTO django_admin_log (message) VALUES ('logged');
INSERT INTO django_migrations (name) VALUES ('0001');
INSERT INTO core_child (id, name) VALUES (1, 'Old'), (7, 'Staying');
INSERT INTO core_room (id, floor, name) VALUES (5, 1, 'attic');
INSERT INTO core_child_rooms (id, child_id, room_id) VALUES (40, 7, 5);
INSERT INTO core_note (id, text) VALUES (1, 'since');
INSERT INTO core_note_readers (note_id, child_id) VALUES (1, 7);
INSERT INTO core_extra_toy (name) VALUES ('of another app');
"""


def child(pk: object = 1, name: str = "Eve", **fields: object) -> dict[str, Any]:
    return {"model": "core.child", "pk": pk, "fields": {"name": name, "mother": None, "weight": "3.50", **fields}}


def room(pk: int = 1, floor: int = 2, name: str = "blue") -> dict[str, Any]:
    return {"model": "core.room", "pk": pk, "fields": {"floor": floor, "name": name}}


def feeding(pk: int = 1, child: object = 1, room: object = None, **fields: object) -> dict[str, Any]:
    told = {"child": child, "room": room, "start": "2026-03-29T01:30:00.120Z", "plain": 1, **fields}
    return {"model": "core.feeding", "pk": pk, "fields": told}


def members(records: Sequence[Mapping[str, Any]], **said: object) -> dict[str, bytes]:
    """Return the members of an export by their names; `said` are more of its metadata."""
    models: dict[str, list[Mapping[str, Any]]] = {}
    for one in records:
        models.setdefault(str(one["model"]), []).append(one)
    counted = {"models_count": len(models), "total_records": len(records)}
    found = {"metadata.json": json.dumps({**METADATA, **counted, **said}).encode()}
    for label, some in models.items():
        found[f"{label.replace('.', '/')}.json"] = json.dumps(some, indent=2).encode()
    return found


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_export(path: Path, *records: Mapping[str, Any], **said: object) -> Path:
    return write_zip(path, members(records, **said))


def make_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)


def rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
