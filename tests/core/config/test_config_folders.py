"""greenroom's own folders: private when made, told of when not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import Settings, load_settings, loose_permissions, prepare_folders
from core.errors import GreenroomError
from core.filesystem import Filesystem
from tests.support import as_a_user

TOP = 'state = "state"\nstorage = "backups"\n'
SITE = '[sites.app]\ndatabase = "sqlite:///app.db"\n'
Write = Callable[..., Path]
Load = Callable[..., Settings]


class Journal(Filesystem):
    """The real disk, and a list of what was asked of it."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def make_folder(self, path: Path, mode: int = 0o700) -> None:
        self.steps.append(f"make {path.name}")
        super().make_folder(path, mode)

    def fsync_folder(self, path: Path) -> None:
        self.steps.append(f"fsync {path.name}")
        super().fsync_folder(path)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_folders_are_made_private_and_durable(load: Load, tmp_path: Path) -> None:
    settings = load()
    disk = Journal()
    prepare_folders(settings, disk)
    assert mode_of(settings.state) == mode_of(settings.storage) == 0o700
    assert disk.steps == ["make state", f"fsync {tmp_path.name}", "make backups", f"fsync {tmp_path.name}"]
    assert loose_permissions(settings) == []
    prepare_folders(settings, disk)
    assert len(disk.steps) == 4


def test_missing_parents_are_made_too(write: Write, tmp_path: Path) -> None:
    settings = load_settings(write(f'state = "a/b/state"\nstorage = "a/backups"\n{SITE}'), environ={})
    prepare_folders(settings, Filesystem())
    assert mode_of(tmp_path / "a/b/state") == mode_of(tmp_path / "a/backups") == 0o700
    assert mode_of(tmp_path / "a") & 0o022 == 0


def test_another_process_may_make_them_meanwhile(load: Load) -> None:
    class Raced(Filesystem):
        def make_folder(self, path: Path, mode: int = 0o700) -> None:
            super().make_folder(path, mode)
            super().make_folder(path, mode)

    settings = load()
    prepare_folders(settings, Raced())
    assert settings.state.is_dir()


def test_a_file_in_the_way_is_told(load: Load) -> None:
    settings = load()
    settings.storage.write_text("")
    with pytest.raises(
        GreenroomError, match=f"cannot create the storage folder {settings.storage}: File exists"
    ) as caught:
        prepare_folders(settings, Filesystem())
    assert "`storage`" in caught.value.hint


def test_a_folder_that_cannot_be_written_is_told(load: Load, tmp_path: Path) -> None:
    settings = load()
    settings.state.mkdir(mode=0o500)

    def work() -> None:
        with pytest.raises(GreenroomError, match=f"the state folder {settings.state} cannot be written by this user"):
            prepare_folders(settings, Filesystem())

    as_a_user(tmp_path, work)


def test_looser_folders_are_told_and_left(load: Load) -> None:
    settings = load()
    assert loose_permissions(settings) == []
    settings.state.mkdir()
    settings.state.chmod(0o755)
    settings.storage.mkdir(mode=0o700)
    prepare_folders(settings, Filesystem())
    assert loose_permissions(settings) == [
        f"{settings.state} is open to others (mode 0755): chmod 700 {settings.state}"
    ]
    assert mode_of(settings.state) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_somebody_elses_folder_is_told(load: Load) -> None:
    settings = load()
    prepare_folders(settings, Filesystem())
    os.chown(settings.storage, 4711, -1)
    assert loose_permissions(settings) == [f"{settings.storage} belongs to uid 4711: chown 0 {settings.storage}"]


@pytest.mark.parametrize(
    ("catalog", "mode", "told"),
    [
        ("postgresql://u:hunter2@h/db", 0o644, True),
        ("postgresql://u:hunter2@h/db", 0o600, False),
        ("postgresql://u:${DB_PASSWORD}@h/db", 0o644, False),
        ("postgresql://u@h/db", 0o644, False),
    ],
)
def test_a_readable_configuration_with_a_password_is_told(write: Write, catalog: str, mode: int, told: bool) -> None:
    path = write(f'catalog = "{catalog}"\n{TOP}{SITE}', mode=mode)
    found = loose_permissions(load_settings(path, environ={}))
    assert bool(found) is told
    if told:
        assert found == [f"{path} is open to others (mode 0644): chmod 600 {path} (it holds a password)"]
