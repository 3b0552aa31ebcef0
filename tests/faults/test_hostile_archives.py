"""Archives changed in every way that comes to mind, through adoption, staging and restore: never a wrong restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.adopt import adopt_archive
from core.errors import GreenroomError
from core.progress import Reporter
from core.restore.apply import apply_restore
from core.restore.marker import read_marker
from core.restore.stage import cancel_restore, stage_restore
from core.restore.undo import undo_restore
from tests.core.archive.rawzip import Raw, bare, build, folder, link, native, widened
from tests.support import Place, make_place, tree_state

_EXAMPLES = 10_000 if os.environ.get("GREENROOM_TEST_PROFILE") == "long" else 250
Members = list[Raw]
Change = Callable[[Members, int], Members]

SITE = [
    Raw("files/x.png", bytes(range(256)) * 8),
    folder("files/a/"),
    Raw("files/a/y", b"text " * 300),
    Raw("files/a/stored", b"as it is", method=0),
    link("files/a/l", "y"),
]
_NAMES = (
    b"../out",
    b"/abs",
    b"files/../../out",
    b"files/\x00x",
    b"files/a\nb",
    b"files/\xff\xfe",
    b"files/X.PNG",
    b"files/x.png",
    b"files/a",
    b"files/a/y/below",
    b"files/a/l/below",
    "files/\u202egnp.x".encode(),
    "files/e\u0301".encode(),
    b"files/" + b"n" * 300,
    b"files\\x",
    b"C:/x",
    b"database.db",
    b"metadata.json",
    b"other/place",
)


def _at(members: Members, place: int, **changes: object) -> Members:
    at = place % len(members)
    return [*members[:at], replace(members[at], **changes), *members[at + 1 :]]  # type: ignore[arg-type]


def _rename(members: Members, number: int) -> Members:
    return _at(members, number // len(_NAMES), name=_NAMES[number % len(_NAMES)])


def _add(members: Members, number: int) -> Members:
    return [*members, Raw(_NAMES[number % len(_NAMES)], b"hostile")]


def _double(members: Members, number: int) -> Members:
    return [*members, members[number % len(members)]]


def _swap(members: Members, number: int) -> Members:
    one, other = number % len(members), number // 7 % len(members)
    swapped = list(members)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    return swapped


def _remove(members: Members, number: int) -> Members:
    at = number % len(members)
    return [*members[:at], *members[at + 1 :]]


def _lie(members: Members, number: int) -> Members:
    field = ("size", "packed", "crc")[number % 3]
    where = ("local", "central")[number // 3 % 2]
    value = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)[number // 6 % 4]
    return _at(members, number // 24, **{where: {field: value}})


def _flag(members: Members, number: int) -> Members:
    return _at(members, number // 16, flags=0x800 | 1 << number % 16)


def _method(members: Members, number: int) -> Members:
    return _at(members, number // 5, central={"method": (1, 9, 12, 14, 99)[number % 5]})


def _mode(members: Members, number: int) -> Members:
    kinds = (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFREG | 0o4755)
    return _at(members, number // 7, mode=kinds[number % 7] | 0o644)


def _comment(members: Members, number: int) -> Members:
    return _at(members, number, comment=b"a comment")


def _between(members: Members, number: int) -> Members:
    return _at(members, number, behind=b"\0" * (number % 5 + 1))


def _extra(members: Members, number: int) -> Members:
    extras = (b"", b"\x01\x00", struct.pack("<HHQQ", 1, 16, 5, 5), b"\x01\x00\xff\xff" + b"x" * 9)
    return _at(members, number // 4, extra=extras[number % 4])


def _link_out(members: Members, number: int) -> Members:
    target = ("/etc/passwd", "../../out", "a/../../..", "", "\0")[number % 5]
    return [*members, link("files/leaving", target)]


_CHANGES: tuple[Change, ...] = (
    *(_rename, _add, _double, _swap, _remove, _lie, _flag, _method, _mode, _comment, _between, _extra, _link_out),
)


@dataclass
class Bench:
    """A site that archives are thrown at, and what lies around it."""

    place: Place
    database: bytes
    around: dict[str, object]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    place = make_place(tmp_path_factory.mktemp("hostile"))
    source = place.root / "content.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("CREATE TABLE films (x)")
        connection.executemany("INSERT INTO films VALUES (?)", [(number,) for number in range(40)])
        connection.commit()
    yield Bench(place, source.read_bytes(), _around(place))
    shutil.rmtree(place.root)


def _around(place: Place) -> dict[str, object]:
    """Every file outside greenroom's own places, and the site."""
    own = [place.root / name for name in ("state", "backups", "thrown.zip")]
    return {
        "site": place.state(),
        **{
            str(path): path.read_bytes()
            for path in place.root.rglob("*")
            if path.is_file() and path.parent != place.database.parent
            if not any(path.is_relative_to(one) for one in (*own, place.uploads))
        },
    }


