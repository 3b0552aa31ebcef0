"""The text of the editor: undone, kept over a crash, copied, folded, tidied, given to another editor, large."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from core.databases.sessions import reading
from core.documents import write
from core.errors import GreenroomError, UsageError
from core.records import record_form
from tests.support import make_place
from tests.tui.driver import NARROW, Driver, choose, drive, drive_app
from tests.tui.editing import Library, editing, pane, put, put_data, subject
from tui.app import GreenroomApp
from tui.external_editor import edited, editor_command
from tui.screens.editor import EditorScreen, Sheet
from tui.screens.main import Surroundings
from tui.widgets import sheet_pane
from tui.widgets.problem_list import ProblemList


@pytest.mark.keys("EditorScreen", "f2", "f3")
@pytest.mark.keys("SheetBar", "left", "right")
@pytest.mark.keys("JsonArea", "ctrl+z", "ctrl+y")
async def test_each_sheet_keeps_its_text_and_its_undo(library: Library) -> None:
    async with editing(library, "basic_info", NARROW) as driver:
        start = pane(driver).text
        await put_data(driver, year="2000")
        changed = pane(driver).text
        screen = await driver.press("f3")
        assert pane(driver).sheet.form.name == "cast_crew"
        assert "*]" not in screen
        assert "* " in screen.splitlines()[1], "the tab that was left says that it has text that is not saved"
        await driver.press("f2")
        assert pane(driver).text == changed
        await driver.press("ctrl+z")
        assert pane(driver).text == start
        await driver.press("ctrl+y")
        assert pane(driver).text == changed
        await driver.press("shift+tab", "right")
        assert pane(driver).sheet.form.name == "cast_crew"
        await driver.press("left", "left")
        assert pane(driver).sheet.form.name == "streaming"
        await driver.click("#sheets", (3, 0))
        assert pane(driver).sheet.form.name == "basic_info"


@pytest.mark.keys("EditorScreen", "escape", "ctrl+q")
async def test_leaving_asks_and_forgets(library: Library) -> None:
    async with editing(library, "basic_info") as driver:
        await put_data(driver, year="2000")
        assert [one.subject for one in library.edits.unsaved()] == [subject("basic_info")]
        for key in ("escape", "ctrl+q"):
            screen = await driver.press(key)
            assert "the text of Basic information" in screen
            assert driver.focused == "no"
            await driver.press("enter")
            assert driver.screen == "EditorScreen"
        await driver.press("escape")
        await choose(driver, "yes")
        assert driver.screen == "BackupsScreen"
    assert library.edits.unsaved() == []


@pytest.mark.parametrize(("answer", "year"), [("no", "2000"), ("yes", "1999")])
async def test_a_crash_loses_no_text(library: Library, answer: str, year: str) -> None:
    async with editing(library, "basic_info") as driver:
        await put_data(driver, year="2000")
    library.somebody_publishes("basic_info", runtime=141)
    app = GreenroomApp(library.context)
    async with drive_app(app, NARROW) as driver:
        for words in ("Text was not saved; key 5 has it:", "movies: basic_info of tmdb-550"):
            assert any(words in line for line in driver.text().splitlines()), "it stands in one line"
    async with editing(library, "cast_crew") as driver:
        assert "Basic information*" in driver.text()
        driver.app.clear_notifications()
        screen = await driver.press("f2")
        assert "There is text that was not saved" in screen
        assert driver.focused == "no"
        await choose(driver, answer)
        assert f'"year": "{year}"' in pane(driver).text
        if answer == "no":
            assert await driver.shows("CHANGED BY SOMEBODY ELSE TOO"), "it is known what it was made from"
            assert library.edits.unsaved()
        else:
            assert library.edits.unsaved() == []


async def test_saved_text_is_not_offered(library: Library) -> None:
    async with editing(library, "basic_info") as driver:
        await put_data(driver, year="2000")
        await driver.press("ctrl+s")
    assert library.edits.unsaved() == []
    async with editing(library, "basic_info") as driver:
        assert driver.screen == "EditorScreen"
        assert '"2000"' in pane(driver).text
        assert "DRAFT of anna" in driver.text()


@pytest.mark.keys("EditorScreen", "f5", "ctrl+t", "ctrl+f")
async def test_copied_folded_tidied(library: Library) -> None:
    async with editing(library, "basic_info", NARROW) as driver:
        tall = pane(driver).area.size.height
        screen = await driver.press("ctrl+t")
        assert "No change to what is live" not in screen
        assert pane(driver).area.size.height > tall
        await driver.press("ctrl+t")
        assert "No change to what is live" in driver.text()
        await driver.press("f5")
        assert driver.app.clipboard == pane(driver).text
        assert "sent to the terminal's clipboard" in driver.notices()
        live = library.live("basic_info")
        await put(driver, f"here it is: {json.dumps({**live, 'year': '2000'})}")
        await driver.press("ctrl+f")
        assert pane(driver).text == write({**live, "year": "2000"})
        await put(driver, "no JSON")
        await driver.press("ctrl+f")
        assert "the text is no JSON yet" in driver.notices()


@pytest.mark.keys("EditorScreen", "f4", "e")
async def test_another_editor_takes_the_text(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "my editor"
    script.write_text('#!/bin/sh\nsed -i \'s/"1999"/"2000"/\' "$1"\n')
    script.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"'{script}'")
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await driver.press("f4")
        assert "cannot be given to another program" in driver.notices()
        went = []

        @contextmanager
        def suspend() -> Iterator[None]:
            """As Textual's, which goes on only where nothing is raised."""
            yield
            went.append("back")

        monkeypatch.setattr(driver.app, "suspend", suspend)
        await driver.press("f4")
        assert 'changed year: "1999" -> "2000"' in driver.text()
        changed = pane(driver).text
        script.write_text("#!/bin/sh\nexit 3\n")
        await driver.press("tab")
        assert driver.focused == "difference"
        screen = await driver.press("e")
        assert "it ended with 3" in screen
        assert went == ["back", "back"]
        await driver.press("enter")
        assert pane(driver).text == changed
        await driver.press("shift+tab", "ctrl+z")
        assert '"1999"' in pane(driver).text


