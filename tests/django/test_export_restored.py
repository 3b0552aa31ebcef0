"""What a restore of an export does to the tables of a site, and what it leaves alone, on a small SQLite database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import House
from tests.django.exports import child, feeding, make_tables, members, room, rows, write_export, write_zip

NEVER = ("django_content_type", "django_session", "django_admin_log", "django_migrations")


def execute(house: House, statement: str) -> None:
    with closing(sqlite3.connect(house.root / "app.db", isolation_level=None)) as connection:
        connection.execute(statement)


class Nursery(House):
    """A house with one site, whose database has Django's tables and some rows."""

    def all_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        names = [name for (name,) in rows(self.path, "(SELECT name FROM sqlite_schema WHERE type = 'table')")]
        return {name: rows(self.path, name) for name in names if name != "sqlite_sequence"}

    @property
    def path(self) -> Path:
        return self.root / "app.db"

    def adopt(self, *records: dict[str, Any], **said: object) -> str:
        file = write_export(self.root / "given.zip", *records, **said)
        return str(self.done("adopt", str(file), "--json").json["backup"]["name"])

    def preview(self, backup: str, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = self.done("restore", backup, "--dry-run", "--json", *words).json["preview"]
        return found

    def refused(self, backup: str, *words: str) -> list[str]:
        """A restore is not possible: its blockers are returned, and nothing has changed."""
        before = self.all_rows()
        found: list[str] = self.preview(backup, *words)["blockers"]
        ran = self.greenroom("restore", backup, "--now", "--yes", *words)
        assert ran.code == 1, ran.out
        assert self.all_rows() == before
        return found


@pytest.fixture
def house(tmp_path: Path) -> Nursery:
    (tmp_path / "house").mkdir()
    house = Nursery(tmp_path / "house")
    make_tables(house.path)
    house.set_site("app", database='"sqlite:///app.db"', files="[]")
    house.done("init")
    return house


def test_cleared_are_also_tables_that_were_empty_and_no_others(house: Nursery) -> None:
    backup = house.adopt(child(), room(), feeding(room=1), models_count=9)
    before = house.all_rows()
    preview = house.preview(backup)
    assert (preview["mode"], preview["blockers"], preview["losses"]) == ("clear", [], [])
    told = {one["name"]: (one["now"], one["backup"]) for one in preview["tables"]}
    assert told["core_note"] == (1, 0)
    assert told["core_note_readers"] == (1, 0)
    assert told["core_extra_toy"] == (1, 1)
    assert "table core_note: 1 row" in preview["lost"]
    assert (
        "cleared too, for they are of the same apps and the backup has no rows of them:"
        " core_child_rooms, core_note, core_note_readers"
    ) in preview["notices"]
    assert house.all_rows() == before
    outcome = house.done("restore", backup, "--now", "--yes", "--json").json["outcome"]
    assert outcome["state"] == "new"
    after = house.all_rows()
    assert after["core_child"] == [(1, "Eve", None, None, 3.5)]
    assert after["core_feeding"] == [(1, 1, 1, "2026-03-29 01:30:00.120000", 1)]
    assert after["core_note"] == after["core_note_readers"] == after["core_child_rooms"] == []
    for name in (*NEVER, "core_extra_toy"):
        assert after[name] == before[name], name
    (restored,) = house.done("history", "app", "--json").json["restores"]
    assert (restored["backup"], restored["status"]) == (backup, "completed")
    house.done("undo", "app", "--yes")
    assert house.all_rows() == before


def test_without_content_types_the_names_of_tables_tell_the_app(house: Nursery) -> None:
    execute(house, "DELETE FROM django_content_type")
    preview = house.preview(house.adopt(child(), models_count=9))
    (cleared,) = [one for one in preview["notices"] if one.startswith("cleared too")]
    assert cleared.endswith("core_extra_toy, core_feeding, core_note, core_note_readers, core_pair, core_room")


def test_merged_rows_overwrite_those_with_their_key_and_others_stay(house: Nursery) -> None:
    backup = house.adopt(child(rooms=[5, 6]), child(7, "Was here", rooms=[5]), room(6))
    preview = house.preview(backup, "--mode", "merge")
    assert preview["blockers"] == []
    house.done("restore", backup, "--now", "--yes", "--mode", "merge")
    after = house.all_rows()
    assert [row[:2] for row in after["core_child"]] == [(1, "Eve"), (7, "Was here")]
    assert after["core_room"] == [(5, 1, "attic"), (6, 2, "blue")]
    assert after["core_child_rooms"] == [(40, 7, 5), (41, 1, 5), (42, 1, 6)]
    assert after["core_note"] == [(1, "since")]
    execute(house, "INSERT INTO core_child_rooms (child_id, room_id) VALUES (7, 6)")
    assert rows(house.path, "core_child_rooms")[-1][0] == 43


def test_some_tables_only(house: Nursery) -> None:
    before = house.all_rows()
    backup = house.adopt(child(8), room(), feeding(child=7), models_count=9)
    house.done("restore", backup, "--now", "--yes", "--table", "core_feeding", "--table", "core_note_readers")
    after = house.all_rows()
    assert [row[:2] for row in after["core_feeding"]] == [(1, 7)]
    assert after["core_note_readers"] == []
    for name in before.keys() - {"core_feeding", "core_note_readers"}:
        assert after[name] == before[name], name


def test_an_unknown_table(house: Nursery) -> None:
    ran = house.greenroom("restore", house.adopt(child()), "--dry-run", "--table", "core_extra_toy")
    assert ran.code == 2
    assert "the restore is about no table 'core_extra_toy'" in ran.err


def test_content_types_and_the_like_are_never_written(house: Nursery) -> None:
    before = house.all_rows()
    other = {"model": "contenttypes.contenttype", "pk": 1, "fields": {"app_label": "x", "model": "y"}}
    log = {"model": "admin.logentry", "pk": 1, "fields": {"message": "forged"}}
    session = {"model": "sessions.session", "pk": "s", "fields": {"session_data": "forged"}}
    backup = house.adopt(child(), other, log, session)
    assert "left out: 1 record of sessions.session, which is never restored" in house.preview(backup)["notices"]
    house.done("restore", backup, "--now", "--yes")
    after = house.all_rows()
    assert {name: after[name] for name in NEVER} == {name: before[name] for name in NEVER}


def test_a_natural_key_is_found_in_the_backup_first_and_then_in_rows_that_stay(house: Nursery) -> None:
    execute(house, "ALTER TABLE core_child DROP COLUMN mother_id")  # so that one rule of one column is left
    plain = {"name": "Eve", "weight": None}
    records = [
        {"model": "core.room", "pk": 9, "fields": {"floor": 1, "name": "attic"}},
        {"model": "core.child", "pk": 1, "fields": plain},
        feeding(1, room=[1, "attic"]),
    ]
    house.done("restore", house.adopt(*records), "--now", "--yes")
    assert rows(house.path, "core_feeding")[0][2] == 9
    backup = house.adopt(feeding(2, room=[1, "attic"]), models_count=9)
    house.done("restore", backup, "--now", "--yes", "--table", "core_feeding")
    assert rows(house.path, "core_feeding") == [(2, 1, 9, "2026-03-29 01:30:00.120000", 1)]


REFUSED = {
    "no table": (
        [{"model": "core.scale", "pk": 1, "fields": {}}],
        "model core.scale: the site has no table core_scale; a model that names its table itself",
    ),
    "no column": ([child(colour="red")], "model core.child, field colour: the table core_child has neither a column"),
    "SQL for a name": (
        [child(**{'name" = 1; DROP TABLE core_child; --': 1})],
        'the table core_child has neither a column name" = 1; DROP TABLE core_child; --',
    ),
    "no primary key": (
        [{"model": "core.child", "fields": child()["fields"]}],
        "model core.child: 1 record without a primary key; export them with it",
    ),
    "two columns for a key": (
        [{"model": "core.pair", "pk": 1, "fields": {"two": 1}}],
        "model core.pair: the table core_pair has no primary key of one column",
    ),
    "the key is a field": ([child(id=5)], "model core.child, field id: is the primary key"),
    "more than one rule": (
        [child(mother=["Eve"])],
        "model core.child, field mother: core_child has more than one unique rule of 1 column",
    ),
    "no rule": ([feeding(room=["blue"])], "model core.feeding, field room: core_room has no unique rule of 1 column"),
    "uneven keys": ([feeding(1, room=["a"]), feeding(2, room=[1, "a"])], "holds natural keys of different lengths"),
    "no foreign key": ([feeding(plain=[1])], "field plain: holds lists, and core_feeding.plain is no foreign key"),
    "no such key": (
        [room(), feeding(room=[3, "red"])],
        'model core.feeding, record 1, field room: the natural key [3, "red"] is of no record of the backup',
    ),
    "no list of many": ([child(rooms=5)], "model core.child, field rooms: is many-to-many, and holds what is no list"),
    "no number": ([feeding(plain="many")], "model core.feeding, record 1, field plain: 'many' is neither"),
    "no time": ([feeding(start="soon")], "model core.feeding, record 1, field start: Invalid isoformat string"),
    "only a day": ([feeding(start="2026-03-29")], "'2026-03-29' is a day and no time of it"),
    "no text": ([child(name=5)], "model core.child, record 1, field name: Expected `str`, got `int`"),
    "no key": ([child(pk=None)], "without a primary key"),
    "a key of no kind": ([child(pk=[1])], "model core.child, record 1, field pk"),
    "a missing column": ([{"model": "core.note", "pk": 1, "fields": {}}], "table core_note, column text: the target"),
    "the last of many": (
        [child(n, f"c{n}", weight="1") for n in range(1, 3000)] + [child(3000, "last", weight="heavy")],
        "heavy",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_place_is_said_and_nothing_changes(house: Nursery, case: str) -> None:
    records, words = REFUSED[case]
    blockers = house.refused(house.adopt(*records, models_count=9))
    if case != "the last of many":  # which SQLite's own numbers refuse, when they come
        assert any(words in one for one in blockers), blockers


CLASHES = {
    "unique": [child(1), child(2, "Eve")],
    "foreign key": [child(1), feeding(1, child=99)],
    "null": [child(1), child(2, name=None)],
    "a link twice": [child(1, rooms=[1, 1]), room()],
    "a key twice": [child(1), child(1, "Tom")],
}


@pytest.mark.parametrize("mode", ["clear", "merge"])
@pytest.mark.parametrize("case", CLASHES)
def test_what_the_database_refuses_changes_nothing(house: Nursery, case: str, mode: str) -> None:
    before = house.all_rows()
    backup = house.adopt(*CLASHES[case], models_count=9)
    ran = house.greenroom("restore", backup, "--now", "--yes", "--mode", mode)
    assert ran.code == 1
    assert "core_" in ran.err
    assert house.all_rows() == before


def test_a_lost_database_cannot_take_it(house: Nursery) -> None:
    backup = house.adopt(child())
    house.path.unlink()
    (blocker,) = house.preview(backup)["blockers"]
    assert "goes only into a database that can be read and has its tables" in blocker
    assert house.greenroom("restore", backup, "--now", "--yes").code == 1
    assert not house.path.exists()


def test_it_goes_into_no_empty_database(house: Nursery) -> None:
    ran = house.greenroom("restore", house.adopt(child()), "--into", f"sqlite:///{house.root}/new.db", "--now", "--yes")
    assert ran.code == 2
    assert "which goes only into a site that has its tables" in ran.err
    assert not (house.root / "new.db").exists()


def test_an_app_may_be_called_files(house: Nursery) -> None:
    execute(house, "CREATE TABLE files_document (id INTEGER PRIMARY KEY, name varchar(9))")
    document = {"model": "files.document", "pk": 3, "fields": {"name": "a"}}
    house.done("restore", house.adopt(document), "--now", "--yes")
    assert rows(house.path, "files_document") == [(3, "a")]


def test_an_export_of_nothing_clears_nothing(house: Nursery) -> None:
    before = house.all_rows()
    file = write_zip(house.root / "none.zip", members([]))
    house.done("adopt", str(file))
    house.done("restore", "none", "--now", "--yes")
    assert house.all_rows() == before


def test_staged_and_applied_later(house: Nursery) -> None:
    whole = {"metadata": json.loads(members([])["metadata.json"]), "data": {"core.child": [child()]}}
    del whole["metadata"]["total_records"], whole["metadata"]["models_count"]
    (house.root / "one.json").write_text(json.dumps(whole))
    house.done("adopt", str(house.root / "one.json"))
    before = house.all_rows()
    house.done("restore", "one", "--stage", "--yes")
    assert house.all_rows() == before
    house.done("apply", "app")
    assert [row[:2] for row in rows(house.path, "core_child")] == [(1, "Eve")]
