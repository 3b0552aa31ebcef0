"""The file of edits: made when it is needed, refused where it cannot be understood, forgetting what is old."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from core.edits import DamagedEditsError, Draft, Unsaved, drop_draft, put_draft, put_drafts
from core.errors import GreenroomError, NotInitialisedError, UsageError
from core.forms import InvalidDataError, Subject, revision_of
from core.progress import Reporter
from tests.libraries import BASIC, FILM, TRIVIA, Library
from tests.support import START

SUBJECT = Subject("basic_info", FILM)


def test_nothing_is_made_by_looking(library: Library) -> None:
    edits = library.edits
    assert edits.drafts() == edits.log() == edits.unsaved() == []
    assert edits.draft(SUBJECT) is edits.base(SUBJECT, "x") is None
    assert edits.origins([SUBJECT]) == {}
    assert edits.unsettled() == 0
    edits.forget_unsaved(SUBJECT)
    with pytest.raises(UsageError, match="no entry 1"):
        edits.entry(1)
    with pytest.raises(UsageError, match="no draft"):
        drop_draft(library.context, library.site, SUBJECT)
    assert not library.context.site_folder(library.site).exists()


def test_drafts_are_told_by_form_and_key_the_newest_first(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"runtime": 1}, answers={("person", "X"): "p-1"})
    put_draft(library.context, library.site, TRIVIA, FILM, {"items": []}, merge_lists=True)
    put_draft(library.context, library.site, TRIVIA, "tmdb-27205", {"items": []})
    edits = library.opened().edits

    def told(**which: object) -> list[Subject]:
        return [head.subject for head in edits.drafts(**which)]

    assert told() == [Subject("trivia", "tmdb-27205"), Subject("trivia", FILM), SUBJECT]
    assert told(forms=["trivia"], keys=[FILM]) == [Subject("trivia", FILM)]
    assert told(keys=[FILM, "tmdb-27205"]) == told()
    assert told(forms=[]) == told(keys=[]) == []
    kept = edits.draft(SUBJECT)
    assert kept is not None
    assert kept.answers == {("person", "X"): "p-1"}
    put_draft(library.context, library.site, BASIC, FILM, {"runtime": 2})
    assert told()[0] == SUBJECT
    assert len(told()) == 3
    with pytest.raises(InvalidDataError):
        put_draft(library.context, library.site, BASIC, FILM, {"runtime": "long"})
    assert edits.draft(SUBJECT).data == {"runtime": 2}


def test_drafts_in_bulk_are_kept_all_or_none(library: Library) -> None:
    def drafts(count: int, *, fails: bool):
        for number in range(count):
            yield Draft(Subject("trivia", str(number)), {"items": []}, False, "manual", None, None, "A", START)
        if fails:
            raise UsageError("a file is broken")

    with pytest.raises(UsageError, match="a file is broken"):
        put_drafts(library.context, library.site, drafts(1000, fails=True), Reporter())
    assert library.edits.drafts() == []
    assert put_drafts(library.context, library.site, drafts(1000, fails=False), Reporter()) == 1000
    assert len(library.edits.drafts()) == 1000


def test_exports_are_remembered_for_ninety_days(library: Library) -> None:
    moment = START
    library = library.opened(clock=lambda: moment)
    old, new = {"items": [{"question": "\u00e9"}]}, {"items": []}
    library.edits.remember((Subject("trivia", str(number)), old) for number in range(2500))
    for number in (0, 2499):
        assert library.edits.base(Subject("trivia", str(number)), revision_of(old)) == old
    assert library.edits.base(Subject("trivia", "0"), revision_of(new)) is None
    moment += timedelta(days=60)
    library.edits.remember([(Subject("trivia", "1"), old)])  # exported once more, it counts from then
    moment += timedelta(days=60)
    library.edits.remember([(Subject("trivia", "0"), new)])
    known = [number for number in range(3) if library.edits.base(Subject("trivia", str(number)), revision_of(old))]
    assert known == [1]


def test_a_text_that_nobody_saved_is_kept_until_it_is_let_go(library: Library) -> None:
    text = '{"half \ud800 a "' + "x" * 10_000
    for words in ("first", text):
        library.edits.keep_unsaved(Unsaved(SUBJECT, words, "abc", "Anna", START))
    library.edits.keep_unsaved(Unsaved(Subject("trivia", FILM), "other", None, "Anna", START + timedelta(1)))
    assert [kept.text for kept in library.opened().edits.unsaved()] == ["other", text]
    library.edits.forget_unsaved(SUBJECT)
    assert [kept.text for kept in library.edits.unsaved()] == ["other"]
    reader = library.opened(read_only=True).edits
    reader.keep_unsaved(Unsaved(SUBJECT, "no", None, "Anna", START))
    reader.forget_unsaved(Subject("trivia", FILM))
    assert [kept.text for kept in library.edits.unsaved()] == ["other"]


def _edited(library: Library) -> Path:
    put_draft(library.context, library.site, BASIC, FILM, {"runtime": 1})
    return library.edits.file.path


def _alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_file_of_a_newer_greenroom_is_refused(library: Library) -> None:
    path = _edited(library)
    _alter(path, "PRAGMA user_version = 2")
    for use in (
        library.edits.drafts,
        lambda: put_draft(library.context, library.site, BASIC, FILM, {"runtime": 2}),
    ):
        with pytest.raises(NotInitialisedError, match="version 2, which this greenroom does not know: it ends at 1"):
            use()


def test_a_file_of_another_program_is_refused(library: Library) -> None:
    folder = library.context.site_folder(library.site)
    folder.mkdir(parents=True)
    _alter(folder / "edits.db", "CREATE TABLE theirs (x)")
    with pytest.raises(GreenroomError, match="not greenroom's"):
        library.edits.drafts()


def test_an_empty_file_that_a_kill_left_is_made_whole(library: Library) -> None:
    folder = library.context.site_folder(library.site)
    folder.mkdir(parents=True)
    (folder / "edits.db").touch()
    assert library.edits.drafts() == []
    _edited(library)
    assert len(library.edits.drafts()) == 1


@pytest.mark.parametrize("damage", ["header", "packed", "json"])
def test_a_damaged_file_says_what_is_lost_and_what_to_do(library: Library, damage: str) -> None:
    path = _edited(library)
    if damage == "header":
        path.write_bytes(b"no database" * 1000)
        for side in ("-wal", "-shm"):
            path.with_name(path.name + side).unlink(missing_ok=True)
    else:
        _alter(path, "UPDATE drafts SET " + ("data = x'00'" if damage == "packed" else "answers = '[['"))
    with pytest.raises(DamagedEditsError) as caught:
        library.edits.draft(SUBJECT)
    assert str(path) in caught.value.message
    assert "lost are drafts" in caught.value.hint
    for side in ("", "-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    _edited(library)
    assert library.edits.draft(SUBJECT) is not None
