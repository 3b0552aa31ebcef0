"""Drafts made live: what changes, what does not, and what is remembered of it."""

from __future__ import annotations

import pytest

from core.databases.sessions import reading
from core.edits import (
    ConflictError,
    drop_draft,
    origin_of,
    preview,
    publish,
    publish_data,
    put_draft,
    revert,
    source_of,
)
from core.errors import BusyError, GreenroomError, UsageError
from core.forms import InvalidDataError, Subject, revision_of
from core.library.categories import category_named
from tests.libraries import BASIC, FILM, TRIVIA, Library

SUBJECT = Subject("basic_info", FILM)


def test_a_draft_is_kept_and_published_and_logged(library: Library) -> None:
    before, sums = library.live(), library.sums()
    data = {"tagline": "How much can you know about yourself?"}
    context, site = library.context, library.site
    assert library.edits.draft(SUBJECT) is None
    assert not library.edits.file.path.exists()
    draft = put_draft(context, site, BASIC, FILM, data, source="llm-generated", base_revision=library.revision())
    assert library.edits.draft(SUBJECT) == draft
    assert [head.subject for head in library.edits.drafts(keys=[FILM])] == [SUBJECT]
    assert library.sums() == sums
    published = publish(context, site, BASIC, FILM)
    assert published.written.updated_fields == ("tagline",)
    assert library.live() == before | data
    assert {name for name, sum_ in library.sums().items() if sums[name] != sum_} == {"movies"}
    assert library.edits.drafts() == []
    [head] = library.edits.log()
    assert head == published.entry
    assert (head.status, head.source, head.fields, head.by) == ("done", "llm-generated", ("tagline",), "Anna")
    entry = library.edits.entry(head.id)
    assert (entry.before, entry.after) == (before, before | data)
    assert library.edits.unsettled() == 0


def test_what_equals_the_live_data_publishes_to_nothing_whatever_it_was_made_from(library: Library) -> None:
    live = library.live()
    put_draft(library.context, library.site, BASIC, FILM, {"title": live["title"]})
    published = publish(library.context, library.site, BASIC, FILM)
    assert published.entry is None
    assert published.written.changes == ()
    assert library.edits.draft(SUBJECT) is None
    assert library.edits.log() == []


def test_an_empty_list_is_published(library: Library) -> None:
    assert library.live(TRIVIA)["items"]
    revision = library.revision(TRIVIA)
    published = publish_data(library.context, library.site, TRIVIA, FILM, {"items": []}, base_revision=revision)
    assert published.written.updated_fields == ("items",)
    assert library.live(TRIVIA) == {"items": []}


def test_a_draft_from_nowhere_is_a_conflict_until_somebody_decides(library: Library) -> None:
    context, site, before = library.context, library.site, library.live()
    put_draft(context, site, BASIC, FILM, {"tagline": "mine", "overview": None})
    with pytest.raises(ConflictError) as caught:
        publish(context, site, BASIC, FILM)
    assert caught.value.subject == SUBJECT
    assert not caught.value.comparison.base_known
    assert "tagline" in caught.value.message
    assert library.live() == before
    assert library.edits.draft(SUBJECT) is not None
    assert publish(context, site, BASIC, FILM, on_conflict="theirs").entry is None
    assert library.live() == before
    put_draft(context, site, BASIC, FILM, {"tagline": "mine"})
    publish(context, site, BASIC, FILM, on_conflict="ours")
    assert library.live()["tagline"] == "mine"


def test_a_change_by_another_is_met_three_way_against_the_remembered_export(library: Library) -> None:
    context, site = library.context, library.site
    exported = library.live()
    library.edits.remember([(SUBJECT, exported)])
    mine = exported | {"tagline": "mine", "runtime": 1}
    put_draft(context, site, BASIC, FILM, mine, base_revision=revision_of(exported))
    library.execute("UPDATE movies SET runtime = 2, country = 'Elsewhere' WHERE external_id = ?", FILM)
    with pytest.raises(ConflictError) as caught:
        publish(context, site, BASIC, FILM)
    met = {meeting.steps: meeting.verdict for meeting in caught.value.comparison.meetings}
    assert met == {("tagline",): "mine", ("runtime",): "conflict", ("country",): "theirs"}
    assert caught.value.comparison.after == exported | {"tagline": "mine", "runtime": 1, "country": "Elsewhere"}
    publish(context, site, BASIC, FILM, on_conflict="theirs")
    assert library.live() == exported | {"tagline": "mine", "runtime": 2, "country": "Elsewhere"}
    publish_data(context, site, BASIC, FILM, mine, base_revision=revision_of(exported), on_conflict="ours")
    assert library.live() == exported | {"tagline": "mine", "runtime": 1, "country": "Elsewhere"}


