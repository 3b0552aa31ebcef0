"""The sites that the app is driven on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import Place, make_place
from tests.tui.gate import Gate

os.environ["LC_ALL"] = "C.UTF-8"
for _name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_ANIMATIONS", "SSH_CONNECTION", "SSH_TTY"):
    # Textual reads some of them when it is imported, which the tests do after this.
    os.environ.pop(_name, None)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def gated(tmp_path: Path, gate: Gate) -> Place:
    return make_place(tmp_path, disk=gate)
