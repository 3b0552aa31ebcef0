"""A portable backup of a Django project's database into each engine, where Django goes on with it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.cli.conftest import House
from tests.django.conftest import ENGINES, MakeSite, Project
from tests.engines.conftest import MakeDatabase

pytestmark = pytest.mark.slow


def back_up(house: House, project: Project) -> str:
    project.run("fill")
    return str(house.done("backup", "app", "--kind", "portable", "--json").json["backup"]["name"])


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ENGINES)
def test_into_an_empty_database(
    house: House, make_site: MakeSite, make_database: MakeDatabase, source: str, target: str
) -> None:
    project = make_site(source)
    name = back_up(house, project)
    url = make_database(target)
    house.done("restore", name, "--into", url, "--now", "--yes")
    moved = replace(project, url=url)
    if source == target:
        assert moved.rows() == project.rows()
    moved.run("visit")


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ENGINES)
def test_into_the_tables_that_django_made(
    house: House, make_site: MakeSite, make_database: MakeDatabase, source: str, target: str
) -> None:
    """Engines without an interval keep a duration as a number: that is refused where the other has one, and named."""
    project = make_site(source)
    name = back_up(house, project)
    moved = Project(make_database(target))
    moved.run("migrate")
    house.set_site("new", database=json.dumps(moved.url), files="[]")
    words = ("restore", f"app/{name}", "--into", "new")
    preview = house.done(*words, "--dry-run", "--json").json["preview"]
    if (source == "postgresql") == (target == "postgresql"):
        assert preview["blockers"] == []
        house.done(*words, "--now", "--yes")
        assert moved.rows() == project.rows()
        moved.run("use")
        return
    (blocker,) = preview["blockers"]
    assert blocker.startswith("table nursery_feeding, column duration: ")
    tables = [one["name"] for one in preview["tables"] if one["name"] != "nursery_feeding"]
    house.done(*words, "--now", "--yes", *(word for one in tables for word in ("--table", one)))
    moved.run("visit")