def test_the_log_knows_a_state_that_was_never_exported(library: Library) -> None:
    context, site, first = library.context, library.site, library.live()
    publish_data(context, site, BASIC, FILM, {"runtime": 1}, base_revision=revision_of(first))
    draft = put_draft(context, site, BASIC, FILM, {"tagline": "mine"}, base_revision=revision_of(first))
    assert draft.base == first
    publish(context, site, BASIC, FILM, on_conflict="ours")
    assert library.live() == first | {"runtime": 1, "tagline": "mine"}


def test_an_entry_is_taken_back_and_that_as_well(library: Library) -> None:
    context, site, first = library.context, library.site, library.live()
    one = publish_data(context, site, BASIC, FILM, {"runtime": 1}, base_revision=revision_of(first)).entry
    publish_data(context, site, BASIC, FILM, {"tagline": "mine"}, base_revision=library.revision())
    assert one is not None
    back = revert(context, site, BASIC, one.id)
    assert library.live() == first | {"tagline": "mine"}
    assert back.entry is not None
    assert back.entry.reverts == one.id
    assert library.edits.entry(one.id).head.reverted_by == back.entry.id
    again = revert(context, site, BASIC, back.entry.id)
    assert library.live() == first | {"tagline": "mine", "runtime": 1}
    assert again.entry is not None
    assert library.edits.entry(one.id).head.reverted_by is None
    assert library.edits.entry(back.entry.id).head.reverted_by == again.entry.id


def test_what_was_changed_again_is_not_taken_back_silently(library: Library) -> None:
    context, site, first = library.context, library.site, library.live()
    one = publish_data(context, site, BASIC, FILM, {"runtime": 1, "tagline": "x"}, base_revision=revision_of(first))
    library.execute("UPDATE movies SET runtime = 2 WHERE external_id = ?", FILM)
    assert one.entry is not None
    with pytest.raises(ConflictError, match="runtime"):
        revert(context, site, BASIC, one.entry.id)
    assert library.live() == first | {"runtime": 2, "tagline": "x"}
    revert(context, site, BASIC, one.entry.id, on_conflict="theirs")
    assert library.live() == first | {"runtime": 2}
    with pytest.raises(UsageError, match="no entry 99"):
        revert(context, site, BASIC, 99)
    with pytest.raises(UsageError, match="not of trivia"):
        revert(context, site, TRIVIA, one.entry.id)


def test_a_preview_says_exactly_and_changes_nothing(library: Library) -> None:
    sums = library.sums()
    data = {"genres": ["drama", "Soap Opera"]}
    seen = preview(library.opened(read_only=True).context, library.site, BASIC, FILM, data)
    assert seen.comparison.after["genres"] == ["Drama", "Soap Opera"]
    assert any("new genre" in note for note in seen.written.notes)
    assert library.sums() == sums
    assert not library.edits.file.path.exists()
    with pytest.raises(InvalidDataError):
        preview(library.context, library.site, BASIC, FILM, {"runtime": "long"})
    with pytest.raises(UsageError, match="nothing with the key"):
        preview(library.context, library.site, BASIC, "tmdb-0", {"runtime": 1})


def test_sources_count_while_the_value_is_the_same(library: Library) -> None:
    context, site = library.context, library.site

    def sources() -> dict[str, str]:
        with reading(site.database_url()) as session:
            origin = origin_of(library.edits, BASIC, BASIC.find(session, FILM))
            assert source_of(origin) == ("llm-generated" if "llm-generated" in origin.sources.values() else "tmdb")
            return dict(origin.sources)

    first = sources()
    assert first["tagline"] == "tmdb"
    data = {"tagline": "a model's", "country": "Nowhere"}
    entry = publish_data(
        context, site, BASIC, FILM, data, base_revision=library.revision(), source="llm-generated"
    ).entry
    assert sources() == first | {"tagline": "llm-generated", "country": "llm-generated"}
    library.execute("UPDATE movies SET tagline = 'by the application' WHERE external_id = ?", FILM)
    assert sources() == first | {"country": "llm-generated"}
    library.execute("UPDATE movies SET tagline = ? WHERE external_id = ?", data["tagline"], FILM)
    assert entry is not None
    revert(context, site, BASIC, entry.id)
    assert sources() == first


