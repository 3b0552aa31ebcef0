"""The demo's library, and one of its users."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.filesystem import Filesystem
from core.library.demo import write_demo
from core.library.transfer import UserRow
from core.progress import Reporter
from tests.core.library.users.users_support import users_of
from tests.libraries import Library, open_library


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("users") / "demo", disk=Filesystem(), reporter=Reporter()).folder


@pytest.fixture
def library(demo: Path, tmp_path: Path) -> Library:
    (tmp_path / "app.db").write_bytes((demo / "app.db").read_bytes())
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "backups").mkdir(mode=0o700)
    return open_library(tmp_path)


@pytest.fixture
def user(library: Library) -> UserRow:
    return users_of(library)[0]
