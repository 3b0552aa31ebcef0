"""The category commands: out, in, drafts, publishing, the way back; on a library that has something in everything."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.library.categories import CATEGORIES, FILE_NAMES
from tests.cli.categories import exported, given, sums
from tests.cli.conftest import GREENROOM, House, clean_environment

each_category = pytest.mark.parametrize("name", FILE_NAMES)


def without_times(envelope: dict[str, Any]) -> dict[str, Any]:
    return {**envelope, "exported_at": None, "metadata": {**envelope["metadata"], "last_updated": None}}


@each_category
def test_what_is_exported_imports_publishes_and_is_exported_again_the_same(library: House, name: str) -> None:
    text = library.done("category", "export", "tmdb-550", name).out
    before = sums(library)
    assert all(json.loads(text)["data"].values())
    done = given(library, text, "category", "import", "-", "--publish", "--json")
    assert (done.code, done.json["success"], done.json["updated_fields"]) == (0, True, [])
    again = library.done("category", "export", "tmdb-550", name).out
    assert without_times(json.loads(again)) == without_times(json.loads(text))
    assert sums(library) == before


@each_category
def test_what_was_emptied_is_filled_again_from_the_export(library: House, name: str) -> None:
    """All that may be cleared is cleared and published, and then the export brings every row of it back."""
    text = library.done("category", "export", "tmdb-550", name).out
    envelope = json.loads(text)
    envelope["metadata"].pop("revision")
    schema = next(one for one in CATEGORIES if one.file_name == name).schema()["properties"]
    empty = {key: [] if about.get("type") == "array" else None for key, about in schema.items() if key != "title"}
    ours = ("category", "import", "-", "--publish", "--on-conflict", "ours")
    emptied = given(library, json.dumps({**envelope, "data": empty}), *ours, "--json")
    assert set(emptied.json["updated_fields"]) == set(empty)
    assert all(value in (None, []) for key, value in exported(library, name)["data"].items() if key != "title")
    back = given(library, json.dumps(envelope), *ours)
    assert back.code == 0, back.err
    assert exported(library, name)["data"] == envelope["data"]


def test_a_partial_import_changes_what_it_names_and_nothing_else(library: House) -> None:
    before = sums(library)
    envelope = exported(library, "basic-info")
    envelope["data"] = {"tagline": "Another line", "runtime": None}
    done = given(library, json.dumps(envelope), "category", "import", "-", "--publish", "--json")
    assert set(done.json["updated_fields"]) == {"tagline", "runtime"}
    after = sums(library)
    assert {table for table in before if before[table] != after[table]} == {"movies"}
    assert exported(library, "basic-info")["data"]["tagline"] == "Another line"
    assert exported(library, "basic-info")["data"]["genres"]


def test_an_export_that_was_left_as_it_was_publishes_nothing_and_says_so(library: House) -> None:
    envelope = exported(library, "trivia")
    given(library, json.dumps({**envelope, "data": {"items": []}}), "category", "import", "-", "--publish")
    done = given(library, json.dumps(envelope), "category", "import", "-", "--publish", "--json")
    assert (done.code, done.json["results"][0]["published"]) == (0, False)
    assert "nothing to publish" in done.json["message"]
    assert exported(library, "trivia")["data"] == {"items": []}


def test_a_date_that_is_none_is_said_and_mended_as_a_record(library: House) -> None:
    with closing(sqlite3.connect(library.root / "app.db")) as connection:
        connection.execute("UPDATE movies SET release_date = 'garbage' WHERE external_id = 'tmdb-550'")
        connection.commit()
    wrong = library.greenroom("category", "export", "tmdb-550", "basic-info")
    assert (wrong.code, "garbage" in wrong.err, "greenroom record" in wrong.err) == (1, True, True)
    movie = library.done("record", "list", "movies", "movies", "--search", "tmdb-550", "--json").json["rows"][0]["key"]
    mended = '{"release_date": "1999-10-15"}'
    done = given(library, mended, "record", "import", "movies", "movies", movie, "-", "--publish", "--on-conflict=ours")
    assert done.code == 0, done.err
    assert exported(library, "basic-info")["data"]["release_date"] == "1999-10-15"


def test_a_draft_whose_place_is_taken_is_named(library: House, tmp_path: Path) -> None:
    envelope = exported(library, "trivia")
    library.done("category", "export", "tmdb-550", "all", "-o", str(tmp_path / "all.zip"))
    first = given(library, json.dumps({**envelope, "data": {"items": []}}), "category", "import", "-")
    assert "in place of" not in first.err
    again = given(library, json.dumps({**envelope, "data": {"items": []}}), "category", "import", "-")
    assert "in place of" not in again.err
    zipped = library.done("category", "import", str(tmp_path / "all.zip"))
    assert zipped.err.count("in place of the draft of trivia of tmdb-550 that ") == 1
    assert given(library, json.dumps({**envelope, "data": {"items": []}}), "category", "import", "-").err.count(
        "in place of the draft of trivia of tmdb-550 that "
    )


def test_an_empty_list_is_drafted_and_published_and_taken_back(library: House) -> None:
    envelope = exported(library, "trivia")
    kept = given(library, json.dumps({**envelope, "data": {"items": []}}), "category", "import", "-")
    assert (kept.code, kept.out.count("removed items")) == (0, 5)
    assert exported(library, "trivia")["data"] == envelope["data"]
    library.done("category", "publish", "tmdb-550", "trivia")
    assert exported(library, "trivia")["data"] == {"items": []}
    entry = library.done("category", "log", "tmdb-550", "trivia", "--json").json["entries"][0]
    assert (entry["fields"], entry["source"]) == (["items"], "manual")
    library.done("category", "revert", str(entry["id"]), "--yes")
    assert exported(library, "trivia")["data"] == envelope["data"]


def test_a_models_answer_becomes_a_draft_and_its_source_is_noted(library: House) -> None:
    template = library.done("category", "template", "awards", "tmdb-550").out
    answer = json.loads(template)
    answer["data"]["awards"][0]["notes"] = "Told by a model."
    text = f"Here you are:\n```json\n{json.dumps(answer, indent=1)}\n```\nAnything else?"
    done = given(library, text, "category", "import", "-", "--publish")
    assert (done.code, "mended: left out what stands before" in done.err) == (0, True)
    assert exported(library, "awards")["metadata"]["source"] == "llm-generated"
    assert "  just now" in library.done("category", "list", "Fight Club").out
    listed = library.done("category", "list", "Fight Club", "--json").json["categories"]
    assert [one["category"] for one in listed if one["source"] == "llm-generated"] == ["awards"]


def test_a_list_is_merged_by_its_keys_where_that_is_asked(library: House) -> None:
    envelope = exported(library, "trivia")
    items = envelope["data"]["items"]
    first = {"question": items[0]["question"].upper(), "category": items[0]["category"], "answer": "Another answer."}
    new = {"question": "Is this new?", "category": "Goofs", "answer": "Yes."}
    text = json.dumps({**envelope, "data": {"items": [new, first]}})
    done = given(library, text, "category", "import", "-", "--merge-lists", "--publish")
    assert done.code == 0, done.err
    after = exported(library, "trivia")["data"]["items"]
    assert [item["answer"] for item in after[:-1]] == ["Another answer.", *(item["answer"] for item in items[1:])]
    assert after[0]["explanation"] == items[0]["explanation"]
    assert after[-1]["question"] == "Is this new?"


@pytest.mark.parametrize(("words", "source"), [((), "manual"), (("--source", "llm-generated"), "llm-generated")])
def test_a_change_of_what_tmdb_gave_is_a_persons_unless_it_is_said(
    library: House, words: tuple[str, ...], source: str
) -> None:
    envelope = exported(library, "media")
    assert envelope["metadata"]["source"] == "tmdb"
    changed = json.dumps({**envelope, "data": {"trailer_url": "https://example.org/trailer"}})
    assert given(library, changed, "category", "import", "-", "--publish", *words).code == 0
    metadata = exported(library, "media")["metadata"]
    assert (metadata["source"], metadata["last_updated"] is not None) == (source, True)
    assert metadata["updated_by"]


@each_category
def test_a_template_imports_as_it_is_and_loses_nothing(library: House, name: str) -> None:
    before = sums(library)
    made = library.done("category", "template", name, "tmdb-550").out
    done = given(library, made, "category", "import", "-", "--publish", "--json")
    assert (done.code, done.json["updated_fields"]) == (0, [])
    assert sums(library) == before
    bare = library.done("category", "template", name).out
    assert given(library, bare, "category", "validate", "-").code == 0
    assert given(library, bare, "category", "import", "-").code == 2
    assert given(library, bare, "category", "import", "-", "--movie", "Fight Club").code == 0
    assert sums(library) == before


def test_two_editors_of_one_category_are_told_of_each_other(library: House) -> None:
    first, second = exported(library, "basic-info"), exported(library, "basic-info")
    first["data"] = {"tagline": "The first"}
    second["data"] = {"tagline": "The second", "runtime": 7}
    assert given(library, json.dumps(first), "category", "import", "-", "--publish").code == 0
    stopped = given(library, json.dumps(second), "category", "import", "-", "--publish")
    assert (stopped.code, "in conflict: tagline" in stopped.err, "The first" in stopped.err) == (1, True, True)
    assert exported(library, "basic-info")["data"]["tagline"] == "The first"
    library.done("category", "publish", "tmdb-550", "--on-conflict", "theirs")
    data = exported(library, "basic-info")["data"]
    assert (data["tagline"], data["runtime"]) == ("The first", 7)


def test_an_envelope_without_a_revision_is_a_draft_that_needs_a_decision(library: House) -> None:
    text = '{"category": "media", "movie_id": "tmdb-550", "data": {"trailer_url": null}}'
    assert given(library, text, "category", "import", "-").code == 0
    assert library.greenroom("category", "publish", "tmdb-550").code == 1
    assert exported(library, "media")["data"]["trailer_url"] is not None
    library.done("category", "publish", "tmdb-550", "--on-conflict", "ours")
    assert exported(library, "media")["data"]["trailer_url"] is None


def test_whom_a_name_means_is_asked_and_answered(library: House) -> None:
    with closing(sqlite3.connect(library.root / "app.db")) as connection:
        connection.execute("INSERT INTO people (external_id, name) VALUES ('nm-2', 'DAVID FINCHER')")
        connection.commit()
    text = '{"category": "cast_crew", "movie_id": "tmdb-551x", "data": {"directors": [{"name": "david fincher"}]}}'
    assert given(library, text, "category", "import", "-").code == 2
    text = text.replace("tmdb-551x", "tmdb-550")
    kept = given(library, text, "category", "import", "-")
    assert (kept.code, "which person" in kept.err, "nm-2" in kept.err) == (0, True, True)
    open_still = library.greenroom("category", "publish", "tmdb-550", "--on-conflict", "ours", "--json")
    assert (open_still.code, open_still.json["success"]) == (2, False)
    assert [one["id"] for one in open_still.json["errors"][0]["candidates"]][-1] == "nm-2"
    assert "--answer 'person:david fincher=" in open_still.json["hint"]
    answer = "person:David Fincher=nm-2"  # written otherwise than the data has it, as a person may
    library.done("category", "publish", "tmdb-550", "--on-conflict", "ours", "--answer", answer)
    assert [one["id"] for one in exported(library, "cast-crew")["data"]["directors"]] == ["nm-2"]


def test_all_problems_are_told_at_once_with_their_places(library: House) -> None:
    text = '{"category": "trivia", "movie_id": "tmdb-550",\n "data": {"items": [\n  {"question": 1, "kind": 2}]}}'
    ran = given(library, text, "category", "import", "-", "--json")
    assert (ran.code, ran.json["success"], ran.json["updated_fields"]) == (1, False, [])
    errors = {error["path"]: (error["line"], error["column"]) for error in ran.json["errors"]}
    assert errors == {
        "data.items[0].answer": (3, 3),
        "data.items[0].category": (3, 3),
        "data.items[0].kind": (3, 27),
        "data.items[0].question": (3, 16),
    }
    assert library.done("category", "drafts", "--json").json["drafts"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list", "nobody"), 2),
        (("export", "tmdb-550", "nothing"), 2),
        (("export", "trivia"), 2),
        (("export", "--all", "--search", "x", "all"), 2),
        (("import", "nowhere.json"), 2),
        (("diff", "tmdb-550", "trivia"), 2),
        (("publish", "tmdb-550"), 2),
        (("drop", "tmdb-550", "--yes"), 2),
        (("revert", "7", "--yes"), 2),
        (("schema", "nothing"), 2),
        (("import", "-", "--answer", "x"), 2),
        (("import", "-"), 1),
        (("validate", "-"), 1),
    ],
)
def test_exit_codes(library: House, words: tuple[str, ...], code: int) -> None:
    assert given(library, "", "category", *words).code == code
    ran = given(library, "", "category", *words, "--json")
    assert (ran.code, ran.json["success"], ran.json["exit_code"]) == (code, False, code)


def test_dropping_and_reverting_ask_and_nothing_else_does(library: House) -> None:
    text = json.dumps({**exported(library, "trivia"), "data": {"items": []}})
    assert given(library, text, "category", "import", "-").code == 0
    assert library.greenroom("category", "drop", "tmdb-550").code == 2
    assert library.at_terminal("category", "drop", "tmdb-550", answers="n\n").code == 130
    assert library.at_terminal("category", "drop", "tmdb-550", answers="y\n").code == 0
    assert library.done("category", "drafts", "--json").json["drafts"] == []


def test_read_only_lets_look_and_changes_nothing(library: House, tmp_path: Path) -> None:
    before = sums(library)
    text = library.done("--read-only", "category", "export", "tmdb-550", "trivia").out
    for words in (("import", "-"), ("import", "-", "--publish"), ("export", "tmdb-550", "all", "-o", "x.zip")):
        assert given(library, text, "--read-only", "category", *words).code == 2
    assert given(library, text, "--read-only", "category", "validate", "-").code == 0
    assert sums(library) == before
    assert not (library.root / "state").exists()


def test_a_large_export_says_so_and_its_parts_import_one_by_one(library: House, tmp_path: Path) -> None:
    envelope = exported(library, "trivia")
    items = [
        {"question": f"Question {number}?", "category": "Goofs", "answer": "Words. " * 40, "explanation": None}
        for number in range(80)
    ]
    large = json.dumps({**envelope, "data": {"items": items}})
    assert given(library, large, "category", "import", "-", "--publish").code == 0
    whole = library.done("category", "export", "tmdb-550", "trivia", "-o", f"{tmp_path}/whole.json")
    assert "--split" in whole.err
    parts_folder = tmp_path / "parts"
    parts_folder.mkdir()
    library.done("category", "export", "tmdb-550", "trivia", "--split", "-o", str(parts_folder))
    parts = sorted(parts_folder.iterdir())
    assert len(parts) > 2
    for part in parts:
        changed = part.read_text().replace("Words. Words. ", "Other words. ")
        assert given(library, changed, "category", "import", "-").code == 0
    (draft,) = library.done("category", "drafts", "--json").json["drafts"]
    assert draft["key"] == "tmdb-550"
    library.done("category", "publish", "tmdb-550")
    after = exported(library, "trivia")["data"]["items"]
    assert [item["question"] for item in after] == [item["question"] for item in items]
    assert all("Other words." in item["answer"] for item in after)


def test_nothing_is_overwritten_unless_it_is_said(library: House, tmp_path: Path) -> None:
    target = tmp_path / "there.json"
    target.write_text("mine")
    assert library.greenroom("category", "export", "tmdb-550", "trivia", "-o", str(target)).code == 2
    assert target.read_text() == "mine"
    library.done("category", "export", "tmdb-550", "trivia", "-o", str(target), "--overwrite")
    assert json.loads(target.read_text())["category"] == "trivia"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []


def start(library: House, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [GREENROOM, "--config", library.config, *words],
        cwd=library.root,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_consumer_that_dies_ends_the_export(library: House) -> None:
    with start(library, "category", "export", "--all", "all", "-o", "-") as export:
        assert export.stdout is not None
        assert export.stderr is not None
        assert export.stdout.read(4) == b"PK\x03\x04"
        export.stdout.close()
        told = export.stderr.read()
    assert (export.returncode, b"Traceback" in told) == (1, False)


def test_fifty_megabytes_on_standard_input_are_refused_without_being_held(library: House) -> None:
    with start(library, "category", "import", "-") as process:
        assert process.stdin is not None
        assert process.stderr is not None
        taken = 0
        with contextlib.suppress(BrokenPipeError):
            for _ in range(50):
                process.stdin.write(b" " * (1 << 20))
                taken += 1
        told = process.stderr.read()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    assert (process.wait(), b"more than 8 MiB" in told) == (2, True)
    assert taken < 10


def test_all_parts_in_one_text_are_published_as_one_change(library: House) -> None:
    envelope = exported(library, "trivia")
    items = [
        {"question": f"Question {number}?", "category": "Goofs", "answer": "Words. " * 40, "explanation": None}
        for number in range(80)
    ]
    large = json.dumps({**envelope, "data": {"items": items}})
    assert given(library, large, "category", "import", "-", "--publish").code == 0
    parts = library.done("category", "export", "tmdb-550", "trivia", "--split").out
    assert len(json.loads(parts)) == 3
    done = given(library, parts.replace("Words. Words. ", "Others. "), "category", "import", "-", "--publish", "--json")
    assert (done.code, done.json["updated_fields"], len(done.json["results"])) == (0, ["items"], 1)
    assert all("Others." in item["answer"] for item in exported(library, "trivia")["data"]["items"])


def test_several_categories_in_one_text_are_published_together_or_not_at_all(library: House) -> None:
    media, trivia = exported(library, "media"), exported(library, "trivia")
    both = [{**media, "data": {"trailer_url": None}}, {**trivia, "data": {"items": []}}]
    trivia_alone = {"category": "trivia", "movie_id": "tmdb-550", "data": {"items": trivia["data"]["items"][:1]}}
    assert given(library, json.dumps(trivia_alone), "category", "import", "-").code == 0
    library.done("category", "publish", "--all", "--on-conflict", "ours")
    before = sums(library)
    refused = given(library, json.dumps(both), "category", "import", "-", "--publish", "--json")
    assert (refused.code, [error["form"] for error in refused.json["errors"]]) == (1, ["trivia"])
    assert sums(library) == before
    done = library.done("category", "publish", "--all", "--on-conflict", "ours", "--json").json
    assert done["updated_fields"] == ["items", "trailer_url"]
    assert given(library, json.dumps([both[0], both[0]]), "category", "import", "-").code == 2
    assert given(library, "PK\x03\x04", "category", "import", "-").code == 2
