"""Exports that are not what they should be: a clear error, and nothing is kept."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.core.archive.rawzip import Raw, build
from tests.django.exports import METADATA, child, feeding, members, room, write_export, write_zip

Files = dict[str, bytes]


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    house = House(tmp_path / "house")
    house.add_site("app")
    house.done("init")
    return house


def refused(house: House, file: Path, *words: str, code: int = 6) -> None:
    ran = house.greenroom("adopt", str(file))
    assert ran.code == code, ran.out + ran.err
    for word in words:
        assert word in ran.err
    assert house.done("list", "--json").json["backups"] == []
    assert list((house.root / "backups" / "app").glob("*")) == []


def without(name: str) -> Callable[[Files], None]:
    return lambda files: files.__delitem__(name)


def put(name: str, content: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({name: content})


def said(**more: object) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        told = {**json.loads(files["metadata.json"]), **more}
        kept = {key: value for key, value in told.items() if value is not ...}
        files["metadata.json"] = json.dumps(kept).encode()

    return change


def fields(**more: object) -> bytes:
    return json.dumps([child(), {**child(2), "fields": {**child()["fields"], **more}}]).encode()


CHANGES = {
    "no metadata": (without("metadata.json"), "its metadata.json is missing"),
    "newer version": (said(version="2.0"), "the export is of version '2.0', and known is 1.0"),
    "version of no kind": (said(version=1), "metadata.json is wrong at 'version'"),
    "no version": (said(version=...), "metadata.json is wrong at 'version'"),
    "no engine": (said(database_engine=...), "metadata.json is wrong at 'database_engine'"),
    "no time": (said(timestamp=...), "metadata.json is wrong at 'timestamp'"),
    "time without zone": (said(timestamp="2026-03-30T12:00:00"), "metadata.json is wrong at 'timestamp'"),
    "too few records": (said(total_records=4), "the metadata lies: it says 4 records, and the export holds 3"),
    "too few models": (said(models_count=1), "the metadata lies: it says 1 model, and the export holds 2"),
    "a model is gone": (without("core/feeding.json"), "the metadata lies: it says 3 records"),
    "no list": (put("core/child.json", b'{"model": "core.child"}'), "core/child.json is not valid JSON", "a [ is"),
    "no JSON": (put("core/child.json", b"[{"), "core/child.json is not valid JSON"),
    "empty": (put("core/child.json", b""), "core/child.json is not valid JSON"),
    "more behind": (put("core/child.json", b"[] []"), "something stands behind its end"),
    "not UTF-8": (put("core/child.json", b'[{"model": "core.child\xff", "pk": 1, "fields": {}}]'), "record 1"),
    "no number": (put("core/child.json", b'[{"model": "core.child", "pk": NaN, "fields": {}}]'), "NaN is no JSON"),
    "a key twice": (put("core/child.json", b'[{"pk": 1, "pk": 2}]'), "names a key twice"),
    "too deep": (put("core/child.json", b"[" * 100_000), "nested too deeply"),
    "no record": (put("core/child.json", b"[5]"), "model core.child, record 1: is none as Django writes them"),
    "no fields": (put("core/child.json", b'[{"model": "core.child", "pk": 1}]'), "missing required field `fields`"),
    "another key": (
        put("core/child.json", b'[{"model": "core.child", "fields": {}, "sql": 1}]'),
        "unknown field `sql`",
    ),
    "wrong model": (put("core/child.json", json.dumps([room()]).encode()), "is one of the model 'core.room'"),
    "uneven fields": (put("core/child.json", fields(more=1)), "record 2, field more: only some of the model's records"),
    "no field's name": (
        put("core/child.json", json.dumps([child(**{"a\x1b[2J": 1})]).encode()),
        "field a?[2J: its name cannot be that of a field",
    ),
    "too many fields": (
        put("core/child.json", json.dumps([child(**{f"f{n}": 1 for n in range(3000)})]).encode()),
        "more than 2,000 fields",
    ),
    "a stray file": (put("core/child.txt", b"x"), "'core/child.txt', which has no place in it"),
    "a stray folder": (put("core/more/child.json", b"[]"), "'core/more/child.json', which has no place in it"),
    "no model's name": (put("core/ch-ild.json", b"[]"), "'core/ch-ild.json', which has no place in it"),
    "climbing": (put("../child.json", b"[]"), "climbs out with `..`"),
    "absolute": (put("/core/room.json", b"[]"), "is absolute"),
    "drive": (put("C:/room.json", b"[]"), "begins with a drive letter"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_wrong_is_said(house: House, tmp_path: Path, change: str) -> None:
    files = members([child(), child(2, "Tom"), feeding()])
    alter, *words = CHANGES[change]
    alter(files)
    refused(house, write_zip(tmp_path / "b.zip", files), *words)


def test_a_member_twice(house: House, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("metadata.json", "core/child.json", "core/child.json"):
            archive.writestr(name, members([child()])[name])
    refused(house, tmp_path / "b.zip", "holds 'core/child.json' twice")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"size": 10}, "holds more than the 10 bytes it declares"),
        ({"size": 1 << 20}, "and declares 1048576"),
        ({"crc": 5}, "its CRC-32 disagrees"),
    ],
)
def test_a_member_that_lies(house: House, tmp_path: Path, headers: dict[str, int], words: str) -> None:
    files = [Raw(name, content) for name, content in members([child()]).items()]
    lying = [Raw(one.name, one.content, local=headers, central=headers) if one is files[-1] else one for one in files]
    (tmp_path / "b.zip").write_bytes(build(lying))
    refused(house, tmp_path / "b.zip", words)


def test_more_than_may_come_from_elsewhere(house: House, tmp_path: Path) -> None:
    """Of a few bytes that become many only the length that is declared counts, and no more than that is ever made."""
    house.set_site("app", max_upload_bytes='"1 MiB"')
    files = {**members([], models_count=1), "core/child.json": b"[" + b" " * (2 << 20) + b"]"}
    file = write_zip(tmp_path / "b.zip", files)
    assert file.stat().st_size < 10_000
    told = ("more than the 1,048,576 that are allowed", "raise `max_upload_bytes` of the site app")
    refused(house, file, "holds 2,09", *told)
    whole = tmp_path / "b.json"
    whole.write_bytes(json.dumps({"metadata": METADATA, "data": {}}).encode() + b" " * (1 << 20))
    refused(house, whole, *told)
    house.set_site("app", max_upload_bytes='"3 MiB"')
    house.done("adopt", str(file))
    house.done("adopt", str(whole))


def test_an_archive_of_ours_may_be_larger(house: House, tmp_path: Path) -> None:
    house.done("backup", "app")
    (name,) = (one["name"] for one in house.done("list", "--json").json["backups"])
    copy = tmp_path / "ours.zip"
    house.done("copy", name, str(copy))
    house.done("delete", name, "--yes")
    house.set_site("app", max_upload_bytes="10")
    house.done("adopt", str(copy))


FILES = {
    "no metadata": ({"data": {}}, "the export has no metadata"),
    "newer version": ({"metadata": {**METADATA, "version": "3"}, "data": {}}, "of version '3', and known is 1.0"),
    "more": ({"metadata": METADATA, "data": {}, "sql": ""}, "'sql', which has no place in it"),
    "no name": ({"metadata": METADATA, "data": {"core child": []}}, "'core child', which is no name of a model"),
    "no list": ({"metadata": METADATA, "data": {"core.child": {}}}, "a [ is missing"),
    "wrong model": ({"metadata": METADATA, "data": {"core.child": [room()]}}, "is one of the model 'core.room'"),
    "lies": ({"metadata": {**METADATA, "total_records": 2}, "data": {"core.child": [child()]}}, "the metadata lies"),
}


@pytest.mark.parametrize("case", FILES)
def test_what_is_wrong_in_one_file_is_said(house: House, tmp_path: Path, case: str) -> None:
    document, words = FILES[case]
    (tmp_path / "b.json").write_text(json.dumps(document))
    refused(house, tmp_path / "b.json", words)


def test_a_model_twice_in_one_file(house: House, tmp_path: Path) -> None:
    text = f'{{"metadata": {json.dumps(METADATA)}, "data": {{"core.child": [], "core.child": []}}}}'
    (tmp_path / "b.json").write_text(text)
    refused(house, tmp_path / "b.json", "holds the model core.child twice")


def test_what_is_kept_is_what_was_given(house: House, tmp_path: Path) -> None:
    file = write_export(tmp_path / "backup_033026_120000.zip", child(), room(), created_by="ada")
    shown = house.done("adopt", str(file), "--json").json["backup"]
    assert (shown["name"], shown["kind"], shown["foreign"]) == ("backup_033026_120000", "portable", True)
    assert (shown["tables"], shown["records"], shown["created_by"]) == (2, 2, "ada")
    assert shown["created_at"] == "2026-03-30T10:00:00+00:00"
    assert shown["description"] == "records of Baby Buddy 2.7.1, from django.db.backends.postgresql"
    assert Path(shown["path"]).read_bytes() == file.read_bytes()
    assert house.done("adopt", str(file), "--json").json["known"]
    assert "no hashes to compare" in house.done("verify", shown["name"]).out
    whole = tmp_path / "one.json"
    whole.write_text(json.dumps({"data": {"core.child": [child()]}, "metadata": METADATA}, indent=1))
    kept = house.done("adopt", str(whole), "--json").json["backup"]
    with zipfile.ZipFile(kept["path"]) as archive:
        assert archive.namelist() == ["export.json"]
        assert archive.read("export.json") == whole.read_bytes()
    assert house.done("adopt", str(whole), "--json").json["known"]


def test_found_again_without_the_catalog(house: House, tmp_path: Path) -> None:
    house.done("adopt", str(write_export(tmp_path / "b.zip", child())))
    before = house.done("show", "b", "--json").json["backup"]
    (house.root / "state" / "catalog.db").unlink()
    house.done("catalog", "rebuild")
    after = house.done("show", "b", "--json").json["backup"]
    assert {**after, "id": before["id"]} == before


def test_another_archive_in_its_place_is_noticed(house: House, tmp_path: Path) -> None:
    shown = house.done("adopt", str(write_export(tmp_path / "b.zip", child())), "--json").json["backup"]
    write_export(Path(shown["path"]), child(name="Mallory"))
    ran = house.greenroom("restore", "b", "--dry-run")
    assert ran.code == 6
    assert "is another archive than the one that was backed up" in ran.err
