"""Two who edit the same at once, and an application that does not ask: nothing is lost without a word."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from core.edits import ConflictError, Published, publish, publish_data, put_draft
from core.errors import BusyError, GreenroomError
from core.forms import Subject
from tests.libraries import BASIC, FILM, TRIVIA, Library

SUBJECT = Subject("basic_info", FILM)
_EDITORS = 6
_ONE_WAY = (ConflictError, BusyError)


def _edit(library: Library, who: int, revision: str) -> Published:
    mine = library.opened(actor=f"editor {who}")
    return publish_data(mine.context, mine.site, BASIC, FILM, {"tagline": f"of {who}"}, base_revision=revision)


def test_of_threads_that_publish_at_once_one_wins_and_the_others_are_told(library: Library) -> None:
    revision, together = library.revision(), Barrier(_EDITORS)

    def edit(who: int) -> Published | GreenroomError:
        together.wait()
        try:
            return _edit(library, who, revision)
        except _ONE_WAY as error:
            return error

    with ThreadPoolExecutor(_EDITORS) as executor:
        ends = list(executor.map(edit, range(_EDITORS)))
    won = [who for who, end in enumerate(ends) if isinstance(end, Published)]
    assert len(won) == 1
    assert library.live()["tagline"] == f"of {won[0]}"
    assert [head.by for head in library.edits.log()] == [f"editor {won[0]}"]
    loser = (won[0] + 1) % _EDITORS
    with pytest.raises(ConflictError, match="somebody else"):
        _edit(library, loser, revision)


def test_of_processes_that_publish_at_once_one_wins(library: Library) -> None:
    revision = library.revision()
    reading, writing = os.pipe()
    children = []
    for who in range(_EDITORS):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(writing)
                os.read(reading, 1)  # until all are there
                _edit(library, who, revision)
                code = 0
            except _ONE_WAY:
                code = 2
            finally:
                os._exit(code)
        children.append(child)
    os.close(reading)
    os.close(writing)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(codes) == [0] + [2] * (_EDITORS - 1)
    assert library.live()["tagline"] == f"of {codes.index(0)}"
    assert len(library.edits.log()) == 1


def test_what_the_application_changes_behind_our_back_is_a_conflict(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())
    library.execute("UPDATE movies SET tagline = 'theirs' WHERE external_id = ?", FILM)
    with pytest.raises(ConflictError):
        publish(library.context, library.site, BASIC, FILM)
    assert library.live()["tagline"] == "theirs"
    library.execute("DELETE FROM trivia_items")
    library.execute("UPDATE movies SET external_id = 'gone' WHERE external_id = ?", FILM)
    with pytest.raises(GreenroomError, match="nothing with the key"):
        publish(library.context, library.site, BASIC, FILM, on_conflict="ours")


def test_lists_of_two_are_merged_by_item(library: Library) -> None:
    context, site = library.context, library.site
    first = library.live(TRIVIA)["items"]
    assert len(first) >= 2
    library.edits.remember([(Subject("trivia", FILM), {"items": first})])
    revision = library.revision(TRIVIA)
    theirs = [first[0] | {"answer": "theirs"}, *first[1:]]
    publish_data(context, site, TRIVIA, FILM, {"items": theirs}, base_revision=revision)
    new = {"question": "New?", "category": "Cameo", "answer": "Yes", "explanation": None}
    with pytest.raises(ConflictError):
        publish_data(context, site, TRIVIA, FILM, {"items": [new]}, merge_lists=True, base_revision=revision)
    data = {"items": [*first[:-1], new]}
    publish_data(context, site, TRIVIA, FILM, data, base_revision=revision, on_conflict="ours")
    assert library.live(TRIVIA)["items"] == [*theirs[:-1], new]


def test_a_draft_that_was_put_meanwhile_stays(library: Library) -> None:
    """The draft that was published goes; one that took its place while that was on the way does not."""
    context, site = library.context, library.site
    put_draft(context, site, BASIC, FILM, {"tagline": "one"}, base_revision=library.revision())

    class Meddling(type(context.disk)):
        def commit(self, transaction) -> None:
            super().commit(transaction)
            if library.edits.unsettled():  # the site's own commit, and all that follows
                put_draft(context, site, BASIC, FILM, {"tagline": "two"})

    meddled = library.opened(disk=Meddling())
    publish(meddled.context, site, BASIC, FILM)
    assert library.live()["tagline"] == "one"
    assert library.edits.draft(SUBJECT).data == {"tagline": "two"}
