"""A fresh copy of the demo library each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.progress import Reporter
from tests.libraries import Library, open_library


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edits") / "demo"
    return write_demo(folder, disk=Filesystem(), reporter=Reporter()).database


@pytest.fixture
def library(demo: Path, tmp_path: Path) -> Library:
    root = tmp_path / "site"
    root.mkdir()
    (root / "backups").mkdir(mode=0o700)
    shutil.copy(demo, root / "app.db")
    return open_library(root)
