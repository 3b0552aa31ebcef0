"""Many subjects at once: all or none, everything that is wrong said by subject."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.databases.sessions import reading
from core.edits import ConflictError, Draft, NotPublishedError, publish_many, put_drafts
from core.errors import CancelledError, UsageError
from core.forms import AmbiguousError, InvalidDataError, Subject, revision_of
from core.library.categories import CATEGORIES, category_named
from core.library.models import Movie
from core.progress import CancelToken, Reporter
from tests.libraries import BASIC, FILM, TRIVIA, Library
from tests.support import START

CAST = category_named("cast_crew")


def draft(form: str, key: str, data: dict[str, object], revision: str | None) -> Draft:
    return Draft(Subject(form, key), data, False, "manual", revision, None, "Anna", START)


def keys_of(library: Library) -> list[str]:
    with reading(library.site.database_url()) as session:
        return list(session.scalars(select(Movie.external_id).order_by(Movie.id)))


def test_all_of_a_library_goes_through_one_transaction(library: Library) -> None:
    drafts, jobs = [], []
    for key in keys_of(library):
        for form in CATEGORIES:
            data = library.live(form, key)
            changed = data | {"tagline": f"of {key}"} if form is BASIC else data | {"items": []}
            wanted = changed if form in (BASIC, TRIVIA) else data
            drafts.append(draft(form.name, key, wanted, revision_of(data)))
            jobs.append((form, key))
    assert put_drafts(library.context, library.site, iter(drafts), Reporter()) == len(jobs)
    done = publish_many(library.context, library.site, jobs, on_conflict="stop", reporter=Reporter())
    assert list(done.fields) == [Subject(form.name, key) for form, key in jobs]
    assert done.fields[Subject("basic_info", FILM)] == ("tagline",)
    assert done.fields[Subject("media", FILM)] == ()
    assert library.edits.drafts() == []
    assert len(library.edits.log(limit=10_000)) == done.changed
    for key in keys_of(library):
        assert library.live(BASIC, key)["tagline"] == f"of {key}"
        assert library.live(TRIVIA, key) == {"items": []}
    assert library.edits.unsettled() == 0


def test_everything_that_is_wrong_is_said_by_subject_and_nothing_is_written(library: Library) -> None:
    one, two, three = keys_of(library)[:3]
    library.execute("INSERT INTO people (external_id, name) VALUES ('a', 'Same Name'), ('b', 'same name')")
    sums = library.sums()
    revision = library.revision
    drafts = [
        draft("basic_info", one, {"tagline": "fine"}, revision(BASIC, one)),
        draft("basic_info", two, {"tagline": "from nowhere"}, None),
        draft("basic_info", three, {"runtime": -1}, revision(BASIC, three)),
        draft("cast_crew", one, {"directors": [{"name": "Same Name"}]}, revision(CAST, one)),
        draft("basic_info", "tmdb-0", {"runtime": 1}, None),
    ]
    put_drafts(library.context, library.site, drafts, Reporter())
    jobs = [(CAST if each.subject.form == "cast_crew" else BASIC, each.subject.key) for each in drafts]
    jobs.append((TRIVIA, one))
    with pytest.raises(NotPublishedError, match="5 drafts cannot be published") as caught:
        publish_many(library.context, library.site, jobs, on_conflict="stop", reporter=Reporter())
    kinds = {subject: type(error) for subject, error in caught.value.by_subject.items()}
    assert kinds == {
        Subject("basic_info", two): ConflictError,
        Subject("basic_info", three): InvalidDataError,
        Subject("cast_crew", one): AmbiguousError,
        Subject("basic_info", "tmdb-0"): UsageError,
        Subject("trivia", one): UsageError,
    }
    assert library.sums() == sums
    assert library.edits.log() == []
    assert library.edits.unsettled() == 0
    assert len(library.edits.drafts()) == len(drafts)


def test_a_request_to_stop_leaves_nothing(library: Library) -> None:
    sums = library.sums()
    put_drafts(
        library.context, library.site, [draft("basic_info", FILM, {"runtime": 1}, library.revision())], Reporter()
    )
    token = CancelToken()

    def jobs():
        yield BASIC, FILM
        token.cancel()

    with pytest.raises(CancelledError):
        publish_many(library.context, library.site, jobs(), on_conflict="stop", reporter=Reporter(token=token))
    assert library.sums() == sums
    assert library.edits.unsettled() == 0
    assert len(library.edits.drafts()) == 1
