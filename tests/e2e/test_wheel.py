"""The wheel: what is in it, and that it works in an environment that holds nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.e2e.documents import ROOT

pytestmark = pytest.mark.slow

_WHEELHOUSE = ROOT / ".wheels"
_START_THE_APP = """
import asyncio, sys
from pathlib import Path
from core.config import load_settings
from core.context import open_context
import tui.app
from tui.app import GreenroomApp

async def start():
    app = GreenroomApp(open_context(load_settings(Path("greenroom.toml"))))
    async with app.run_test(size=(120, 40)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        print(type(app.screen).__name__)
        await pilot.press("q")

asyncio.run(start())
assert Path(tui.app.__file__).is_relative_to(sys.prefix), tui.app.__file__
"""


def _run(*command: str | Path, folder: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "PYTHON", "PIP_"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**kept, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, folder=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of commands of an environment in which only the wheel was installed."""
    assert _WHEELHOUSE.is_dir(), f"{_WHEELHOUSE} is missing: any target of the Makefile that sets up fills it"
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True, symlinks=True)
    commands = folder / "bin"
    _run(
        commands / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--find-links",
        _WHEELHOUSE,
        wheel,
        folder=folder,
    )
    return commands


def test_the_wheel_holds_what_it_needs_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert "screens.tcss" in names
    assert "core/library/films.json" in names
    migrations = {path.name for path in (ROOT / "core" / "catalog" / "migrations" / "versions").glob("*.py")}
    assert migrations <= {Path(name).name for name in names if name.startswith("core/catalog/migrations/versions/")}
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"core", "tui", "cli", "screens.tcss"}
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_an_installed_wheel_backs_up_and_opens_its_app(wheel: Path, clean: Path, tmp_path: Path) -> None:
    version = wheel.name.split("-")[1]
    greenroom = clean / "greenroom"
    assert version in _run(greenroom, "--version", folder=tmp_path)
    _run(greenroom, "demo", "films", folder=tmp_path)
    site = tmp_path / "films"
    _run(greenroom, "backup", folder=site)
    assert "completed" in _run(greenroom, "list", folder=site)
    assert "BackupsScreen" in _run(clean / "python", "-c", _START_THE_APP, folder=site)
