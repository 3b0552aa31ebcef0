"""A Django project on each engine, driven in processes of its own, so that its settings reach no other test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.cli.conftest import House, clean_environment
from tests.engines.conftest import MakeDatabase, make_database, server_of

__all__ = ["make_database", "server_of"]

ENGINES = ("sqlite", "postgresql", "mysql")
_PROJECT = Path(__file__).parent / "project"
_BACKENDS = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}


@dataclass(frozen=True)
class Project:
    """The project with its database at a URL."""

    url: str

    def run(self, step: str, *words: str | Path) -> str:
        """Do a step of drive.py and return what it prints."""
        environment = {**clean_environment(), "NURSERY_DATABASE": json.dumps(self._settings())}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "drive.py", step, *map(str, words)],
            check=False,
            cwd=_PROJECT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def rows(self) -> list[str]:
        """Return all rows as dumpdata writes them, in an order of their own."""
        return sorted(json.dumps(_without_order(one), sort_keys=True) for one in json.loads(self.run("dump")))

    def _settings(self) -> dict[str, Any]:
        url = make_url(self.url)
        settings: dict[str, Any] = {
            "ENGINE": f"django.db.backends.{_BACKENDS[url.drivername]}",
            "NAME": url.database,
            "USER": url.username or "",
        }
        if url.drivername == "postgresql":
            settings["HOST"] = url.query["host"]
        if url.drivername == "mysql":
            settings["OPTIONS"] = {"unix_socket": url.query["unix_socket"], "charset": "utf8mb4"}
        return settings


def _without_order(record: dict[str, Any]) -> dict[str, Any]:
    """Many-to-many fields are sets."""
    fields = {
        name: sorted(value, key=str) if isinstance(value, list) and name != "likes" else value
        for name, value in record["fields"].items()
    }
    return {**record, "fields": fields}


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the export of a filled project, `backup.json.zip` and `backup.json`, and its dump, `rows.json`."""
    folder = tmp_path_factory.mktemp("exports")
    project = Project(f"sqlite:///{folder / 'source.db'}")
    project.run("migrate")
    project.run("fill")
    project.run("export_zip", folder / "backup.json.zip")
    project.run("export_file", folder / "backup.json")
    (folder / "rows.json").write_text(json.dumps(project.rows()))
    return folder


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "house").mkdir()
    return House(tmp_path / "house")


MakeSite = Callable[[str], Project]


@pytest.fixture
def make_site(house: House, make_database: MakeDatabase) -> MakeSite:
    """Make a migrated project on an engine, without rows of its own, and a site `app` of it."""

    def make(engine: str) -> Project:
        project = Project(make_database(engine))
        project.run("migrate")
        house.set_site("app", database=json.dumps(project.url), files="[]")
        house.done("init")
        return project

    return make