def test_the_file_for_another_editor_is_private_and_gone(tmp_path: Path) -> None:
    script, seen = tmp_path / "editor", tmp_path / "seen"
    script.write_text(f'#!/bin/sh\nstat -c "%a %n" "$1" > {seen}\nprintf more >> "$1"\n')
    script.chmod(0o700)
    assert edited("text\n", [str(script)], "trivia.json") == "text\nmore"
    mode, name = seen.read_text().split()
    assert mode == "600"
    assert name.endswith("/trivia.json")
    assert not Path(name).parent.exists()
    assert stat.S_IMODE(tmp_path.stat().st_mode)


@pytest.mark.parametrize(
    ("does", "words"),
    [("exit 1", "it ended with 1"), ('rm "$1"', "took its file away"), ("printf '\\377' > \"$1\"", "not UTF-8")],
)
def test_another_editor_that_fails(tmp_path: Path, does: str, words: str) -> None:
    script = tmp_path / "editor"
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o700)
    with pytest.raises(GreenroomError, match=words):
        edited("text", [str(script)], "a.json")


def test_ctrl_c_in_another_editor_does_not_end_the_app(tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nkill -INT $PPID\nprintf b >> "$1"\n')
    script.chmod(0o700)
    assert edited("a", [str(script)], "a.json") == "ab"


def test_a_file_for_another_editor_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(GreenroomError, match="No such file"):
        edited("a", ["true"], "a.json")


def test_which_other_editor() -> None:
    assert editor_command({"EDITOR": "nano -w"}) == ["nano", "-w"]
    assert editor_command({"EDITOR": "nano", "VISUAL": "vim"}) == ["vim"]
    assert editor_command({"PATH": "/nowhere"}) == ["vi"]
    with pytest.raises(UsageError, match="EDITOR"):
        editor_command({"EDITOR": "'open"})
    with pytest.raises(GreenroomError, match="cannot be started"):
        edited("text", ["/nowhere/editor"], "a.json")


async def test_a_large_paste_is_taken_and_a_huge_one_refused(library: Library) -> None:
    items = [{"question": f"why {number}", "category": "Goofs", "answer": "x" * 4000} for number in range(250)]
    async with editing(library, "trivia", only=["trivia"]) as driver:
        large = write({"items": items})
        assert len(large) > 1_000_000
        await put(driver, large)
        assert pane(driver).text == large
        assert "over 5,000: split on export" in driver.text()
        before = pane(driver).text
        pane(driver).area.post_message(events.Paste("x" * (50 << 20)))
        await driver.settle()
        assert "nothing was pasted; up to 8 MiB are taken" in driver.notices()
        assert pane(driver).text == before


async def test_odd_line_ends_stay_within_a_text(library: Library) -> None:
    async with editing(library, "trivia", only=["trivia"]) as driver:
        item = '{"question": "a\u2028b", "category": "Goofs", "answer": "c\x85d"}'
        await put(driver, f'{{"items": [{item}]}}')
        assert "no problem" in driver.text()
        await driver.press("ctrl+s")
    draft = library.edits.draft(subject("trivia"))
    assert draft is not None
    assert (draft.data["items"][0]["question"], draft.data["items"][0]["answer"]) == ("a\u2028b", "c\x85d")


async def test_what_is_gone_is_said(library: Library) -> None:
    gone = replace(library)
    async with editing(gone, "trivia", only=["trivia"]) as driver:
        pane(driver).sheet = replace(pane(driver).sheet, key="tmdb-1")
        pane(driver).look()
        assert await driver.shows("tmdb-1 is not there any more")


@pytest.mark.keys("EditorScreen", *"123456sx", "f1", "question_mark", "q")
@pytest.mark.keys("DecideScreen", "up", "down", "pageup", "pagedown", "question_mark")
async def test_the_keys_of_the_app_wait_while_text_is_typed(library: Library) -> None:
    async with editing(library, "basic_info", NARROW, only=["basic_info"]) as driver:
        await driver.press("ctrl+home", *"123456sxq?")
        assert driver.screen == "EditorScreen"
        assert pane(driver).text.startswith("123456sxq?{")
        await driver.press("f1")
        assert driver.screen == "HelpScreen"
        assert "Publish: Make it live" in driver.text()
        await driver.press("escape", "ctrl+z")
        await put_data(driver, genres=[f"Genre {number}" for number in range(40)])
        screen = await driver.press("ctrl+g")
        assert driver.screen == "DecideScreen"
        for key in ("down", "pagedown", "up", "pageup"):
            scrolled = await driver.press(key)
            assert scrolled != screen or key == "pageup"
        await driver.press("question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape", "escape", "tab")
        assert driver.focused == "difference"
        await driver.press(*"123456sx")
        assert driver.screen == "EditorScreen"
        await driver.press("question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape", "q")
        assert "the text of Basic information" in driver.text()
        await choose(driver, "yes")
        assert not driver.app.is_running
    assert library.edits.unsaved() == []


@pytest.mark.keys("EditLogScreen", *"123456sx", "question_mark")
@pytest.mark.keys("LogList", "enter")
@pytest.mark.parametrize(
    "key",
    [
        pytest.param("q", marks=pytest.mark.keys("EditLogScreen", "q")),
        pytest.param("ctrl+q", marks=pytest.mark.keys("EditLogScreen", "ctrl+q")),
    ],
)
async def test_the_log_keeps_the_keys_to_itself(library: Library, key: str) -> None:
    library.somebody_publishes("basic_info", year="2002")
    async with editing(library, "basic_info", NARROW, only=["basic_info"]) as driver:
        await driver.press("ctrl+l", *"123456sx")
        assert driver.screen == "EditLogScreen"
        assert "bob" in driver.text()
        await driver.press("question_mark")
        assert driver.screen == "HelpScreen"
        await driver.press("escape", "enter", "escape")
        assert driver.focused == "log-list"
        await driver.press(key)
        assert not driver.app.is_running


@pytest.mark.keys("ProblemList", "up", "k", "j", "home", "ctrl+home", "end", "ctrl+end")
@pytest.mark.keys("EditorScreen", "f9")
async def test_moving_among_problems(library: Library) -> None:
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        await put_data(driver, title=1, year=1, runtime="x")
        await driver.press("f9")
        assert "something is wrong in the text" in driver.notices()
        await driver.press("tab")
        problems = driver.app.screen.query_one(ProblemList)
        places = []
        for key in ("end", "up", "k", "j", "home", "ctrl+end", "ctrl+home"):
            await driver.press(key)
            places.append(problems.highlighted)
        assert places == [2, 1, 0, 1, 0, 2, 0]


@pytest.mark.keys("EditorScreen", "f6")
async def test_a_template_is_copied_and_comes_back(library: Library) -> None:
    async with editing(library, "trivia") as driver:
        await driver.press("f6")
        template = driver.app.clipboard
        assert '"instructions"' in template
        assert "the template was sent to the terminal's clipboard" in driver.notices()
        await put(driver, template)
        assert "no problem" in driver.text()
        assert "No change to what is live" in driver.text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"question": "q", "category": "Goofs", "answer": "a"}]', "the list was taken for items"),
        ('{"trivia": [{"question": "q", "category": "Goofs", "answer": "a"}]}', "was taken for"),
    ],
)
async def test_what_a_model_leaves_out_is_filled_in_and_said(library: Library, text: str, said: str) -> None:
    async with editing(library, "trivia", only=["trivia"]) as driver:
        screen = await put(driver, text)
        assert "TAKEN SO" in screen
        assert said in screen
        assert 'added items "q"' in screen
        await put(driver, text.replace("Goofs", "Goof"))
        assert _where(driver) == [(1, text.index('"Goofs"') + 1)], "the place is that in the text as it stands"


