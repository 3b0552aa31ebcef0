"""What goes wrong with `greenroom library` at its edges: names of all kinds, and what a script learns from an exit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.cli.test_cli_library import change, content

_NO_UTF8 = os.fsdecode(b"mira-\xff.json")


@pytest.fixture
def exported(library: House) -> Path:
    """Mira's library as it was when the test began."""
    (library.root / "backups").mkdir(mode=0o700)
    path = library.root / "exported.json"
    library.done("library", "export", "mira", "-o", str(path))
    return path


def test_a_file_whose_name_is_no_text_is_restored_and_the_restore_undone(library: House, exported: Path) -> None:
    path = exported.rename(exported.with_name(_NO_UTF8))
    before = content(library)
    change(library)
    changed = content(library)
    ran = library.greenroom("library", "restore", "mira", str(path), "--yes", "--json")
    assert (ran.code, ran.json["written"]) == (0, True), ran.err
    assert content(library) == before
    undone = library.done("library", "undo", "mira", "--yes", "--json").json["undone"]
    assert (undone["source"], undone["known"]) == ("mira-?.json", True)
    assert content(library) == changed
