"""What was cut off is settled by what the site has; and what a restore means for edits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from core.backup import create_backup
from core.databases.sessions import reading
from core.edits import (
    ConflictError,
    drop_draft,
    open_edits,
    publish,
    publish_data,
    publish_many,
    put_draft,
    revert,
    settle,
)
from core.errors import BusyError, GreenroomError, PartlyDoneError, UsageError
from core.filesystem import Committable, Filesystem
from core.forms import Json, Subject, revision_of
from core.progress import Reporter
from core.records import RecordForm, record_form
from core.restore.apply import apply_restore
from core.restore.stage import stage_restore
from tests.libraries import BASIC, FILM, TRIVIA, Library
from tests.support import make_place, open_place, run_until_killed

SUBJECT = Subject("basic_info", FILM)
_NOTED, _COMMITTED = 2, 3  # the steps of a publish that come next, where the site has edits already


def _killed(library: Library, step: int) -> Library:
    """Let a publish of `tagline` die before its step, and return the library as it is found then."""
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())
    assert run_until_killed(lambda disk: publish(library.opened(disk=disk).context, library.site, BASIC, FILM), step)
    assert library.edits.unsettled() == 1
    assert library.edits.log() == []
    return library


def test_what_the_site_has_is_done_at_the_next_publish_of_anything(library: Library) -> None:
    _killed(library, _COMMITTED)
    data, revision = {"items": []}, library.revision(TRIVIA)
    publish_data(library.context, library.site, TRIVIA, FILM, data, base_revision=revision)
    assert [head.subject.form for head in library.edits.log()] == ["trivia", "basic_info"]
    assert library.edits.drafts() == []
    assert library.edits.unsettled() == 0


def test_what_the_site_has_not_never_happened_and_its_draft_can_be_dropped(library: Library) -> None:
    _killed(library, _NOTED)
    with library.context.lock(library.site, "backup"), pytest.raises(BusyError):
        drop_draft(library.opened().context, library.site, SUBJECT)
    assert drop_draft(library.context, library.site, SUBJECT).data == {"tagline": "mine"}
    assert library.edits.log() == []
    assert library.edits.unsettled() == 0


def test_what_was_published_before_the_kill_has_no_draft_to_drop(library: Library) -> None:
    _killed(library, _COMMITTED)
    with pytest.raises(UsageError, match="no draft"):
        drop_draft(library.context, library.site, SUBJECT)


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE movies SET tagline = 'the application' WHERE external_id = ?",
        "UPDATE movies SET external_id = 'other' WHERE external_id = ?",
    ],
)
def test_where_the_site_has_neither_the_entry_is_uncertain_and_the_draft_stays(
    library: Library, meanwhile: str
) -> None:
    _killed(library, _COMMITTED)
    library.execute(meanwhile, FILM)
    with library.context.lock(library.site, "test"):
        [settled] = settle(library.edits)
    assert (settled.verdict, settled.subjects) == ("uncertain", (SUBJECT,))
    [head] = library.edits.log()
    assert head.status == "uncertain"
    assert "cut off" in head.notes[-1]
    assert library.edits.draft(SUBJECT) is not None
    assert library.edits.unsettled() == 0


class _Failing(Filesystem):
    """Does something in place of a commit, the how-manieth."""

    def __init__(self, at: int, act: Callable[[Committable], None]) -> None:
        self.left = at
        self.act = act

    def commit(self, transaction: Committable) -> None:
        self.left -= 1
        if self.left == 0:
            self.act(transaction)
        else:
            transaction.commit()


def _no_space(_transaction: Committable) -> None:
    raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_finished_is_said_and_made_up_for(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())
    failing = library.opened(disk=_Failing(3, _no_space))
    with pytest.raises(PartlyDoneError, match="the site has the change"):
        publish(failing.context, failing.site, BASIC, FILM)
    assert library.live()["tagline"] == "mine"
    with library.context.lock(library.site, "test"):
        [settled] = settle(library.edits)
    assert settled.verdict == "done"
    assert library.edits.drafts() == []


@pytest.mark.parametrize("at", [1, 2])
def test_a_failure_before_the_sites_commit_leaves_nothing(library: Library, at: int) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())
    sums = library.sums()
    failing = library.opened(disk=_Failing(at, _no_space))
    with pytest.raises(GreenroomError, match=r"No space left|no space is left"):
        publish(failing.context, failing.site, BASIC, FILM)
    assert library.sums() == sums
    with library.context.lock(library.site, "test"):
        settle(library.edits)
    assert library.edits.log() == []
    assert library.edits.unsettled() == 0
    assert library.edits.draft(SUBJECT) is not None


def test_a_database_that_refuses_the_commit_is_asked_and_has_nothing(library: Library) -> None:
    """A constraint that is deferred shows itself only there."""
    library.execute("CREATE TABLE rule (x REFERENCES movies (id) DEFERRABLE INITIALLY DEFERRED)")
    library.execute("CREATE TRIGGER breaks AFTER UPDATE OF tagline ON movies BEGIN INSERT INTO rule VALUES (-1); END")
    revision = library.revision()
    with pytest.raises(GreenroomError, match="the database refused"):
        publish_data(library.context, library.site, BASIC, FILM, {"tagline": "x"}, base_revision=revision)
    assert library.revision() == revision
    assert library.edits.unsettled() == 0
    assert library.edits.log() == []


def test_a_staged_restore_is_told_and_after_it_drafts_are_in_conflict(library: Library) -> None:
    context, site = library.context, library.site
    context.catalog.initialise()
    backup = create_backup(context, site, Reporter()).record
    put_draft(context, site, BASIC, FILM, {"tagline": "one"}, base_revision=library.revision())
    publish(context, site, BASIC, FILM)
    put_draft(context, site, BASIC, FILM, {"runtime": 1}, base_revision=library.revision())
    stage_restore(context, site, backup, Reporter())
    published = publish_data(context, site, TRIVIA, FILM, {"items": []}, base_revision=library.revision(TRIVIA))
    assert any("a restore is staged" in note for note in published.written.notes)
    assert published.entry is not None
    assert published.entry.notes == published.written.notes
    apply_restore(context, site, Reporter())
    with pytest.raises(ConflictError) as caught:
        publish(context, site, BASIC, FILM)
    assert {meeting.verdict for meeting in caught.value.comparison.meetings} == {"mine", "theirs"}


def test_a_site_whose_restore_was_cut_off_is_not_published_into(library: Library) -> None:
    context, site = library.context, library.site
    context.catalog.initialise()
    backup = create_backup(context, site, Reporter()).record
    stage_restore(context, site, backup, Reporter())
    marker = context.site_folder(site) / ".restore_pending"
    marker.write_text(marker.read_text().replace('"phase": "staged"', '"phase": "switching"'))
    with pytest.raises(GreenroomError, match="was interrupted in the middle"):
        publish_data(context, site, BASIC, FILM, {"runtime": 1}, base_revision=library.revision())


def test_only_the_file_of_edits_is_written_beside_the_site(library: Library) -> None:
    revision = library.revision()
    publish_data(library.context, library.site, BASIC, FILM, {"runtime": 1}, base_revision=revision)
    present = {path.name.removesuffix("-wal").removesuffix("-shm") for path in (library.root / "state").rglob("*.*")}
    assert present == {"edits.db"}
    with closing(sqlite3.connect(library.edits.file.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert library.edits.file.path.stat().st_mode & 0o077 == 0


def test_the_log_has_what_the_database_made_of_it(library: Library) -> None:
    """Triggers of the application change more than was asked for; a kill is settled, and reverted, all the same."""
    library.execute(
        "CREATE TRIGGER counts AFTER UPDATE OF tagline ON movies "
        "BEGIN UPDATE movies SET runtime = 999 WHERE id = new.id; END"
    )
    first = library.live()
    _killed(library, _COMMITTED)
    with library.context.lock(library.site, "test"):
        assert [one.verdict for one in settle(library.edits)] == ["done"]
    [head] = library.edits.log()
    assert set(head.fields) == {"tagline", "runtime"}
    assert library.edits.entry(head.id).after == library.live() == first | {"tagline": "mine", "runtime": 999}


def test_a_thing_that_is_named_twice_is_published_once(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())
    jobs = [(BASIC, FILM), (BASIC, FILM)]
    done = publish_many(library.context, library.site, jobs, reporter=Reporter())
    assert done.fields == {SUBJECT: ("tagline",)}
    assert len(library.edits.log()) == 1


def test_a_record_is_found_again_by_the_name_of_its_table(tmp_path: Path) -> None:
    """What was cut off is settled without the form that it was published with."""
    place = make_place(tmp_path / "place")

    def record() -> tuple[RecordForm, Json]:
        with reading(place.site.database_url()) as session:
            form = record_form(session, "films")
            return form, form.read(form.find(session, "3"))

    form, live = record()
    put_draft(place.context, place.site, form, "4", {"title": "another"})
    change = live | {"title": "changed"}
    assert run_until_killed(
        lambda disk: publish_data(
            open_place(place.root, disk=disk).context,
            place.site,
            form,
            "3",
            {"title": "changed"},
            base_revision=revision_of(live),
        ),
        _COMMITTED,
    )
    edits = open_edits(place.context, place.site)
    with place.context.lock(place.site, "test"):
        assert [one.verdict for one in settle(edits)] == ["done"]
    assert record()[1] == change
    [head] = edits.log()
    assert head.subject == Subject("table films", "3")
    revert(place.context, place.site, form, head.id)
    assert record()[1] == live
