"""The demo site: with a backup, made once and copied for each test; or new, with a terminal of tmux in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.documents import BIN, environment
from tests.e2e.held import Held
from tests.e2e.tmux import SECONDS, Terminal


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


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    subprocess.run(
        [str(BIN / "greenroom"), "demo", str(folder)],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    return folder


@pytest.fixture
def terminal(site: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("the walk goes through tmux, which is not installed here")
    one = Terminal(site, f"greenroom-walk-{os.getpid()}")
    yield one
    one.close()
