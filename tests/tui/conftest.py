"""The sites that the app is driven on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support import Place, make_place
from tests.tui.driver import PRESSED
from tests.tui.editing import Library, open_library, write_library
from tests.tui.gate import Gate
from tui.widgets import sheet_pane

os.environ["LC_ALL"] = "C.UTF-8"
for _name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "SSH_CONNECTION", "SSH_TTY"):
    # Textual reads some of them when it is imported, which the tests do after this.
    os.environ.pop(_name, None)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test whose marker names a key must have pressed it there: what the guard counts is then no mere claim."""
    PRESSED.clear()
    result = yield
    for marker in pyfuncitem.iter_markers("keys"):
        where, *keys = marker.args
        never = [key for key in keys if (where, key) not in PRESSED]
        assert not never, f"the marker names {never} of {where}, and the test did not press them there"
    return result


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def gated(tmp_path: Path, gate: Gate) -> Place:
    return make_place(tmp_path, disk=gate)


@pytest.fixture(scope="session")
def written_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_library(tmp_path_factory.mktemp("library") / "demo")


@pytest.fixture
def library(tmp_path: Path, written_library: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The demo's movie library; the editor looks at what is typed without waiting for a pause."""
    monkeypatch.setattr(sheet_pane, "SECONDS_OF_REST", 0.01)
    shutil.copytree(written_library.parent, tmp_path / "demo", ignore=shutil.ignore_patterns("uploads"))
    (tmp_path / "demo" / "uploads").mkdir()
    return open_library(tmp_path / "demo" / written_library.name)
