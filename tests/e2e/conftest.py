"""The demo site with a backup, made once and copied for each test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.documents import BIN, environment
from tests.e2e.held import Held


@pytest.fixture(scope="session")
def _films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo")
    for words in (("demo", "films"), ("--config", "films/greenroom.toml", "backup", "--quiet")):
        subprocess.run([BIN / "greenroom", *words], cwd=home, env=environment(home), capture_output=True, check=True)
    return home / "films"


@pytest.fixture
def films(_films: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(_films, tmp_path / "films", symlinks=True))


@pytest.fixture
def held(films: Path) -> Iterator[Held]:
    one = Held(films)
    yield one
    one.close()
