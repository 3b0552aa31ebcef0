"""--read-only and $GREENROOM_READ_ONLY: what changes, writes elsewhere or runs something is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import House

CHANGING = [
    ["init"],
    ["backup"],
    ["drill"],
    ["adopt", "some.zip"],
    ["copy", "latest", "elsewhere.zip"],
    ["pin", "latest"],
    ["unpin", "latest"],
    ["delete", "latest", "--yes"],
    ["prune", "--yes"],
    ["prune", "--confirm-rebuild", "--yes"],
    ["restore", "latest", "--stage", "--yes"],
    ["restore", "latest", "--now", "--yes"],
    ["restore-cancel"],
    ["apply"],
    ["undo", "--yes"],
    ["catalog", "rebuild"],
    ["demo", "elsewhere"],
]
READING = [
    ["status"],
    ["list"],
    ["show", "latest"],
    ["verify", "latest"],
    ["history"],
    ["prune"],
    ["restore", "latest", "--dry-run"],
    ["config", "check"],
    ["config", "show"],
    ["config", "schema"],
]


@pytest.fixture
def kept(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A site with a backup, found by GREENROOM_CONFIG too."""
    house.back_up()
    monkeypatch.setenv("GREENROOM_CONFIG", str(house.config))
    return house


def _files(root: Path) -> dict[str, bytes]:
    """The content of all files but the catalog's side files, which SQLite makes for readers too."""
    return {
        str(path): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.mark.parametrize("by", ["option before", "option behind", "environment"])
@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_what_changes_something_is_refused(
    kept: House, words: list[str], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _files(kept.root)
    if by == "environment":
        monkeypatch.setenv("GREENROOM_READ_ONLY", "1")
        ran = kept.greenroom(*words)
    else:
        ran = kept.greenroom("--read-only", *words) if by == "option before" else kept.greenroom(*words, "--read-only")
    assert ran.code == 2
    assert "read-only" in ran.err
    assert _files(kept.root) == before


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_only_reads_is_done(kept: House, words: list[str]) -> None:
    before = _files(kept.root)
    kept.done("--read-only", *words)
    assert _files(kept.root) == before


def test_status_says_that_it_is_read_only(kept: House) -> None:
    assert "read-only" in kept.done("status", "--read-only").out
    assert kept.done("status", "--read-only", "--json").json["read_only"] is True


def test_the_version_command_is_not_run(kept: House) -> None:
    kept.set_site("app", version_command=json.dumps("sh -c 'touch ran; echo 1.4'"))
    kept.done("--read-only", "restore", "latest", "--dry-run")
    assert not (kept.root / "ran").exists()
    kept.done("restore", "latest", "--dry-run")
    assert (kept.root / "ran").exists()


def test_another_configuration_is_refused_in_a_read_only_environment(
    kept: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = kept.root / "other.toml"
    other.write_bytes(kept.config.read_bytes())
    other.chmod(0o600)
    kept.done("list", "--config", str(other))
    monkeypatch.setenv("GREENROOM_READ_ONLY", "1")
    ran = kept.greenroom("list", "--config", str(other))
    assert ran.code == 2
    assert "another configuration" in ran.err
    assert kept.greenroom("list", "--config", str(kept.root / "missing.toml")).code == 2
    kept.done("list", "--config", os.path.relpath(kept.config))
    monkeypatch.delenv("GREENROOM_CONFIG")
    kept.done("list")
    monkeypatch.chdir(kept.root / "srv")
    assert kept.greenroom("list").code == 2


def test_a_read_only_variable_that_says_neither_yes_nor_no_is_an_error(
    kept: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREENROOM_READ_ONLY", "maybe")
    assert kept.greenroom("list").code == 2
