"""Categories of films exported from the list, and imported into it as drafts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from textual import events

from core.edits import open_edits
from core.forms import Subject
from core.library.categories import CATEGORIES
from tests.support import Place, open_place
from tests.tui.driver import NARROW, Driver, choose, drive, focus
from tests.tui.libraries import make_library
from tests.tui.test_library_screen import find
from tui.widgets.json_area import JsonArea

QUESTION = {"question": "Who?", "category": "Cameo", "answer": "He.", "explanation": None}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    return make_library(tmp_path)


def draft_of(place: Place, category: str, key: str = "tmdb-550") -> object:
    draft = open_edits(place.context, place.site).draft(Subject(category, key))
    return None if draft is None else draft.data


def envelope(category: str, data: object) -> str:
    return json.dumps({"category": category, "movie_id": "tmdb-550", "data": data})


async def type_path(driver: Driver, path: Path) -> str:
    await focus(driver, "path")
    await driver.press("ctrl+u")
    await driver.type(str(path))
    return await driver.press("enter")


@pytest.mark.keys("LibraryScreen", "a")
@pytest.mark.keys("ExportScreen", "escape", "question_mark")
async def test_a_film_or_what_was_found_is_exported(library: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    async with drive(library, NARROW) as driver:
        await driver.press("5")
        await find(driver, "fincher")
        await driver.press("a", "question_mark", "escape")
        await driver.press("escape")
        assert not list(out.iterdir())
        await driver.press("a")
        await choose(driver, "go")
        with zipfile.ZipFile(out / "tmdb-550-export.zip") as archive:
            assert len(archive.namelist()) == len(CATEGORIES)
        await driver.press("a", "down", "right", "right", "right", "right")
        await choose(driver, "go")
        exported = json.loads((out / "tmdb-550-trivia.json").read_text())
        assert exported["category"] == "trivia"
        await driver.press("a", "right")
        await choose(driver, "go")
        with zipfile.ZipFile(out / "app-export.zip") as archive:
            assert {name.split("/")[0] for name in archive.namelist()} == {"tmdb-550", "tmdb-807"}
        await driver.press("a")
        await choose(driver, "go")
        await driver.shows("exists already")


@pytest.mark.keys("LibraryScreen", "i")
@pytest.mark.keys("ImportedScreen", "escape", "question_mark", "up", "down", "pageup", "pagedown")
async def test_a_zip_is_imported_with_a_report_by_file(library: Place, tmp_path: Path) -> None:
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tmdb-550/trivia.json", envelope("trivia", {"items": [QUESTION]}))
        archive.writestr("tmdb-550/awards.json", envelope("awards", {"awards": [{"name": "[/red]"}]}))
    async with drive(library, NARROW) as driver:
        await driver.press("5", "i", "enter")
        screen = await type_path(driver, path)
        assert "Nothing was kept: 1 file of 2 cannot be taken in" in screen
        assert "tmdb-550/awards.json: WRONG" in screen
        assert draft_of(library, "trivia") is None
        await driver.press("up", "down", "pageup", "pagedown", "question_mark", "escape")
        screen = await choose(driver, "keep")
        assert "1 draft kept, 1 bad file left out" in screen
        assert draft_of(library, "trivia") == {"items": [QUESTION]}
        await driver.press("escape")
        await find(driver, "fight club")
        assert "draft" in driver.text()


@pytest.mark.keys("PasteScreen", "escape", "ctrl+s", "question_mark")
async def test_what_a_model_wrote_is_pasted(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("5")
        await find(driver, "fight club")
        await driver.press("i", "down", "enter")
        assert "it is about Fight Club" in await driver.settle()
        await driver.press("escape")
        assert driver.screen == "LibraryScreen"
        await driver.press("i", "down", "enter")
        text = f"Here it is:\n```json\n{json.dumps({'items': [QUESTION]})}\n```"
        driver.app.screen.query_one(JsonArea).post_message(events.Paste(text))
        screen = await driver.press("ctrl+s")
        assert "1 draft kept" in screen
        assert "trivia of tmdb-550" in screen
        assert "mended:" in screen
        assert draft_of(library, "trivia") == {"items": [QUESTION]}
        await driver.press("escape")
        await driver.press("i", "down", "enter")
        driver.app.screen.query_one(JsonArea).text = '{"items": [{"question": 1}]}'
        await focus(driver, "go")
        await driver.press("question_mark", "escape")
        screen = await driver.press("ctrl+s")
        assert "the pasted text: WRONG" in screen
        assert "line 1" in screen


@pytest.mark.parametrize("text", ['{"items": [{"question": 1}]}', "no JSON at all"])
async def test_a_pasted_text_that_fails_comes_back_to_be_mended(library: Place, text: str) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("5")
        await find(driver, "fight club")
        await driver.press("i", "down", "enter")
        driver.app.screen.query_one(JsonArea).text = text
        for _ in range(2):
            await driver.press("ctrl+s")
            assert driver.screen == "ImportedScreen"
            await driver.press("escape")
            assert driver.screen == "PasteScreen"
            assert driver.app.screen.query_one(JsonArea).text == text
            assert "it is about Fight Club" in driver.text()
        driver.app.screen.query_one(JsonArea).text = envelope("trivia", {"items": [QUESTION]})
        assert "1 draft kept" in await driver.press("ctrl+s")
        await driver.press("escape")
        assert driver.screen == "LibraryScreen"


async def test_a_pasted_text_that_cannot_be_kept_comes_back(library: Place) -> None:
    async with drive(library, NARROW) as driver:
        await driver.press("5", "i", "down", "enter")
        text = envelope("trivia", {"items": [QUESTION]})
        driver.app.screen.query_one(JsonArea).text = text
        folder = library.context.site_folder(library.site)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "edits.db").mkdir()
        await driver.press("ctrl+s")
        await driver.press("escape")
        assert driver.screen == "PasteScreen"
        assert driver.app.screen.query_one(JsonArea).text == text


async def test_where_greenroom_is_read_only_the_keys_say_so(library: Place, tmp_path: Path) -> None:
    async with drive(open_place(tmp_path, read_only=True)) as driver:
        await driver.press("5", "a", "i")
        assert driver.screen == "LibraryScreen"
        assert driver.notices().count("greenroom is read-only") == 2
