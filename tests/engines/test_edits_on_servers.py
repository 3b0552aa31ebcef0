"""Edits of a site on a real server: published in one transaction, against writers that do not ask, killed between."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.config import Settings, Site
from core.context import open_context
from core.databases.connect import open_server
from core.edits import (
    ConflictError,
    Draft,
    NotPublishedError,
    publish,
    publish_data,
    publish_many,
    publishing,
    put_draft,
    put_drafts,
    revert,
    settle,
)
from core.errors import BusyError, GreenroomError
from core.filesystem import Committable, Filesystem
from core.forms import Subject, revision_of
from core.library.demo import write_demo
from core.library.models import Base
from core.progress import Reporter
from tests.engines.conftest import MakeDatabase, run_sql
from tests.engines.libraries import copied_demo
from tests.libraries import BASIC, FILM, TRIVIA, Library
from tests.support import START, SteppingClock, run_until_killed

_SERVERS = ["postgresql", "mysql"]
SUBJECT = Subject("basic_info", FILM)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo(tmp_path_factory.mktemp("served") / "demo", disk=Filesystem(), reporter=Reporter()).database


@pytest.fixture(params=_SERVERS)
def library(request: pytest.FixtureRequest, make_database: MakeDatabase, demo: Path, tmp_path: Path) -> Library:
    url = make_database(request.param)
    copied_demo(demo, url)
    return opened(tmp_path, url)


def opened(root: Path, url: str, disk: Filesystem | None = None) -> Library:
    site = Site(name="movies", database=url, files={}, folder=root)
    settings = Settings(
        source=root / "greenroom.toml", state=root / "state", storage=root / "backups", sites={"movies": site}
    )
    return Library(root, replace(open_context(settings, disk=disk, clock=SteppingClock()), actor="Anna"), site)


def again(library: Library, disk: Filesystem | None = None) -> Library:
    return opened(library.root, library.site.database, disk)


def contents(library: Library) -> dict[str, Any]:
    engine = open_server(library.site.database)
    with Session(engine) as session:
        found = {
            table.name: [tuple(map(str, row)) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_publish_conflict_and_revert(library: Library) -> None:
    context, site, before, tables = library.context, library.site, library.live(), contents(library)
    library.edits.remember([(SUBJECT, before)])
    put_draft(context, site, BASIC, FILM, {"tagline": "mine", "imdb_rating": 8.1}, base_revision=revision_of(before))
    run_sql(site.database, f"UPDATE movies SET runtime = 1 WHERE external_id = '{FILM}'")
    with pytest.raises(ConflictError):
        publish(context, site, BASIC, FILM)
    published = publish(context, site, BASIC, FILM, on_conflict="ours")
    assert published.entry is not None
    changed = {"tagline": "mine", "imdb_rating": 8.1, "runtime": 1}
    assert library.live() == before | changed
    # What the log says is what the server has: else a kill could not be told from a success.
    assert library.edits.entry(published.entry.id).after == library.live()
    revert(context, site, BASIC, published.entry.id)
    assert library.live() == before | {"runtime": 1}
    run_sql(site.database, f"UPDATE movies SET runtime = {before['runtime']} WHERE external_id = '{FILM}'")
    assert contents(library) == tables


class _Between(Filesystem):
    """Lets somebody else act between the note of intent and the site's commit."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act
        self.left = 2

    def commit(self, transaction: Committable) -> None:
        self.left -= 1
        if self.left == 0:
            self.act()
        transaction.commit()


def test_a_writer_between_our_write_and_its_commit_loses_nothing(library: Library) -> None:
    """It waits for the row, here until it gives up."""
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())

    def write() -> None:
        with suppress(OperationalError):
            run_sql(_hasty(library.site.database), f"UPDATE movies SET tagline = 'theirs' WHERE external_id = '{FILM}'")
            wrote.append(True)

    wrote: list[bool] = []
    meddled = again(library, _Between(write))
    publish(meddled.context, meddled.site, BASIC, FILM)
    assert not wrote
    assert library.live()["tagline"] == "mine"
    assert [head.status for head in library.edits.log()] == ["done"]


