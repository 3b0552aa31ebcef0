"""A folder of files as a sequence of entries."""

from __future__ import annotations

from pathlib import Path

from core.tree import EntryKind, walk_tree


def test_very_many_names_come_in_order(tmp_path: Path) -> None:
    names = [f"{number * 7919 % 9001:05}" for number in range(9000)]
    names += ["two words", "line\nbreak", "é", "\U0001f3ac"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "00500 folder").mkdir()
    (tmp_path / "00500 folder" / "inside").touch()
    walked = [entry.relative for entry in walk_tree(tmp_path)]
    assert walked == sorted([*names, "00500 folder", "00500 folder/inside"])


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    assert list(walk_tree(tmp_path)) == []
    (tmp_path / "empty").mkdir()
    assert [(entry.relative, entry.kind) for entry in walk_tree(tmp_path)] == [("empty", EntryKind.FOLDER)]