def test_nothing_is_published_read_only_or_while_the_site_is_in_use(library: Library) -> None:
    put_draft(library.context, library.site, BASIC, FILM, {"runtime": 1}, base_revision=library.revision())
    sums = library.sums()
    reader = library.opened(read_only=True)
    for verb in (
        lambda: publish(reader.context, reader.site, BASIC, FILM),
        lambda: put_draft(reader.context, reader.site, BASIC, FILM, {"runtime": 2}),
        lambda: drop_draft(reader.context, reader.site, SUBJECT),
        lambda: revert(reader.context, reader.site, BASIC, 1),
    ):
        with pytest.raises(UsageError):
            verb()
    reader.edits.remember([(SUBJECT, library.live())])
    assert reader.edits.base(SUBJECT, library.revision()) is None
    with library.context.lock(library.site, "backup"), pytest.raises(BusyError):
        publish(library.opened().context, library.site, BASIC, FILM)
    assert library.sums() == sums
    dropped = drop_draft(library.context, library.site, SUBJECT)
    assert dropped.data == {"runtime": 1}
    for verb in (drop_draft, lambda context, site, subject: publish(context, site, BASIC, FILM)):
        with pytest.raises(UsageError, match="no draft"):
            verb(library.context, library.site, SUBJECT)


def test_in_a_conflict_two_people_of_one_name_stay_two(library: Library) -> None:
    crew = category_named("cast_crew")
    first = {"id": "nm-a", "name": "Jane Same", "image": "https://example.org/a.jpg"}
    library.execute("INSERT INTO people (external_id, name) VALUES ('nm-a', 'Jane Same'), ('nm-b', 'Jane Same')")
    publish_data(
        library.context,
        library.site,
        crew,
        FILM,
        {"cast": [first]},
        base_revision=library.revision(crew),
        merge_lists=True,
    )
    base = library.live(crew)
    publish_data(library.context, library.site, crew, FILM, {"writers": []}, base_revision=revision_of(base))

    publish_data(
        library.context,
        library.site,
        crew,
        FILM,
        {"cast": [{"id": "nm-b", "name": "Jane Same"}]},
        merge_lists=True,
        base=base,
        base_revision=revision_of(base),
        on_conflict="ours",
    )

    found = [(item["id"], item["image"]) for item in library.live(crew)["cast"] if item["name"] == "Jane Same"]
    assert found == [("nm-a", "https://example.org/a.jpg"), ("nm-b", None)]


def test_what_was_meant_for_one_person_does_not_reach_another_of_the_name(library: Library) -> None:
    crew, context, site = category_named("cast_crew"), library.context, library.site
    library.execute("INSERT INTO people (external_id, name) VALUES ('nm-a', 'Jane Same'), ('nm-b', 'Jane Same')")
    first, second = {"id": "nm-a", "name": "Jane Same"}, {"id": "nm-b", "name": "Jane Same"}
    publish_data(context, site, crew, FILM, {"directors": [first]}, base_revision=library.revision(crew))
    base = library.live(crew)
    publish_data(context, site, crew, FILM, {"directors": [second]}, base_revision=library.revision(crew))

    publish_data(
        context,
        site,
        crew,
        FILM,
        {"directors": [{**first, "image": "https://example.org/a.jpg"}]},
        base=base,
        base_revision=revision_of(base),
        on_conflict="ours",
    )

    assert library.live(crew)["directors"] == [{**first, "image": "https://example.org/a.jpg"}]


def test_a_row_that_the_database_silently_keeps_is_an_error(library: Library) -> None:
    library.execute("CREATE TRIGGER keep BEFORE UPDATE ON movies BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(GreenroomError, match="kept a row as it was"):
        publish_data(library.context, library.site, BASIC, FILM, {"tagline": "new"}, base_revision=library.revision())
    assert not library.edits.unsettled()
