"""Publishing killed at each step: the site is what it was or what it was to be, and the log agrees."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from core.databases.sessions import reading
from core.edits import Draft, publish, publish_data, publish_many, publishing, put_drafts, revert, settle
from core.filesystem import Filesystem
from core.forms import Subject, revision_of
from core.library.categories import CATEGORIES
from core.library.demo import write_demo
from core.library.models import Movie
from core.progress import Reporter
from tests.libraries import BASIC, FILM, Library, open_library
from tests.support import START, run_until_killed

_MOST_STEPS = 60
_EVENT = {"date": "2001-02-03", "title": "It", "description": "Happens", "category": "Premiere"}
_QUESTION = {"question": "Who?", "category": "Cameo", "answer": "Nobody"}
_AWARD = {"name": "Best", "year": 2001, "category": "All", "status": "Winner"}
_OFFER = {"platform": "Somewhere", "region": "XX", "type": "free"}
_CHANGED: dict[str, dict[str, object]] = {
    "basic_info": {"tagline": "changed"},
    "cast_crew": {"writers": [{"name": "A New Writer"}]},
    "timeline": {"events": [_EVENT]},
    "trivia": {"items": [_QUESTION]},
    "awards": {"awards": [_AWARD]},
    "media": {"trailer_url": "https://example.org/changed"},
    "streaming": {"streaming_options": [_OFFER]},
}


@pytest.fixture
def template(tmp_path: Path) -> Library:
    folder = tmp_path / "template"
    write_demo(folder, disk=Filesystem(), reporter=Reporter())
    return open_library(folder)


def keys_of(library: Library) -> list[str]:
    with reading(library.site.database_url()) as session:
        return list(session.scalars(select(Movie.external_id).order_by(Movie.id)))


def draft(library: Library, subject: Subject, data: dict[str, object]) -> Draft:
    form = next(form for form in CATEGORIES if form.name == subject.form)
    revision = revision_of(library.live(form, subject.key))
    return Draft(subject, data, False, "llm-generated", revision, None, "Anna", START)


def ends(template: Library, tmp_path: Path, verb: Callable[[Library], object]) -> list[tuple[bool, int]]:
    """Kill `verb` at each step; return for each whether the site is new, and what the log then has of it."""
    old, drafts, entries = template.sums(), template.edits.drafts(), len(template.edits.log(limit=1000))
    finished = tmp_path / "finished"
    shutil.copytree(template.root, finished)
    verb(open_library(finished))
    new = open_library(finished).sums()
    assert new != old
    found = []
    for at in range(1, _MOST_STEPS):
        root = tmp_path / f"kill_{at}"
        shutil.copytree(template.root, root)
        if not run_until_killed(lambda disk, root=root: verb(open_library(root, disk=disk)), at):
            break
        library = open_library(root)
        sums = library.sums()
        assert sums in (old, new), f"step {at}: neither old nor new"
        with library.context.lock(library.site, "test"):
            settle(library.edits)
        assert library.sums() == sums
        assert library.edits.unsettled() == 0
        logged = library.edits.log(limit=1000)[: -entries or None]
        assert {head.status for head in logged} <= {"done"}
        assert bool(logged) == (sums == new), f"step {at}: the log does not agree"
        assert library.edits.drafts() == ([] if sums == new else drafts), f"step {at}"
        if sums == old:
            verb(library)
            assert library.sums() == new, f"step {at}: it cannot be done again"
            logged = library.edits.log(limit=1000)[: -entries or None]
        assert len(logged) == len(open_library(finished).edits.log(limit=1000)) - entries
        origins = [head.subject for head in logged]
        assert {key: noted["fields"] for key, noted in library.edits.origins(origins).items()} == {
            key: noted["fields"] for key, noted in open_library(finished).edits.origins(origins).items()
        }
        found.append((sums == new, at))
        shutil.rmtree(root)
    else:
        raise AssertionError("the verb has no end")
    assert sum(before != after for (before, _), (after, _) in pairwise(found)) == 1, f"no single switch point: {found}"
    return found


def test_publish_killed_at_every_step_is_whole_or_never_was(template: Library, tmp_path: Path) -> None:
    put_drafts(
        template.context, template.site, [draft(template, Subject("basic_info", FILM), {"runtime": 1})], Reporter()
    )
    ends(template, tmp_path, lambda library: publish(library.context, library.site, BASIC, FILM))


@pytest.mark.slow
def test_the_first_edit_of_a_site_killed_at_every_step(template: Library, tmp_path: Path) -> None:
    revision = template.revision()
    ends(
        template,
        tmp_path,
        lambda library: publish_data(
            library.context, library.site, BASIC, FILM, {"runtime": 1}, base_revision=revision
        ),
    )


@pytest.mark.slow
def test_many_published_and_killed_at_every_step_are_all_or_none(
    template: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "A_BATCH", len(CATEGORIES))
    jobs = [(form, key) for key in keys_of(template)[:3] for form in CATEGORIES]
    drafts = [draft(template, Subject(form.name, key), _CHANGED[form.name]) for form, key in jobs]
    put_drafts(template.context, template.site, drafts, Reporter())
    ends(
        template,
        tmp_path,
        lambda library: publish_many(library.context, library.site, jobs, on_conflict="stop", reporter=Reporter()),
    )


@pytest.mark.slow
def test_a_revert_killed_at_every_step(template: Library, tmp_path: Path) -> None:
    data = {"tagline": "x", "country": "y"}
    entry = publish_data(template.context, template.site, BASIC, FILM, data, base_revision=template.revision()).entry
    assert entry is not None
    ends(template, tmp_path, lambda library: revert(library.context, library.site, BASIC, entry.id))
