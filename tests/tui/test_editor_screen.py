"""The editor: what is wrong is said and marked, what would change is shown, and nothing goes live unasked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import OptionList, Static

from core.edits import put_draft
from core.library.categories import category_named
from tests.tui.driver import NARROW, WIDE, Driver, choose
from tests.tui.editing import FILM, Library, editing, pane, put, put_data, subject

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def _underlined(driver: Driver) -> list[str]:
    """What is underlined in the text."""
    area = pane(driver).area
    found = []
    for number in range(area.document.line_count):
        line = area.get_line(number)
        found += [line.plain[span.start : span.end] for span in line.spans if getattr(span.style, "underline", False)]
    return found


@SIZES
@pytest.mark.keys("EditorScreen", "ctrl+s", "ctrl+g")
async def test_an_error_is_seen_and_mended_and_the_text_published(library: Library, size: tuple[int, int]) -> None:
    async with editing(library, "basic_info", size) as driver:
        assert "LIVE, as the site has it" in driver.text()
        screen = await driver.press("down", "end", "x")
        assert "line 2, column 25: x is no key; allowed: a key in double quotes" in screen
        assert " 2!" in screen, "the line is marked, not only underlined"
        assert _underlined(driver) == ["x"]
        await driver.press("ctrl+s")
        assert "something is wrong in the text" in driver.notices()
        screen = await driver.press("backspace")
        assert "no problem" in screen
        assert " 2!" not in screen
        assert _underlined(driver) == []

        await put_data(driver, year="2000")
        assert 'changed year: "1999" -> "2000"' in driver.text()
        assert "CHANGED, not saved" in driver.text()
        await driver.press("ctrl+s")
        assert "DRAFT of anna" in await driver.settle()
        assert library.live("basic_info")["year"] == "1999"
        draft = library.edits.draft(subject("basic_info"))
        assert draft is not None
        assert draft.data["year"] == "2000"

        screen = await driver.press("ctrl+g")
        assert driver.screen == "DecideScreen"
        assert 'changed year: "1999" -> "2000"' in screen
        assert driver.focused == "cancel"
        await driver.press("enter")
        assert library.live("basic_info")["year"] == "1999"
        await driver.press("ctrl+g")
        await choose(driver, "publish")
        assert library.live("basic_info")["year"] == "2000"
        assert "LIVE, as the site has it" in await driver.settle()
        assert library.edits.draft(subject("basic_info")) is None


@pytest.mark.keys("EditorScreen", "f8", "ctrl+n")
@pytest.mark.keys("ProblemList", "down", "enter")
async def test_ways_to_what_is_wrong(library: Library) -> None:
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await driver.press("f8")
        assert "nothing is wrong" in driver.notices()
        await put_data(driver, year=1999, runtime="long")
        assert "2 PROBLEMS" in driver.text()
        assert _underlined(driver) == ["1999", '"long"']
        for key, place in (("f8", (4, 11)), ("ctrl+n", (6, 14)), ("f8", (4, 11))):
            await driver.press(key)
            assert pane(driver).area.place == place
        screen = driver.text()
        assert "year: The year of release" in screen, "what is allowed at the cursor is told"
        await driver.press("tab", "down", "enter")
        assert pane(driver).area.place == (6, 14)
        assert pane(driver).area.has_focus


async def test_the_help_of_each_key_is_shown_wherever_on_its_line_the_cursor_is(library: Library) -> None:
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await driver.press("ctrl+home")
        assert _help(driver) == ""
        for key in ("title", "tagline", "year", "release_date"):
            await driver.press("down", "home", "home")
            assert pane(driver).area.place[1] == 1
            assert _help(driver).startswith(f"{key}: ")
            await driver.press("end")
            assert _help(driver).startswith(f"{key}: ")
    async with editing(library, "trivia", only=["trivia"]) as driver:
        await put(driver, '{"items": [\n {"question": "Who?", "category": "Cameo",\n  "answer": "He."}\n]}')
        for place, start in (((2, 4), "items[0].question"), ((3, 1), "items[0].answer"), ((4, 1), "items:")):
            pane(driver).area.go_to(*place)
            await driver.settle()
            assert _help(driver).startswith(start)


def _help(driver: Driver) -> str:
    """What is said of the field at the cursor."""
    return str(pane(driver).query_one(".sheet-help", Static).render())


@pytest.mark.keys("EditorScreen", "ctrl+l")
@pytest.mark.keys("EditLogScreen", "r", "escape")
@pytest.mark.keys("DecideScreen", "enter", "escape")
async def test_the_log_takes_back(library: Library) -> None:
    before = library.live("trivia")
    async with editing(library, "trivia") as driver:
        await put_data(driver, items=before["items"][1:])
        await driver.press("ctrl+g")
        await choose(driver, "publish")
        assert len(library.live("trivia")["items"]) == len(before["items"]) - 1
        screen = await driver.press("ctrl+l")
        assert "removed items" in screen
        await driver.press("r", "escape")
        await driver.press("r")
        assert driver.focused == "cancel"
        assert "added items" in driver.text()
        await choose(driver, "stop")
        assert library.live("trivia") == before
        assert await driver.shows("2 entries")
        await driver.press("escape")
        assert not pane(driver).is_unsaved, "the text follows what is live"
        assert pane(driver).text.count('"question"') == len(before["items"])
        assert [head.reverts for head in library.edits.log()] == [1, None]


@pytest.mark.parametrize(("answer", "year"), [("ours", "2001"), ("theirs", "2002")])
async def test_a_conflict_is_shown_and_decided(library: Library, answer: str, year: str) -> None:
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await put_data(driver, year="2001", rating="PG")
        library.somebody_publishes("basic_info", year="2002", runtime=140)
        screen = await driver.press("ctrl+g")
        assert "Somebody else changed it too" in screen
        assert "in conflict: year" in screen
        assert "only live: changed runtime: 139 -> 140" in screen
        assert driver.focused == "cancel"
        await choose(driver, answer)
        assert driver.screen == "DecideScreen", "the result is shown before it is written"
        await choose(driver, "publish")
    live = library.live("basic_info")
    assert (live["year"], live["runtime"], live["rating"]) == (year, 140, "PG")


async def test_what_somebody_changes_after_the_question_is_a_conflict_again(library: Library) -> None:
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await put_data(driver, year="2001")
        await driver.press("ctrl+g")
        library.somebody_publishes("basic_info", year="2002")
        await choose(driver, "publish")
        assert await driver.shows("Somebody else changed it too")
        await driver.press("escape")
        await driver.look()
        pane(driver).look()
        assert await driver.shows("SOMEBODY ELSE CHANGED WHAT IS LIVE")
    assert library.live("basic_info")["year"] == "2002"


@pytest.mark.keys("PickList", "down", "enter")
async def test_who_is_meant_is_asked(library: Library) -> None:
    cast = library.live("cast_crew")
    for name in ("person-a-double", "person-b-double"):
        cast["cast"].append({"id": name, "name": "Jo Double", "character": name, "image": None})
    library.somebody_publishes("cast_crew", cast=cast["cast"])
    cast = library.live("cast_crew")
    people = sum(person["name"] == "Jo Double" for person in cast["cast"])
    assert people == 2
    directors = [{"id": None, "name": "Jo Double", "image": None}]
    async with editing(library, "cast_crew", NARROW, only=["cast_crew"]) as driver:
        await put_data(driver, directors=directors)
        screen = await driver.press("ctrl+g")
        assert 'Which person is "Jo Double"?' in screen
        assert "a new person" in screen
        assert driver.app.screen.query_one(OptionList).option_count == 3
        await driver.press("down", "enter")
        assert "Publish" in driver.text()
        await choose(driver, "publish")
    meant = library.live("cast_crew")["directors"][0]["id"]
    assert meant == [person["id"] for person in cast["cast"] if person["name"] == "Jo Double"][1]


async def test_an_envelope_is_taken_for_its_data(library: Library) -> None:
    async with editing(library, "trivia") as driver:
        text = '```json\n{"category": "trivia", "movie_id": "tmdb-550", "data": {"items": [],}}\n```'
        screen = await put(driver, text)
        assert "this is a whole envelope: its data counts" in screen
        assert "left out a comma before a closing bracket" in " ".join(screen.split())
        assert "MADE FROM AN UNKNOWN STATE" in screen
        await put(driver, text.replace("550", "551"))
        assert await driver.shows("this is of something else")
        await put(driver, text)
        screen = await driver.press("ctrl+g")
        assert "Nobody knows which state this text was made from" in screen
        await choose(driver, "ours")
        await choose(driver, "publish")
    assert library.live("trivia") == {"items": []}


@pytest.mark.keys("EditorScreen", "ctrl+r")
async def test_a_draft_is_dropped(library: Library) -> None:
    async with editing(library, "basic_info", NARROW) as driver:
        await driver.press("ctrl+r")
        assert "there is no draft" in driver.notices()
        await put_data(driver, year="2003")
        await driver.press("ctrl+s")
        screen = await driver.press("ctrl+r")
        assert "Drop the draft?" in screen
        assert driver.focused == "no"
        await choose(driver, "yes")
        assert "LIVE, as the site has it" in await driver.settle()
        assert '"1999"' in pane(driver).text
    assert library.edits.draft(subject("basic_info")) is None


async def test_another_draft_is_not_lost_unseen(library: Library) -> None:
    bob = replace(library.context, actor="bob")
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await put_data(driver, year="2004")
        put_draft(bob, library.site, category_named("basic_info"), FILM, {"year": "2005"})
        screen = await driver.press("ctrl+s")
        assert "bob kept another draft" in screen
        await driver.press("enter")
        draft = library.edits.draft(subject("basic_info"))
        assert draft is not None
        assert draft.updated_by == "bob"
        await driver.press("ctrl+s")
        await choose(driver, "yes")
    draft = library.edits.draft(subject("basic_info"))
    assert draft is not None
    assert (draft.updated_by, draft.data["year"]) == ("anna", "2004")


async def test_read_only_shows_checks_and_compares(library: Library) -> None:
    seen = replace(library, context=replace(library.context, read_only=True))
    async with editing(seen, "basic_info", only=["basic_info"]) as driver:
        assert "READ-ONLY" in driver.text()
        await put_data(driver, year="2000")
        assert 'changed year: "1999" -> "2000"' in driver.text()
        for key in ("ctrl+s", "ctrl+g"):
            await driver.press(key)
            assert "greenroom is read-only" in driver.notices()
            driver.app.clear_notifications()
    assert not library.edits.file.path.exists()
