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


@pytest.mark.parametrize("engine", ENGINES)
def test_what_came_since_goes_and_comes_back(house: House, make_site: MakeSite, exports: Path, engine: str) -> None:
    """Also from tables that had no rows when the export was made, and from those of many-to-many fields."""
    project = make_site(engine)
    house.done("adopt", str(exports / "backup.json.zip"))
    house.done("restore", "latest", "--now", "--yes")
    whole = project.rows()
    project.run("disturb")
    since = project.rows()
    house.done("restore", "backup", "--now", "--yes")
    assert project.rows() == whole
    house.done("undo", "app", "--yes")
    assert project.rows() == since


@pytest.mark.parametrize("engine", ENGINES)
def test_merged_with_what_came_since(house: House, make_site: MakeSite, exports: Path, engine: str) -> None:
    project = make_site(engine)
    house.done("adopt", str(exports / "backup.json"))
    house.done("restore", "backup", "--now", "--yes")
    whole = project.rows()
    project.run("disturb")
    house.done("restore", "backup", "--now", "--yes", "--mode", "merge")
    merged = project.rows()
    assert set(whole) <= set(merged)
    added = {json.loads(one)["model"] for one in set(merged) - set(whole)}
    assert added == {"auth.user", "nursery.child", "nursery.note"}
    project.run("use")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_that_the_database_refuses_changes_nothing(
    house: House, make_site: MakeSite, exports: Path, tmp_path: Path, engine: str
) -> None:
    project = make_site(engine)
    house.done("adopt", str(exports / "backup.json"))
    house.done("restore", "backup", "--now", "--yes")
    project.run("disturb")
    before = project.rows()
    document = json.loads((exports / "backup.json").read_text())
    document["data"]["nursery.feeding"][-1]["fields"]["child"] = 12345
    (tmp_path / "wrong.json").write_text(json.dumps(document))
    house.done("adopt", str(tmp_path / "wrong.json"))
    ran = house.greenroom("restore", "wrong", "--now", "--yes")
    assert ran.code == 1
    assert "nursery_feeding" in ran.err
    assert project.rows() == before
