"""Every hostile or broken archive is refused, in both forms, with a message of its own."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.archive import Archive, Kind, Limits, open_archive
from core.errors import VerificationError
from core.progress import Reporter
from tests.core.archive.rawzip import Raw, bare, build, changed, folder, link, native, widened

LIMITS = Limits(max_bytes=1 << 20, max_entries=100)
Form = Callable[[list[Raw]], list[Raw]]


@pytest.fixture(params=[native, bare], ids=["native", "bare"])
def form(request: pytest.FixtureRequest) -> Form:
    chosen: Form = request.param
    return chosen


def opened(tmp_path: Path, data: bytes, limits: Limits = LIMITS) -> Archive:
    path = tmp_path / "hostile.zip"
    path.write_bytes(data)
    return open_archive(path, limits)


def refuse(tmp_path: Path, data: bytes, message: str, limits: Limits = LIMITS) -> None:
    with pytest.raises(VerificationError, match=message):
        opened(tmp_path, data, limits)


def refuse_content(tmp_path: Path, data: bytes, message: str) -> None:
    with opened(tmp_path, data) as archive, pytest.raises(VerificationError, match=message):
        archive.verify(Reporter())


def test_a_sound_archive_of_either_form_is_accepted(tmp_path: Path, form: Form) -> None:
    members = form([folder("files/a/"), Raw("files/a/x", b"content"), link("files/a/l", "../a/x"[3:])])
    with opened(tmp_path, build(members)) as archive:
        assert archive.verify(Reporter()).hashed is (form is native)
        assert [entry.relative for entry in archive.entries if entry.kind is not Kind.FOLDER and entry.relative] == [
            "a/x",
            "a/l",
        ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/passwd", "is absolute"),
        ("files//etc/passwd", "has an empty part"),
        ("files/../../etc/passwd", r"climbs out with `\.\.`"),
        ("..", r"climbs out with `\.\.`"),
        ("files/a/..", r"climbs out with `\.\.`"),
        ("files/./x", r"only `\.`"),
        ("./files/x", r"only `\.`"),
        ("files\\..\\x", "holds a backslash"),
        ("C:/windows", "begins with a drive letter"),
        ("c:x", "begins with a drive letter"),
        ("files/x\0.png", "holds a control character"),
        ("files/x\ny", "holds a control character"),
        ("files/\x1b[2J", "holds a control character"),
        ("files/\x85", "holds a control character"),
        (b"files/\xff\xfe", "is not UTF-8"),
        ("", "is empty"),
        ("files/" + "x" * 256, "is longer than a file system can hold"),
        ("files/" + "x/" * 2100 + "y", "is longer than a file system can hold"),
        ("evil.sh", "has no place in it"),
        ("files", "has no place in it|both as a folder"),
        ("Files/x", "has no place in it"),
        ("database.db-wal", "has no place in it"),
        ("database.dump", "has no place in it"),
        ("schema.json", "has no place in it"),
        ("tables/films.json", "has no place in it"),
    ],
)
def test_a_bad_name_is_refused(tmp_path: Path, form: Form, name: str | bytes, message: str) -> None:
    refuse(tmp_path, build(form([Raw(name, b"x")])), message)


def test_a_message_never_prints_control_characters(tmp_path: Path, form: Form) -> None:
    with pytest.raises(VerificationError) as refusal:
        opened(tmp_path, build(form([Raw("files/\x1b[2J", b"x")])))
    assert "\x1b" not in str(refusal.value)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([Raw("files/x", b"1"), Raw("files/x", b"2")], "'files/x' twice"),
        ([Raw("database.db", b"other")], r"'database\.db' twice"),
        ([folder("files/a/"), folder("files/a/")], "'files/a/' twice"),
        ([Raw("files/a", b"1"), folder("files/a/")], "both as a folder and as something else"),
        ([folder("files/a/"), Raw("files/a", b"1")], "both as a folder and as something else"),
        ([Raw("files/a/b", b"1"), Raw("files/a", b"1")], "both as a folder and as something else"),
        ([Raw("files/a", b"1"), Raw("files/a/b", b"1")], "lies below 'files/a', which is a file"),
        ([Raw("files/a", b"1"), Raw("files/a/b/c", b"1")], "lies below 'files/a', which is a file"),
        ([link("files/a", "b"), Raw("files/a/b", b"1")], "lies below 'files/a', which is a link"),
        ([Raw("files/a/b", b"1"), link("files/a", "b")], "both as a folder and as something else"),
    ],
)
def test_names_that_collide_are_refused(tmp_path: Path, form: Form, members: list[Raw], message: str) -> None:
    refuse(tmp_path, build(form(members)), message)


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "..", "../x", "b/../../x", "b/..", "./../x", "../../../../../../etc/passwd"]
)
def test_a_link_that_may_leave_is_refused_unless_allowed(tmp_path: Path, form: Form, target: str) -> None:
    path = tmp_path / "leaving.zip"
    path.write_bytes(build(form([link("files/l", target)])))
    with pytest.raises(VerificationError, match="leaves its folder"):
        open_archive(path, LIMITS)
    with open_archive(path, LIMITS, allow_leaving_links=True) as archive:
        (entry,) = [entry for entry in archive.entries if entry.kind is Kind.LINK]
        assert archive.read_link(entry) == target


def test_a_link_into_another_folder_of_the_site_is_refused(tmp_path: Path) -> None:
    members = native([link("files/media/l", "../uploads/x")], keys=("uploads", "media"))
    refuse(tmp_path, build(members), "leaves its folder")


@pytest.mark.parametrize(
    ("target", "message"), [(b"", "is empty"), (b"a\0b", "holds a NUL"), (b"x" * 5000, "too long")]
)
def test_a_bad_target_is_refused(tmp_path: Path, form: Form, target: bytes, message: str) -> None:
    refuse(tmp_path, build(form([link("files/l", target)])), message)


@pytest.mark.parametrize("bits", [stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK, 0o030000])
def test_a_special_file_is_refused(tmp_path: Path, form: Form, bits: int) -> None:
    refuse(tmp_path, build(form([Raw("files/x", mode=bits | 0o644)])), "special file")


def test_setuid_is_no_special_file(tmp_path: Path, form: Form) -> None:
    with opened(tmp_path, build(form([Raw("files/x", mode=stat.S_IFREG | 0o4755)]))) as archive:
        (attributes,) = [entry.attributes for entry in archive.entries if entry.relative == "x"]
        assert attributes is not None
        assert attributes.mode == 0o4755


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (Raw("files/x", b"1", flags=0x801), "is encrypted"),
        (Raw("files/x", b"1", flags=0x840), "is encrypted"),
        (Raw("files/x", b"1", flags=0x2800), "is encrypted"),
        (Raw("files/x", b"1", flags=0x820), "flags of an unknown meaning"),
        (Raw("files/x", b"1", method=12), "unknown method, 12"),
        (Raw("files/x", b"1", method=0, central={"size": 2}), "is not packed, but has two lengths"),
        (Raw("files/x", b"1", comment=b"hello"), "has a comment"),
        (Raw("files/x", b"1", central={"disk": 1}), "is on another disk"),
        (Raw("files/x", b"1", extra=b"\x55\x54\x09\x00\x01"), "extra fields is too long"),
        (Raw("files/x", b"1", extra=b"\x55"), "extra fields are cut off"),
        (Raw("files/x", b"1", extra=b"\x55\x54\0\0" * 2), "is there twice"),
        (Raw("files/x", b"1", central={"size": 0xFFFFFFFF}), "ZIP64 field is too short"),
        (Raw("files/a/", b"1", mode=stat.S_IFDIR | 0o755, method=0), "is a folder with content"),
        (Raw("files/a", b"", mode=stat.S_IFDIR | 0o755, method=0), "but not by both"),
        (Raw("files/a/", b"", mode=stat.S_IFREG | 0o644, method=0), "but not by both"),
        (Raw("files/x", b"1", local={"name": b"files/y"}), "its header and the directory disagree"),
        (Raw("files/x", b"1", local={"size": 2}), "its header and the directory disagree"),
        (Raw("files/x", b"1", local={"packed": 2}), "its header and the directory disagree"),
        (Raw("files/x", b"1", local={"crc": 2}), "its header and the directory disagree"),
        (Raw("files/x", b"1", local={"method": 0}), "its header and the directory disagree"),
        (Raw("files/x", b"1", local={"flags": 0}), "its header and the directory disagree"),
        (Raw("files/x", b"1", central={"offset": 0}), "stray bytes|overlaps"),
        (Raw("files/x", b"1", central={"offset": 12}), "stray bytes|overlaps"),
        (Raw("files/x", b"1", central={"offset": 0xFFFFFF}), "truncated|stray bytes"),
        (Raw("files/x", b"1" * 50, central={"packed": 900}, local={"packed": 900}), "overlaps"),
        (Raw("files/x", b"1", behind=b"hidden"), "stray bytes behind 'files/x'"),
    ],
)
def test_a_malformed_entry_is_refused(tmp_path: Path, form: Form, member: Raw, message: str) -> None:
    refuse(tmp_path, build(form([member])), message)


def test_two_entries_on_the_same_bytes_are_refused(tmp_path: Path, form: Form) -> None:
    members = form([Raw("files/x", b"a bomb" * 10)])
    data = build(members)
    offset = data.index(b"files/x") - 30
    sharing = [*members[:-1], Raw("files/y", b"a bomb" * 10, central={"offset": offset}), members[-1]]
    refuse(tmp_path, build(sharing), "overlaps")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda data: b"", "is not an archive"),
        (lambda data: b"not a ZIP at all, but long enough to be one", "is not an archive"),
        (lambda data: data[:-1], "is truncated, or something follows"),
        (lambda data: data[: len(data) // 2], "is truncated, or something follows"),
        (lambda data: data + b"\n", "is truncated, or something follows"),
        (lambda data: data + data, "its directory is not where"),
        (lambda data: b"#!/bin/sh\n" + data, "is not an archive"),
    ],
)
def test_what_is_around_an_archive_is_refused(
    tmp_path: Path, form: Form, how: Callable[[bytes], bytes], message: str
) -> None:
    refuse(tmp_path, how(build(form([Raw("files/x", b"1")]))), message)


def test_bytes_before_the_first_entry_are_refused(tmp_path: Path, form: Form) -> None:
    refuse(tmp_path, build(form([]), before=b"PK\x03\x04 hidden"), "something stands before the first entry")


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ({"comment": 5}, "has no comment|is truncated, or something follows"),
        ({"disk": 1}, "several disks"),
        ({"start_disk": 1}, "several disks"),
        ({"here": 9}, "several disks"),
        ({"here": 1, "entries": 1}, "its directory is too long"),
        ({"here": 50, "entries": 50}, "its directory is too short"),
        ({"here": 0xFFFF, "entries": 0xFFFF}, "ZIP64 end record is missing"),
        ({"size": 46}, "its directory is not where"),
        ({"offset": 0}, "its directory is not where"),
        ({"offset": 0xFFFFFFFF}, "ZIP64 end record is missing"),
    ],
)
def test_a_false_end_record_is_refused(tmp_path: Path, form: Form, end: dict[str, int], message: str) -> None:
    refuse(tmp_path, build(form([]), end=end), message)


def test_a_zip64_end_record_is_read(tmp_path: Path, form: Form) -> None:
    with opened(tmp_path, widened(build(form([Raw("files/x", b"1")])))) as archive:
        archive.verify(Reporter())


@pytest.mark.parametrize(
    ("record", "locator", "message"),
    [
        ({"magic": 0}, {}, "ZIP64 end record is missing"),
        ({"length": 45}, {}, "its two end records disagree"),
        ({}, {"magic": 0}, "ZIP64 end record is missing"),
        ({"disk": 1}, {}, "several disks"),
        ({"here": 1}, {}, "several disks"),
        ({}, {"disk": 1}, "several disks"),
        ({}, {"disks": 2}, "several disks"),
        ({}, {"offset": 0}, "its two end records disagree"),
        ({"size": 1}, {}, "its directory is not where"),
        ({"offset": 1 << 63}, {}, "its directory is not where"),
        ({"here": 1 << 63, "entries": 1 << 63}, {}, "too many entries"),
    ],
)
def test_a_false_zip64_end_record_is_refused(
    tmp_path: Path, form: Form, record: dict[str, int], locator: dict[str, int], message: str
) -> None:
    refuse(tmp_path, widened(build(form([])), record=record, locator=locator), message)


def test_end_records_that_disagree_are_refused(tmp_path: Path, form: Form) -> None:
    data = widened(build(form([])))
    for position in (-18, -16, -14, -12, -10, -6):
        false = data[:position] + b"\x07" + data[position + 1 :]
        refuse(tmp_path, false, "its two end records disagree")


def test_wide_numbers_of_an_entry_are_read_or_refused(tmp_path: Path, form: Form) -> None:
    content = b"1" * 100
    plain = Raw("files/x", content)
    numbers = struct.pack("<HHQQ", 1, 16, len(content), len(plain.body))
    both = {"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}
    wide = replace(plain, extra=plain.attributes + numbers, local=both, central=both)
    with opened(tmp_path, build(form([wide]))) as archive:
        archive.verify(Reporter())
    for false in (replace(plain, local=both), replace(wide, local={**both, "extra": numbers[:-1]})):
        refuse(tmp_path, build(form([false])), "its header and the directory disagree")


def test_an_archive_that_changes_while_it_is_open_is_noticed(tmp_path: Path, form: Form) -> None:
    with opened(tmp_path, build(form([Raw("files/x", b"1" * 1000)]))) as archive:
        (tmp_path / "hostile.zip").write_bytes(b"PK")
        with pytest.raises(VerificationError, match="changed while it was read"):
            archive.verify(Reporter())


def test_a_comment_is_refused(tmp_path: Path, form: Form) -> None:
    refuse(tmp_path, build(form([]), end={"comment": 2}, behind=b"hi"), "is truncated, or something follows")


def test_an_empty_zip_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path, build([]), r"holds no database\.db")


def test_a_bare_archive_needs_its_database(tmp_path: Path) -> None:
    members = [one for one in bare([Raw("files/x", b"1")]) if one.name != "database.db"]
    refuse(tmp_path, build(members), r"holds no database\.db")


def test_a_member_that_must_be_a_file_is_no_link(tmp_path: Path, form: Form) -> None:
    members = changed(form([]), "database.db", mode=stat.S_IFLNK | 0o777, content=b"/etc/passwd", method=0)
    refuse(tmp_path, build(members), "has no place in it|names")


def test_too_many_entries_are_refused_implied_folders_counted(tmp_path: Path, form: Form) -> None:
    many = [Raw(f"files/{number}", b"") for number in range(10)]
    refuse(tmp_path, build(form(many)), "too many entries", Limits(1 << 20, max_entries=9))
    deep = build(form([Raw("files/" + "d/" * 100 + "x", b"")]))
    refuse(tmp_path, deep, "too many entries")


def test_more_bytes_than_allowed_are_refused(tmp_path: Path, form: Form) -> None:
    data = build(form([Raw("files/x", bytes(200_000))]))
    refuse(tmp_path, data, "more than the 100000 bytes", Limits(max_bytes=100_000))


def test_a_ratio_alone_refuses_nothing(tmp_path: Path, form: Form) -> None:
    with opened(tmp_path, build(form([Raw("files/x", bytes(500_000))]))) as archive:
        archive.verify(Reporter())


def declaring(content: bytes, size: int) -> Raw:
    told = {"size": size, "crc": zlib.crc32(content[:size])}
    return Raw("files/x", content, local=told, central=told)


def test_content_longer_than_declared_is_never_made(tmp_path: Path) -> None:
    bomb = bytes(50 << 20)
    with opened(tmp_path, build(bare([declaring(bomb, 10)]))) as archive:
        (entry,) = [entry for entry in archive.entries if entry.relative == "x"]
        with pytest.raises(VerificationError, match="more than the 10 bytes"):
            next(archive.read(entry))


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (declaring(b"x" * 100, 99), "holds more than the 99 bytes"),
        (declaring(b"x" * 100, 101), "truncated in the middle|holds 100 bytes and declares 101"),
        (Raw("files/x", b"content", local={"crc": 7}, central={"crc": 7}), "its CRC-32 disagrees"),
        (Raw("files/x", b"content", packed=b"\xff\xff\xff\xff"), "cannot be inflated"),
        (Raw("files/x", b"content", packed=b""), "truncated in the middle"),
        (Raw("files/x", b"", packed=b"\x03\x00hidden"), "bytes that are not part of it"),
    ],
)
def test_content_that_is_not_what_is_declared_is_refused(tmp_path: Path, member: Raw, message: str) -> None:
    refuse_content(tmp_path, build(bare([member])), message)


def test_content_with_another_hash_is_refused(tmp_path: Path) -> None:
    members = native([Raw("files/x", b"the right content")])
    refuse_content(tmp_path, build(changed(members, "files/x", content=b"the wrong content")), "its SHA-256 disagrees")


def test_long_content_with_another_hash_is_refused(tmp_path: Path) -> None:
    members = native([Raw("files/x", bytes(3 << 20))])
    path = tmp_path / "hostile.zip"
    path.write_bytes(build(changed(members, "files/x", content=bytes((3 << 20) - 1) + b"1")))
    with open_archive(path, Limits(10 << 20)) as archive, pytest.raises(VerificationError, match="SHA-256 disagrees"):
        archive.verify(Reporter())


def test_a_descriptor_is_read_in_a_bare_archive_only(tmp_path: Path, form: Form) -> None:
    content = b"streamed content"
    plain = Raw("files/x", content, flags=0x808, local={"crc": 0, "packed": 0, "size": 0})
    numbers = struct.pack("<LLL", zlib.crc32(content), len(plain.body), len(content))
    wide = struct.pack("<LQQ", zlib.crc32(content), len(plain.body), len(content))
    for descriptor in (numbers, b"PK\x07\x08" + numbers, b"PK\x07\x08" + wide):
        data = build(form([replace(plain, behind=descriptor)]))
        if form is native:
            refuse(tmp_path, data, "not as greenroom writes")
        else:
            with opened(tmp_path, data) as archive:
                archive.verify(Reporter())
    refuse(tmp_path, build(form([replace(plain, behind=b"PK\x07\x08 not numbers")])), "stray bytes")


def test_a_file_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="not a regular file"):
        open_archive(tmp_path, LIMITS)
