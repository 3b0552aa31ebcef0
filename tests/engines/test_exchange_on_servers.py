"""All categories of all movies of a library on a real server: out as a ZIP file, changed, in again, published."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings, Site
from core.context import open_context
from core.edits import publish_many
from core.filesystem import Filesystem
from core.library.categories import CATEGORIES, category_named
from core.library.demo import write_demo
from core.library.exchange.inward import Terms, import_files
from core.library.exchange.outward import export_library
from core.library.films import FilmQuery
from core.progress import Reporter
from tests.engines.conftest import MakeDatabase
from tests.engines.libraries import copied_demo
from tests.support import SteppingClock


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_library_goes_out_and_in_again(engine: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    site = Site(name="movies", database=_served_demo(make_database(engine), tmp_path), files={}, folder=tmp_path)
    settings = Settings(source=tmp_path / "x", state=tmp_path / "state", storage=tmp_path / "b", sites={"movies": site})
    context = open_context(settings, clock=SteppingClock())

    def exported(name: str) -> dict[str, dict[str, Any]]:
        path = tmp_path / name
        export_library(context, site, FilmQuery(), CATEGORIES, path, reporter=Reporter())
        with zipfile.ZipFile(path) as archive:
            return {one: json.loads(archive.read(one)) for one in archive.namelist()}

    before = exported("before.zip")
    changed = {name: json.loads(json.dumps(envelope)) for name, envelope in before.items()}
    for envelope in changed.values():
        if envelope["category"] == "basic_info":
            envelope["data"]["tagline"] = f"The line of {envelope['movie_id']}"
        if envelope["category"] == "cast_crew":
            envelope["data"]["writers"].append({"id": None, "name": "Zoë Newcomer", "image": None})
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as archive:
        for name, envelope in changed.items():
            archive.writestr(name, json.dumps(envelope))

    done = import_files(context, site, tmp_path / "changed.zip", Terms(), skip_bad=False, reporter=Reporter())
    jobs = [(category_named(subject.form), subject.key) for subject in done.subjects]
    published = publish_many(context, site, jobs, reporter=Reporter())
    assert (done.bad, published.changed) == ([], 2 * len(before) // len(CATEGORIES))
    after = exported("after.zip")
    assert list(after) == list(before)
    newcomers = set()
    for name, envelope in after.items():
        data = envelope["data"]
        if envelope["category"] == "cast_crew":
            newcomers.add(data["writers"][-1]["id"])
            data["writers"][-1]["id"] = None
        assert data == changed[name]["data"]
    assert len(newcomers) == 1


def _served_demo(url: str, folder: Path) -> str:
    """Fill an empty database of a server with the demo, and return its URL."""
    demo = write_demo(folder / "demo", disk=Filesystem(), reporter=Reporter()).database
    copied_demo(demo, url)
    return url