@pytest.mark.slow
@settings(
    derandomize=True, max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_is_refused_leaves_nothing_and_what_is_taken_is_right(bench: Bench, data: st.DataObject) -> None:
    form = native if data.draw(st.booleans()) else bare
    changes = data.draw(st.lists(st.tuples(st.sampled_from(_CHANGES), st.integers(0, 4000)), min_size=0, max_size=2))
    consistent = data.draw(st.booleans())
    members = list(SITE)
    if consistent:  # the hashes and counts are those of the changed archive
        for change, number in changes:
            members = change(members, number) if members else members
    whole = form(members, content_of_database=bench.database)
    if not consistent:
        for change, number in changes:
            whole = change(whole, number) if whole else whole
    try:
        raw = build(whole)
    except struct.error:
        return
    if data.draw(st.integers(0, 9)) == 0:
        raw = widened(raw)
    _throw(bench, raw, whole)


def _throw(bench: Bench, raw: bytes, members: Members) -> None:
    place = bench.place
    file = place.root / "thrown.zip"
    file.write_bytes(raw)
    try:
        record = adopt_archive(place.context, place.site, file, Reporter()).record
        marker = stage_restore(place.context, place.site, record, Reporter())
    except GreenroomError:
        _nothing_happened(bench)
        return
    contents = {one.raw_name: one.content for one in members}
    for target in marker.targets:
        assert target.staged.is_relative_to(target.work)
        if target.kind == "database":
            assert target.staged.read_bytes() == contents[b"database.db"]
            continue
        for path in target.staged.rglob("*"):
            status = path.lstat()
            assert not stat.S_IMODE(status.st_mode) & 0o7000 or path.is_symlink()
            if stat.S_ISREG(status.st_mode):
                assert path.read_bytes() == contents[b"files/" + os.fsencode(path.relative_to(target.staged))]
            elif path.is_symlink():
                assert path.resolve().is_relative_to(target.staged.resolve())
    if len(marker.targets) == 2:
        _apply_and_undo(bench, contents)
    else:
        cancel_restore(place.context, place.site)
    _nothing_happened(bench)


def _apply_and_undo(bench: Bench, contents: dict[bytes, bytes]) -> None:
    """The site becomes what was staged, and what it was again."""
    place = bench.place
    before = place.state()
    assert apply_restore(place.context, place.site, Reporter())
    assert place.database.read_bytes() == contents[b"database.db"]
    files = {f"files/{name}".encode() for name, (kind, *_) in tree_state(place.uploads).items() if kind == "file"}
    assert files <= contents.keys()
    assert undo_restore(place.context, place.site, Reporter()).state == "new"
    assert place.state() == before


def _nothing_happened(bench: Bench) -> None:
    place = bench.place
    assert read_marker(place.context.site_folder(place.site) / ".restore_pending") is None
    assert _around(place) == bench.around


def test_a_sound_archive_of_each_form_is_taken(bench: Bench) -> None:
    for form in (native, bare):
        file = bench.place.root / "thrown.zip"
        file.write_bytes(build(form(SITE, content_of_database=bench.database)))
        record = adopt_archive(bench.place.context, bench.place.site, file, Reporter()).record
        assert stage_restore(bench.place.context, bench.place.site, record, Reporter()).targets
        cancel_restore(bench.place.context, bench.place.site)
