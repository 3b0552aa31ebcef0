"""The store that is a folder: what it writes, what it sees, and what it refuses to touch."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import GreenroomError, UsageError
from core.filesystem import Filesystem
from core.stores import DamagedStateError, FolderStore, Store, StoredState, checked_name, is_name, is_site

NOON = datetime(2026, 3, 1, 12, 0, 0, 999, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "storage"
    root.mkdir(mode=0o700)
    return root


@pytest.fixture
def store(root: Path) -> Store:
    store = FolderStore(root, Filesystem())
    store.prepare("app")
    return store


def _write_partial(store: Store, name: str, content: bytes = b"archive") -> None:
    with Filesystem().create(store.partial_path("app", name)) as file:
        file.write(content)


def _publish(store: Store, name: str) -> Path:
    _write_partial(store, name)
    return store.publish("app", name)


def test_an_archive_appears_when_it_is_published(store: Store, root: Path) -> None:
    _write_partial(store, "one")
    assert list(store.archives("app")) == []
    assert list(store.partials("app")) == ["one"]
    path = store.publish("app", "one")
    assert path == store.archive_path("app", "one") == root / "app" / "one.zip"
    assert path.read_bytes() == b"archive"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.has_archive("app", "one")
    assert list(store.archives("app")) == ["one"]
    assert list(store.partials("app")) == []


def test_no_archive_is_ever_overwritten(store: Store) -> None:
    _publish(store, "one")
    _write_partial(store, "one", b"another")
    with pytest.raises(GreenroomError, match=r"one\.zip is there already"):
        store.publish("app", "one")
    assert store.archive_path("app", "one").read_bytes() == b"archive"
    store.discard_partial("app", "one")
    assert list(store.partials("app")) == []
    assert store.has_archive("app", "one")


def test_every_half_made_file_is_found_and_discarded(store: Store, root: Path) -> None:
    left = ["a.zip.partial", "b.database.partial", "b.database.partial-journal", "c.database.partial-wal"]
    left += ["c.database.partial-shm", "d.state.json.partial"]
    for name in left:
        (root / "app" / name).write_bytes(b"half")
    assert store.database_partial_path("app", "b") == root / "app" / "b.database.partial"
    assert list(store.partials("app")) == ["a", "b", "c", "d"]
    for name in list(store.partials("app")):
        store.discard_partial("app", name)
        store.discard_partial("app", name)
    assert list((root / "app").iterdir()) == []


def test_a_deletion_can_be_taken_back_until_it_is_finished(store: Store, root: Path) -> None:
    _publish(store, "one")
    store.write_state("app", "one", StoredState(pinned=True))
    store.set_aside("app", "one")
    assert not store.has_archive("app", "one")
    assert (list(store.archives("app")), list(store.set_asides("app"))) == ([], ["one"])
    store.take_back("app", "one")
    assert (list(store.archives("app")), list(store.set_asides("app"))) == (["one"], [])
    store.set_aside("app", "one")
    store.erase_set_aside("app", "one")
    store.erase_set_aside("app", "one")
    assert list((root / "app").iterdir()) == []
    with pytest.raises(GreenroomError, match="No such file"):
        store.set_aside("app", "one")


def test_names_come_from_the_time_in_utc_and_never_twice(store: Store) -> None:
    berlin = timezone(timedelta(hours=1))
    assert store.free_name("app", datetime(2026, 3, 1, 13, 0, tzinfo=berlin)) == "backup_20260301_120000"
    assert store.free_name("never_backed_up", NOON) == "backup_20260301_120000"
    _publish(store, "backup_20260301_120000")
    assert store.free_name("app", NOON) == "backup_20260301_120000_2"
    _write_partial(store, "backup_20260301_120000_2")
    store.write_state("app", "backup_20260301_120000_3", StoredState())
    _publish(store, "backup_20260301_120000_4")
    store.set_aside("app", "backup_20260301_120000_4")
    assert store.free_name("app", NOON, {"backup_20260301_120000_5"}) == "backup_20260301_120000_6"
    with pytest.raises(ValueError, match="a time with a zone"):
        store.free_name("app", NOON.replace(tzinfo=None))


def test_a_sidecar_says_again_what_it_was_told(store: Store, root: Path) -> None:
    assert store.read_state("app", "one") is None
    state = StoredState(
        pinned=True,
        role="safety",
        origin="adopted",
        foreign=True,
        verified_at=NOON,
        description="größer\nthan before",
        safety_for="0123abcd",
        manifest_sha256="ab" * 32,
    )
    store.write_state("app", "one", state)
    assert store.read_state("app", "one") == state
    assert list(store.states("app")) == ["one"]
    assert stat.S_IMODE((root / "app" / "one.state.json").stat().st_mode) == 0o600
    store.write_state("app", "one", state.but(pinned=False, verified_at=None))
    changed = store.read_state("app", "one")
    assert changed is not None
    assert (changed.pinned, changed.verified_at, changed.role) == (False, None, "safety")
    store.remove_state("app", "one")
    store.remove_state("app", "one")
    assert list((root / "app").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged"),
        (b"\xff\xfe", "is damaged"),
        (b"[]", "is damaged"),
        (b'{"pinned": "perhaps"}', "is damaged: pinned"),
        (b'{"role": "king"}', "is damaged: role"),
        (b'{"verified_at": "2026-03-01T12:00:00"}', "is damaged: verified_at"),
        (b'{"format_version": 2}', "has version 2, this greenroom knows 1"),
        (b"[" * 100_000, "is damaged"),
        (b" " * (2 << 20), "is not a sidecar"),
    ],
)
def test_a_damaged_sidecar_is_reported_and_harms_nothing(
    store: Store, root: Path, content: bytes, message: str
) -> None:
    (root / "app" / "one.state.json").write_bytes(content)
    with pytest.raises(DamagedStateError, match=message) as caught:
        store.read_state("app", "one")
    assert "one.state.json" in caught.value.message
    assert caught.value.hint
    assert list(store.states("app")) == ["one"]


def test_a_key_of_a_later_greenroom_is_passed_over(store: Store, root: Path) -> None:
    (root / "app" / "one.state.json").write_text('{"format_version": 1, "pinned": true, "colour": "red"}')
    assert store.read_state("app", "one") == StoredState(pinned=True)


def test_no_link_is_followed(store: Store, root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('{"pinned": true}')
    (root / "app" / "one.zip").symlink_to(secret)
    (root / "app" / "one.state.json").symlink_to(secret)
    (root / "other").symlink_to(tmp_path)
    assert list(store.archives("app")) == []
    assert not store.has_archive("app", "one")
    assert store.sites() == ["app"]
    with pytest.raises(DamagedStateError, match="is not a sidecar"):
        store.read_state("app", "one")
    for attempt in (lambda: store.prepare("other"), lambda: list(store.archives("other"))):
        with pytest.raises(GreenroomError) as caught:
            attempt()
        assert "symbolic link" in caught.value.hint
    store.write_state("app", "one", StoredState())
    assert secret.read_text() == '{"pinned": true}'


def test_what_is_not_greenrooms_is_named_and_not_listed(store: Store, root: Path) -> None:
    _publish(store, "one")
    folder = root / "app"
    for name in ("my backup.zip", ".hidden.zip", "notes.txt", "x.zip.zip"):
        (folder / name).touch()
    (folder / "folder.zip").mkdir()
    (folder / "link.zip").symlink_to("one.zip")
    (root / "Not a site").mkdir()
    (root / "file").touch()
    assert list(store.archives("app")) == ["one"]
    assert store.sites() == ["app"]
    assert [path.name for path in store.unknown_entries("app")] == [
        ".hidden.zip", "folder.zip", "link.zip", "my backup.zip", "notes.txt", "x.zip.zip",
    ]  # fmt: skip


def test_a_site_without_a_folder_has_nothing(store: Store) -> None:
    for names in (store.archives, store.partials, store.states, store.set_asides, store.unknown_entries):
        assert list(names("shop")) == []
    store.discard_partial("shop", "one")
    assert store.read_state("shop", "one") is None


def test_a_missing_root_is_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "mnt" / "storage", Filesystem())
    attempts: list[Callable[[], object]] = [
        lambda: store.prepare("app"),
        store.sites,
        store.free_bytes,
        lambda: list(store.archives("app")),
        lambda: store.free_name("app", NOON),
        lambda: store.write_state("app", "one", StoredState()),
    ]
    for attempt in attempts:
        with pytest.raises(GreenroomError, match="the storage cannot be used") as caught:
            attempt()
        assert "mounted" in caught.value.hint
    assert store.loose_permissions() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder(store: Store, root: Path) -> None:
    (root / "shop").touch()
    with pytest.raises(GreenroomError) as caught:
        store.prepare("shop")
    assert "not a folder" in caught.value.hint


class _FailingDisk(Filesystem):
    """A disk on which each kind of step fails with a chosen error."""

    def __init__(self, number: int) -> None:
        self._error = OSError(number, os.strerror(number), "/storage/app/x")

    def rename(self, source: Path, target: Path) -> None:
        raise self._error

    def unlink(self, path: Path) -> None:
        raise self._error

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        raise self._error

    def create(self, path: Path, mode: int = 0o600) -> NoReturn:
        raise self._error


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EACCES, "the user that the storage belongs to"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "the disk reports errors"),
        (errno.EBUSY, "look at the disk"),
    ],
)
def test_a_disk_that_fails_is_said_with_what_to_do(store: Store, root: Path, number: int, hint: str) -> None:
    _publish(store, "one")
    _write_partial(store, "two")
    failing = FolderStore(root, _FailingDisk(number))
    for attempt in (
        lambda: failing.prepare("shop"),
        lambda: failing.publish("app", "two"),
        lambda: failing.discard_partial("app", "two"),
        lambda: failing.set_aside("app", "one"),
        lambda: failing.write_state("app", "one", StoredState()),
    ):
        with pytest.raises(GreenroomError, match="/storage/app/x") as caught:
            attempt()
        assert hint in caught.value.hint
    assert list(store.archives("app")) == ["one"]


def test_what_others_can_read_is_reported(store: Store, root: Path) -> None:
    path = _publish(store, "one")
    store.write_state("app", "one", StoredState())
    assert store.loose_permissions() == []
    path.chmod(0o640)
    path.parent.chmod(0o755)
    assert store.loose_permissions() == [
        f"{path.parent} is open to others (mode 0755): chmod 700 {path.parent}",
        f"{path} is open to others (mode 0640): chmod 600 {path}",
    ]


def test_there_is_room(store: Store, root: Path) -> None:
    status = os.statvfs(root)
    assert 0 < store.free_bytes() <= status.f_blocks * status.f_frsize


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "-rf", "_x", "a/b", "../a", "a\\b", "a b", "a\n", "a\0", "ä", "x.zip", "a" * 201],
)
def test_a_name_that_could_be_a_path_or_an_option_is_refused(store: Store, root: Path, name: str) -> None:
    for attempt in (
        lambda: checked_name(name),
        lambda: store.archive_path("app", name),
        lambda: store.publish("app", name),
        lambda: store.read_state("app", name),
        lambda: store.discard_partial("app", name),
        lambda: store.set_aside("app", name),
    ):
        with pytest.raises(UsageError, match="not allowed as the name of a backup"):
            attempt()
    assert list((root / "app").iterdir()) == []


@pytest.mark.parametrize("site", ["", ".", "..", "App", "a/b", "-x", "a.b", "a" * 64, "a\n"])
def test_a_site_that_could_be_a_path_is_refused(store: Store, root: Path, site: str) -> None:
    for attempt in (lambda: store.prepare(site), lambda: list(store.archives(site))):
        with pytest.raises(UsageError, match="not allowed as the name of a site"):
            attempt()
    assert [path.name for path in root.iterdir()] == ["app"]


@settings(derandomize=True, max_examples=200)
@given(st.text(alphabet=st.characters(), max_size=220) | st.from_regex(r"[A-Za-z0-9._-]{1,210}", fullmatch=True))
def test_an_allowed_name_is_one_plain_part_of_a_path(name: str) -> None:
    store = FolderStore(Path("/storage"), Filesystem())
    if is_name(name):
        for path in (store.archive_path("app", name), store.database_partial_path("app", name)):
            assert path.parent == Path("/storage/app")
            assert len(os.fsencode(path.name)) <= 255 - len("-journal")
            assert not path.name.startswith((".", "-"))
            assert name.isprintable()
    else:
        with pytest.raises(UsageError) as caught:
            store.archive_path("app", name)
        assert caught.value.message.isprintable()
    if is_site(name):
        assert store.archive_path(name, "one").parent == Path("/storage") / name
