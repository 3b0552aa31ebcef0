"""What `make demo` does where there is no terminal."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.documents import BIN, ROOT, environment
from tests.support import database_state, tree_state


def _run(command: list[str], home: Path) -> str:
    done = subprocess.run(
        command,
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _make_demo(folder: Path, home: Path) -> str:
    return _run(["sh", str(ROOT / "cli" / "demo.sh"), str(BIN), str(folder)], home)


@pytest.mark.slow
def test_the_demo_proves_a_backup_and_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    site = tmp_path / "demo"
    _run([str(BIN / "greenroom"), "demo", str(site)], tmp_path)
    before = database_state(site / "app.db"), tree_state(site / "uploads")

    first = _make_demo(site, tmp_path)
    assert (database_state(site / "app.db"), tree_state(site / "uploads")) == before
    assert "undo" in first.lower()
    assert set(re.findall(r"backup_\d{8}_\d{6}(?:_\d+)?", first)) == {
        path.stem for path in (site / "backups" / "movies").glob("*.zip")
    }

    again = _make_demo(site, tmp_path)
    assert (database_state(site / "app.db"), tree_state(site / "uploads")) == before
    assert len(re.findall(r"backup_\d{8}_\d{6}", again)) > len(re.findall(r"backup_\d{8}_\d{6}", first))


@pytest.mark.slow
def test_the_demo_makes_its_site_where_there_is_none(tmp_path: Path) -> None:
    site = tmp_path / "demo"
    _make_demo(site, tmp_path)
    assert (site / "greenroom.toml").is_file()
    assert len(list((site / "uploads" / "posters").glob("*.png"))) >= 40