def test_where_the_connection_is_lost_at_the_commit_nobody_says_how_it_ended(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())

    def cut_off() -> None:
        url = make_url(library.site.database)
        with open_server(url).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            ours, ending = _OTHERS[url.get_backend_name()]
            for number in connection.scalars(text(ours)).all():
                connection.execute(text(f"{ending} {number}" if "SELECT" not in ending else f"{ending}({number})"))

    meddled = again(library, _Between(cut_off))
    with pytest.raises(GreenroomError, match="not known"):
        publish(meddled.context, meddled.site, BASIC, FILM)
    assert library.edits.unsettled() == 1
    assert publish(library.context, library.site, BASIC, FILM).entry is not None
    assert library.live()["tagline"] == "mine"
    assert library.edits.unsettled() == 0


_OTHERS = {
    "postgresql": (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "SELECT pg_terminate_backend",
    ),
    "mysql": (
        "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
        "KILL",
    ),
}


def _hasty(url: str) -> str:
    """The same database for one who does not wait long for a lock."""
    if url.startswith("postgresql"):
        return f"{url}{'&' if '?' in url else '?'}options=-c%20lock_timeout%3D500"
    return f"{url}{'&' if '?' in url else '?'}init_command=SET%20innodb_lock_wait_timeout%3D1"


def test_killed_at_each_step_the_log_agrees_with_the_server(library: Library) -> None:
    old = library.live()
    revision = revision_of(old)
    library.edits.remember([(SUBJECT, old)])
    ends = []
    for at in range(1, 20):
        if not run_until_killed(
            lambda disk: publish_data(
                again(library, disk).context, library.site, BASIC, FILM, {"tagline": "new"}, base_revision=revision
            ),
            at,
        ):
            break
        live = library.live()
        assert live in (old, old | {"tagline": "new"})
        with library.context.lock(library.site, "test"):
            settle(library.edits)
        assert library.edits.unsettled() == 0
        logged = [head.status for head in library.edits.log(limit=100) if head.reverts is None]
        ends.append(live != old)
        assert logged == ["done"] * sum(ends)
        if ends[-1]:
            revert(library.context, library.site, BASIC, library.edits.log()[0].id)
        assert library.live() == old
    assert ends == [False, False, True]


def _drafts(library: Library, keys: list[str]) -> list[Draft]:
    return [
        Draft(Subject(form.name, key), data, False, "manual", revision_of(library.live(form, key)), None, "A", START)
        for key in keys
        for form, data in ((BASIC, {"tagline": f"of {key}"}), (TRIVIA, {"items": []}))
    ]


def test_many_at_once_and_all_of_them_undone_by_one_writer(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody changes the last thing after the transaction has begun: PostgreSQL sees it at the write."""
    keys = ["tmdb-27205", FILM]
    put_drafts(library.context, library.site, _drafts(library, keys), Reporter())
    before = contents(library)
    monkeypatch.setattr(publishing, "A_BATCH", 1)

    def jobs(*, meddling: bool):
        yield from ((form, keys[0]) for form in (BASIC, TRIVIA))
        if meddling:
            run_sql(library.site.database, f"UPDATE movies SET tagline = 'theirs' WHERE external_id = '{FILM}'")
        yield from ((form, keys[1]) for form in (BASIC, TRIVIA))

    with pytest.raises((BusyError, NotPublishedError)) as caught:
        publish_many(library.context, library.site, jobs(meddling=True), reporter=Reporter())
    if isinstance(caught.value, NotPublishedError):
        assert [type(error) for error in caught.value.by_subject.values()] == [ConflictError]
    assert {table for table, rows in contents(library).items() if rows != before[table]} == {"movies"}
    assert library.live()["tagline"] == "theirs"
    assert library.live(BASIC, keys[0])["tagline"] != f"of {keys[0]}"
    assert library.edits.log() == []
    assert library.edits.unsettled() == 0
    assert len(library.edits.drafts()) == 4
    done = publish_many(library.context, library.site, jobs(meddling=False), on_conflict="ours", reporter=Reporter())
    assert done.changed == 3  # of one film there is no trivia
    assert {library.live(BASIC, key)["tagline"] for key in keys} == {f"of {key}" for key in keys}
    assert library.edits.drafts() == []


def test_a_server_that_is_gone_is_said_and_changes_nothing(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"tagline": "mine"})
    nowhere = make_url(library.site.database).set(host="127.0.0.1", port=1)
    gone = opened(library.root, nowhere.render_as_string(hide_password=False))
    with pytest.raises(GreenroomError):
        publish(gone.context, gone.site, BASIC, FILM)
    assert library.edits.draft(SUBJECT) is not None
    assert library.edits.unsettled() == 0
