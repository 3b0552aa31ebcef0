"""A native archive whose manifest, checksums and content do not say the same is refused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.archive import Limits, open_archive
from core.errors import VerificationError
from tests.core.archive.rawzip import Raw, bare, build, changed, folder, link, native, with_checksums

LIMITS = Limits(max_bytes=64 << 20)
SITE = [Raw("files/x.png", b"image"), folder("files/a/"), Raw("files/a/y", b"text"), link("files/l", "a/y")]


def refuse(tmp_path: Path, members: list[Raw], message: str) -> VerificationError:
    path = tmp_path / "lying.zip"
    path.write_bytes(build(members))
    with pytest.raises(VerificationError, match=message) as refusal:
        open_archive(path, LIMITS)
    return refusal.value


def with_manifest(how: Callable[[dict[str, object]], object]) -> list[Raw]:
    """A sound archive whose manifest `how` changed, with checksums that are right for that."""
    members = native(SITE)
    (metadata,) = [one for one in members if one.name == "metadata.json"]
    document = json.loads(metadata.content)
    how(document)
    return with_checksums(changed(members, "metadata.json", content=json.dumps(document).encode()))


def with_metadata(content: bytes) -> list[Raw]:
    return with_checksums(changed(native(SITE), "metadata.json", content=content))


def change_folder(key: str, value: object) -> Callable[[dict[str, object]], object]:
    def change(document: dict[str, object]) -> None:
        files = document["files"]
        assert isinstance(files, list)
        files[0][key] = value

    return change


def change_database(**changes: object) -> Callable[[dict[str, object]], object]:
    def change(document: dict[str, object]) -> None:
        database = document["database"]
        assert isinstance(database, dict)
        database.update(changes)

    return change


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (change_folder("files", 3), "says 3 files in 'files/', and the archive holds 2"),
        (change_folder("folders", 0), "says 0 folders"),
        (change_folder("links", 0), "says 0 links"),
        (change_folder("bytes", 10), "says 10 bytes"),
        (change_folder("listing_sha256", "0" * 64), "names, attributes or hashes"),
        (change_folder("key", "media"), "lies in no folder that the manifest names"),
        (change_database(bytes=1), r"'database\.db' has another size or hash"),
        (change_database(sha256="0" * 64), r"'database\.db' has another size or hash"),
        (change_database(member="database.dump"), "has no place in it"),
        (lambda document: document.update(files=[]), "lies in no folder that the manifest names"),
        (lambda document: document.update(database=None), "'database'"),
        (lambda document: document.update(kind="portable"), "a snapshot has a database"),
        (lambda document: document.update(format_version=2), "made by a newer greenroom: format 2"),
        (lambda document: document.update(format_version=0), "'format_version'"),
        (lambda document: document.update(format_version="1"), "'format_version'"),
        (lambda document: document.update(format_version=True), "'format_version'"),
        (lambda document: document.update(format="other"), "a format that is not greenroom's"),
        (lambda document: document.update(name="../../etc/cron.d/x"), "'name'"),
        (lambda document: document.update(name="a/b"), "'name'"),
        (lambda document: document.update(name=""), "'name'"),
        (lambda document: document.update(site="\x1b[2J"), "'site'"),
        (lambda document: document.update(created_by="\x1b[2J"), "'created_by'"),
        (lambda document: document.update(files=document["files"] * 2), "several folders need a key"),
        (lambda document: document.update(created_at="2026-01-31T12:00:00"), "'created_at'"),
        (lambda document: document.update(created_at="soon"), "'created_at'"),
        (lambda document: document.update(tables=[{"name": "films", "rows": -1}]), r"'tables\.0\.rows'"),
        (lambda document: document.update(tables=[{"name": "films", "rows": 1 << 70}]), r"'tables\.0\.rows'"),
        (lambda document: document.update(tables=[{"name": "films", "rows": 1}] * 2), "a table is named twice"),
        (lambda document: document.update(tables="films"), "'tables'"),
        (lambda document: document.pop("engine"), "'engine'"),
        (change_folder("key", "../x"), r"'files\.0\.key'"),
        (change_folder("listing_sha256", "no hash"), r"'files\.0\.listing_sha256'"),
    ],
)
def test_a_manifest_that_lies_is_refused(
    tmp_path: Path, how: Callable[[dict[str, object]], object], message: str
) -> None:
    refuse(tmp_path, with_manifest(how), message)


def test_a_manifest_without_its_database_is_refused(tmp_path: Path) -> None:
    members = with_checksums([one for one in native(SITE) if one.name != "database.db"])
    refuse(tmp_path, members, r"holds no 'database\.db'")


def test_a_bare_archive_may_name_a_zone(tmp_path: Path) -> None:
    path = tmp_path / "bare.zip"
    content = b'{"created_at": "2025-01-15T10:00:00+01:00", "app_version": null}'
    path.write_bytes(build(changed(bare(), "metadata.json", content=content)))
    with open_archive(path, LIMITS) as archive:
        assert archive.bare is not None
        assert archive.bare.created_at == dt.datetime(2025, 1, 15, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not valid JSON"),
        (b"[]", "is not a JSON object"),
        (b'{"created_at": "soon"}', "'created_at'"),
        (b'{"app_version": 3}', "'app_version'"),
        (b'{"format": "other"}', "a format that is not greenroom's"),
        (b'{"format": "greenroom"}', "was stripped: its checksums"),
    ],
)
def test_metadata_that_no_bare_archive_has_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    refuse(tmp_path, changed(bare(), "metadata.json", content=content), message)


def test_a_newer_format_names_the_way_out(tmp_path: Path) -> None:
    refusal = refuse(tmp_path, with_manifest(lambda document: document.update(format_version=7)), "newer greenroom")
    assert refusal.hint == "upgrade greenroom"


def test_keys_that_this_version_does_not_know_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "later.zip"
    path.write_bytes(build(with_manifest(lambda document: document.update(mood="good"))))
    with open_archive(path, LIMITS) as archive:
        assert archive.manifest is not None
        assert archive.manifest.tables[0].rows == 40


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not valid JSON"),
        (b'{"format": "greenroom"', "is not valid JSON"),
        (b"\xff\xfe", "is not valid JSON"),
        (b'{"format": "greenroom", "format": "greenroom"}', "an object names a key twice"),
        (b'{"format": "greenroom", "x": NaN}', "NaN is not a number"),
        (b'{"format": "greenroom", "x": 1' + b"0" * 5000 + b"}", "is not valid JSON"),
        (b'["greenroom"]', "is not a JSON object"),
        (b"null", "is not a JSON object"),
        (b'{"x":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b"[" * 1_000_000, "nested too deeply|is not valid JSON"),
        (b'{"format": "greenroom", "x": "' + b" " * (17 << 20) + b'"}', "is too long"),
        (b'{"created_at": null}', "its manifest is missing"),
    ],
)
def test_metadata_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    refuse(tmp_path, with_metadata(content), message)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda lines: lines[:-1], "names nothing where the archive holds 'metadata.json'"),
        (lambda lines: lines[1:], r"names 'files/x.png' where the archive holds 'database\.db'"),
        (
            lambda lines: [*lines, b"0" * 64 + b"  files/ghost\n"],
            "names 'files/ghost', which the archive does not hold",
        ),
        (lambda lines: [*lines, lines[-1]], "names 'metadata.json', which the archive does not hold"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "where the archive holds"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "ends in the middle of a line"),
        (lambda lines: [b"hello\n", *lines], "line 1: not a checksum and a name"),
        (lambda lines: [lines[0].upper(), *lines[1:]], "line 1: not a checksum and a name"),
        (lambda lines: [b"0" * 64 + b"  \xff\n", *lines], "line 1: the name is not UTF-8"),
        (lambda lines: [*lines, b"0" * 64 + b"  " + b"x" * 9000], "a line that is too long"),
        (lambda lines: [b"0" * 64 + b"  " + b"x" * 9000 + b"\n", *lines], "line 1: not a checksum and a name"),
        (lambda lines: [b"0" * 64 + lines[0][64:], *lines[1:]], r"'database\.db' has another size or hash"),
        (lambda lines: [lines[0], b"0" * 64 + lines[1][64:], *lines[2:]], "names, attributes or hashes"),
        (lambda lines: [*lines[:-1], b"0" * 64 + lines[-1][64:]], r"metadata\.json is damaged"),
    ],
)
def test_checksums_that_do_not_match_are_refused(
    tmp_path: Path, how: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    members = native(SITE)
    lines = how(members[-1].content.splitlines(keepends=True))
    refuse(tmp_path, changed(members, "checksums.sha256", content=b"".join(lines)), message)


def test_an_archive_stripped_of_its_checksums_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, native(SITE)[:-1], "was stripped: its checksums.sha256 is missing")


def test_an_archive_stripped_of_its_manifest_is_refused(tmp_path: Path) -> None:
    members = with_checksums([one for one in native(SITE) if one.name != "metadata.json"])
    refuse(tmp_path, members, "was stripped: its manifest is missing")


@pytest.mark.parametrize(
    "changes", [{"mode": 0o100777}, {"uid": 0}, {"gid": 0}, {"content": b"IMAGE"}, {"name": "files/z.png"}]
)
def test_an_entry_changed_behind_the_manifest_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    members = with_checksums(changed(native(SITE), "files/x.png", **changes))
    refuse(tmp_path, members, "names, attributes or hashes")


@pytest.mark.parametrize(
    ("name", "changes"),
    [("files/", {"mode": 0o040777}), ("files/a/", {"uid": 0}), ("files/l", {"content": b"x.png"[:3]})],
)
def test_folders_links_and_the_root_are_covered_too(tmp_path: Path, name: str, changes: dict[str, object]) -> None:
    refuse(tmp_path, changed(native(SITE), name, **changes), "names, attributes or hashes")


def test_an_empty_folder_taken_out_or_added_is_noticed(tmp_path: Path) -> None:
    members = native([folder("files/empty/")])
    refuse(tmp_path, [one for one in members if one.name != "files/empty/"], "says 1 folders")
    refuse(tmp_path, [*members[:2], folder("files/new/"), *members[2:]], "says 1 folders")


def test_an_entry_without_attributes_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, native([Raw("files/x", b"1", extra=b"")]), "not as greenroom writes entries")


def test_several_folders_are_told_apart(tmp_path: Path) -> None:
    members = native([Raw("files/uploads/x", b"1"), Raw("files/media/y", b"2")], keys=("uploads", "media"))
    path = tmp_path / "two.zip"
    path.write_bytes(build(members))
    with open_archive(path, LIMITS) as archive:
        places = {entry.name: (entry.folder, entry.relative) for entry in archive.entries}
    assert places["files/uploads/x"] == ("uploads", "x")
    assert places["files/media/"] == ("media", "")
    assert places["database.db"] == (None, "")
    refuse(tmp_path, native([Raw("files/other/x", b"1")], keys=("uploads", "media")), "lies in no folder")
    refuse(tmp_path, native([Raw("files/x", b"1")], keys=("uploads", "media")), "lies in no folder")
