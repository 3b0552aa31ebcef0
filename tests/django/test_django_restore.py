"""An export of a Django project into a site: all its rows as Django sees them, and rows added by Django afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.django.conftest import ENGINES, MakeSite

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("form", ["backup.json.zip", "backup.json"])
@pytest.mark.parametrize("engine", ENGINES)
def test_all_rows_come_back(house: House, make_site: MakeSite, exports: Path, engine: str, form: str) -> None:
    project = make_site(engine)
    backup = house.done("adopt", str(exports / form), "--json").json["backup"]
    assert (backup["kind"], backup["foreign"], backup["verified_at"]) == ("portable", True, None)
    assert backup["created_by"] == "ada"
    preview = house.done("restore", backup["name"], "--dry-run", "--json").json["preview"]
    assert preview["blockers"] == []
    assert preview["losses"] == []
    house.done("restore", backup["name"], "--now", "--yes")
    assert project.rows() == json.loads((exports / "rows.json").read_text())
    project.run("use")