def _where(driver: Driver) -> list[tuple[int, int]]:
    problems = driver.app.screen.query_one(ProblemList).problems
    return [(one.span.start.line, one.span.start.column) for one in problems if one.span is not None]


async def test_the_cursor_and_what_is_selected_are_seen_without_colours(library: Library) -> None:
    async with editing(library, "basic_info", only=["basic_info"]) as driver:
        area = pane(driver).area

        def reversed_in(line: int) -> str:
            return "".join(part.text for part in area.render_line(line) if part.style and part.style.reverse)

        await driver.press("ctrl+home", "down")
        assert [reversed_in(line) for line in range(3)] == ["", " ", ""]
        await driver.press("shift+end")
        assert reversed_in(1).strip() == '"title": "Fight Club",'


async def test_a_row_of_another_site_is_edited_as_a_film_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_pane, "SECONDS_OF_REST", 0.01)
    place = make_place(tmp_path)
    with reading(place.site.database_url()) as session:
        form = record_form(session, "films")
    async with drive(place, NARROW) as driver:
        surroundings = Surroundings(place.context, driver.app.workshop, driver.app.notes)
        driver.app.push_screen(EditorScreen(surroundings, place.site, [Sheet(form, "3", "films 3")]))
        screen = await driver.settle()
        assert '"film 2"' in screen
        await put(driver, screen := pane(driver).text.replace('"film 2"', "7"))
        assert "1 PROBLEM" in driver.text()
        await put(driver, screen.replace("7", '"better"'))
        assert await driver.shows('changed title: "film 2" -> "better"')
        await driver.press("f6")
        assert "there are templates of a film's categories only" in driver.notices()
        await driver.press("ctrl+g")
        await choose(driver, "publish")
        assert await driver.shows("LIVE, as the site has it")
    with closing(sqlite3.connect(place.database)) as connection:
        assert connection.execute("SELECT title FROM films WHERE id = 3").fetchone() == ("better",)
