"""Whose greenroom.toml is read: it names commands to run and folders to replace."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import load_settings
from core.config.find import MAX_FILE_BYTES, read_trusted_file
from core.errors import ConfigError
from tests.support import as_a_user

Write = Callable[..., Path]

ME = os.geteuid()
SOMEBODY = 4711
SOMEBODY_ELSE = 4712
only_root = pytest.mark.skipif(ME != 0, reason="only root can give files away")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o664])
def test_a_file_that_others_can_write_is_refused(write: Write, mode: int) -> None:
    path = write(mode=mode)
    with pytest.raises(ConfigError, match=rf"can be written by others \(mode {mode:04o}\)") as caught:
        load_settings(path, environ={})
    assert f"chmod go-w {path}" in caught.value.hint


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400, 0o640])
def test_a_file_that_others_can_only_read_is_taken(write: Write, mode: int) -> None:
    assert load_settings(write(mode=mode), environ={}).sites


def test_somebody_elses_file_is_refused_to_a_user(write: Write, tmp_path: Path) -> None:
    path = write()

    def work() -> None:
        told = f"belongs to uid {os.geteuid()}; the file must belong to you or root"
        with pytest.raises(ConfigError, match=told):
            read_trusted_file(path, caller=SOMEBODY)

    as_a_user(tmp_path, work)


@only_root
@pytest.mark.parametrize("caller", [0, SOMEBODY_ELSE])
def test_a_users_file_is_refused_to_root_and_to_other_users(write: Write, caller: int) -> None:
    path = write()
    os.chown(path, SOMEBODY, -1)
    allowed = "root" if caller == 0 else "you or root"
    with pytest.raises(ConfigError, match=f"belongs to uid {SOMEBODY}; the file must belong to {allowed}$"):
        read_trusted_file(path, caller=caller)


@only_root
def test_a_user_may_use_their_own_file_and_roots(write: Write) -> None:
    path = write()
    assert read_trusted_file(path, caller=SOMEBODY)
    os.chown(path, SOMEBODY, -1)
    assert read_trusted_file(path, caller=SOMEBODY)


def test_a_link_of_ones_own_is_followed(write: Write, tmp_path: Path) -> None:
    real = write(path=tmp_path / "real" / "other.toml")
    middle = tmp_path / "middle.toml"
    middle.symlink_to(Path("real/other.toml"))
    link = tmp_path / "greenroom.toml"
    link.symlink_to(middle)
    assert read_trusted_file(link) == real.read_bytes()
    # Relative paths count from the name that was given.
    assert load_settings(link, environ={}).state == tmp_path / "state"


@only_root
def test_somebody_elses_link_is_refused(write: Write, tmp_path: Path) -> None:
    write(path=tmp_path / "real.toml")
    link = tmp_path / "greenroom.toml"
    link.symlink_to("real.toml")
    os.chown(link, SOMEBODY, -1, follow_symlinks=False)
    with pytest.raises(ConfigError, match=f"{link} belongs to uid {SOMEBODY}; the link must belong to root$"):
        load_settings(link, environ={})


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").symlink_to("b.toml")
    (tmp_path / "b.toml").symlink_to("a.toml")
    with pytest.raises(ConfigError, match="leads in a circle"):
        load_settings(tmp_path / "a.toml", environ={})


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    """A pipe would wait for ever, a device never end."""
    path = tmp_path / "greenroom.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="is not a regular file"):
        load_settings(path, environ={})


def test_a_huge_file_is_not_read(write: Write) -> None:
    path = write("#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 1024 KiB"):
        load_settings(path, environ={})


@only_root
@pytest.mark.parametrize(("mode", "taken"), [(0o777, False), (0o1777, True), (0o755, True), (0o775, True)])
def test_root_minds_who_can_replace_the_file(write: Write, tmp_path: Path, mode: int, taken: bool) -> None:
    """The group that counts is any but root's own."""
    folder = tmp_path / "open"
    path = write(path=folder / "greenroom.toml")
    os.chown(folder, 0, 0)
    folder.chmod(mode)
    if taken:
        assert load_settings(path, environ={}).sites
        return
    with pytest.raises(ConfigError, match=f"others can write {folder}"):
        load_settings(path, environ={})


@only_root
def test_root_minds_a_folder_open_to_a_group(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "open"
    path = write(path=folder / "greenroom.toml")
    os.chown(folder, 0, SOMEBODY)
    folder.chmod(0o775)
    with pytest.raises(ConfigError, match=f"others can write {folder}"):
        load_settings(path, environ={})
    assert read_trusted_file(path, caller=SOMEBODY)


def test_an_unreadable_file_is_named(write: Write, tmp_path: Path) -> None:
    path = write(mode=0o000)

    def work() -> None:
        with pytest.raises(ConfigError, match=f"cannot read {path}: Permission denied"):
            load_settings(path, environ={})

    as_a_user(tmp_path, work)
