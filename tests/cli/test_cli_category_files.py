"""ZIP files and folders of categories through the commands: whole out, whole in, and what is hostile kept out."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.library.categories import FILE_NAMES
from tests.cli.categories import exported, given, sums
from tests.cli.conftest import House
from tests.core.archive.rawzip import Raw, build, link


def envelope(name: str = "trivia", movie: str = "tmdb-550", **data: Any) -> bytes:
    return json.dumps({"category": name, "movie_id": movie, "data": data or {"items": []}}).encode()


def drafts(library: House) -> list[tuple[str, str]]:
    found = library.done("category", "drafts", "--json").json["drafts"]
    return sorted((draft["form"], draft["key"]) for draft in found)


def test_all_movies_go_out_as_one_zip_and_in_again_with_nothing_changed(library: House) -> None:
    before = sums(library)
    done = library.done("category", "export", "--all", "all", "--json").json
    path = Path(done["file"])
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == done["files"] == 7 * done["movies"]
        assert [name for name in names if name.startswith("tmdb-550/")] == [
            f"tmdb-550/{name}.json" for name in FILE_NAMES
        ]
        assert json.loads(archive.read("tmdb-550/trivia.json"))["data"] == exported(library, "trivia")["data"]
    again = library.done("category", "import", str(path), "--publish", "--json").json
    assert (again["success"], again["updated_fields"], len(again["files"])) == (True, [], done["files"])
    assert sums(library) == before
    assert drafts(library) == []


def test_a_zip_of_several_movies_changes_what_it_names(library: House, tmp_path: Path) -> None:
    library.done("category", "export", "tmdb-550", "tmdb-603", "basic-info", "-o", str(tmp_path / "two.zip"))
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        archive.extractall(folder)
    for path in folder.glob("*/basic-info.json"):
        path.write_text(path.read_text().replace('"overview": "', '"overview": "NEW '))
    done = library.done("category", "import", str(folder), "--publish", "--json").json
    assert done["updated_fields"] == ["overview"]
    assert {file["file"]: file["updated_fields"] for file in done["files"]} == {
        "tmdb-550/basic-info.json": ["overview"],
        "tmdb-603/basic-info.json": ["overview"],
    }
    assert exported(library, "basic-info", "tmdb-603")["data"]["overview"].startswith("NEW ")


def test_one_bad_file_keeps_all_out_and_can_be_skipped(library: House, tmp_path: Path) -> None:
    members = [
        Raw("tmdb-550/trivia.json", envelope()),
        Raw("tmdb-550/awards.json", envelope("awards", awards=[{"name": "x"}])),
        Raw("tmdb-550/again.json", envelope()),
        Raw("nobody/trivia.json", envelope(movie="nobody")),
        Raw("notes.txt", b"hello"),
        Raw("inner.zip", b"PK\x03\x04"),
        Raw("__MACOSX/._trivia.json", b"\0\1"),
        link("link.json", "tmdb-550/trivia.json"),
        Raw("large.json", b" " * (9 << 20)),
    ]
    path = tmp_path / "some.zip"
    path.write_bytes(build(members))
    refused = library.greenroom("category", "import", str(path), "--json")
    assert (refused.code, refused.json["success"]) == (1, False)
    told = {file["file"]: file["message"] for file in refused.json["files"] if not file["success"]}
    assert "4 problems" in told["tmdb-550/awards.json"] or "3 problems" in told["tmdb-550/awards.json"]
    assert "is in tmdb-550/again.json already" in told["tmdb-550/trivia.json"]
    assert told["nobody/trivia.json"] == "there is no movie nobody"
    assert told["notes.txt"] == told["inner.zip"] == "it is no .json file"
    assert told["link.json"] == "it is a link, not a file"
    assert told["large.json"] == "it is longer than 8 MiB"
    assert len(told) == 7
    assert drafts(library) == []
    partly = library.greenroom("category", "import", str(path), "--skip-bad")
    assert (partly.code, partly.out) == (3, "1 draft kept; 7 files of 8 left out\n")
    assert drafts(library) == [("trivia", "tmdb-550")]


@pytest.mark.parametrize(
    "content",
    [
        build([Raw("../trivia.json", envelope())]),
        build([Raw("/trivia.json", envelope())]),
        build([Raw("a\\trivia.json", envelope())]),
        build([Raw("trivia.json", envelope()), Raw("trivia.json", envelope())]),
        build([Raw("trivia.json", envelope(), flags=0x801)]),
        build([Raw("trivia.json", b"x" * 100, central={"size": 5}, local={"size": 5})]),
        build([Raw("bomb.json", b"", packed=b"\0", central={"size": 3 << 30}, local={"size": 3 << 30})]),
        build([Raw("trivia.json", envelope())])[:-30],
        b"PK\x03\x04 and no more",
    ],
    ids=["climbs", "absolute", "backslash", "twice", "encrypted", "lies", "bomb", "cut", "no ZIP"],
)
def test_a_hostile_zip_is_refused_and_nothing_kept(library: House, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile.zip"
    path.write_bytes(content)
    ran = library.greenroom("category", "import", str(path))
    assert ran.code in {1, 6}
    assert "Traceback" not in ran.err
    assert drafts(library) == []
    assert library.greenroom("category", "validate", str(path)).code in {1, 6}


def test_what_inflates_to_more_than_it_says_is_stopped(library: House, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(build([Raw("bomb.json", b" " * (64 << 20), central={"size": 900}, local={"size": 900})]))
    ran = library.greenroom("category", "import", str(path), "--json")
    assert (ran.code, "more than the 900 bytes" in ran.json["files"][0]["message"]) == (1, True)


def test_a_folder_is_read_without_following_links_out_of_it(library: House, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "tmdb-550").mkdir(parents=True)
    (folder / "tmdb-550" / "trivia.json").write_bytes(b'{"items": []}')
    done = library.done("category", "import", str(folder), "--json").json
    assert done["files"][0]["mends"]
    assert drafts(library) == [("trivia", "tmdb-550")]
    os.mkfifo(folder / "pipe.json")
    (folder / "tmdb-550" / "media.json").symlink_to("/etc/passwd")
    refused = library.greenroom("category", "import", str(folder), "--json")
    assert [file["file"] for file in refused.json["files"] if not file["success"]] == [
        "pipe.json",
        "tmdb-550/media.json",
    ]


def test_parts_in_a_zip_become_one_draft(library: House, tmp_path: Path) -> None:
    items = [
        {"question": f"Question {number}?", "category": "Goofs", "answer": "Words. " * 40, "explanation": None}
        for number in range(80)
    ]
    large = json.dumps({**exported(library, "trivia"), "data": {"items": items}})
    assert given(library, large, "category", "import", "-", "--publish").code == 0
    path = tmp_path / "parts.zip"
    library.done("category", "export", "tmdb-550", "all", "--split", "-o", str(path))
    with zipfile.ZipFile(path) as archive:
        assert "tmdb-550/trivia.1-of-3.json" in archive.namelist()
    done = library.done("category", "import", str(path), "--publish", "--json").json
    assert (done["message"], done["updated_fields"]) == ("7 categories published, 0 of them with changes", [])


def test_publishing_a_zip_is_all_or_nothing(library: House, tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    library.done("category", "export", "tmdb-550", "all", "-o", str(path))
    changed = {**exported(library, "media"), "data": {"trailer_url": None}}
    assert given(library, json.dumps(changed), "category", "import", "-", "--publish").code == 0
    with zipfile.ZipFile(path) as source:
        texts = {name: source.read(name).decode() for name in source.namelist()}
    texts["tmdb-550/trivia.json"] = texts["tmdb-550/trivia.json"].replace('"answer": "', '"answer": "THE ')
    texts["tmdb-550/media.json"] = texts["tmdb-550/media.json"].replace("youtube", "vimeo")
    with zipfile.ZipFile(tmp_path / "changed.zip", "w") as target:
        for name, text in texts.items():
            target.writestr(name, text)
    before = sums(library)
    ran = library.greenroom("category", "import", str(tmp_path / "changed.zip"), "--publish", "--json")
    assert (ran.code, ran.json["success"]) == (1, False)
    assert sums(library) == before
    assert ("trivia", "tmdb-550") in drafts(library)


def test_a_movies_id_never_leaves_the_folder_that_it_names(library: House, tmp_path: Path) -> None:
    new = json.dumps({"category": "trivia", "movie_id": "../../x", "data": {"items": []}})
    with closing(sqlite3.connect(library.root / "app.db")) as connection:
        connection.execute("UPDATE movies SET external_id = '../../x' WHERE external_id = 'tmdb-603'")
        connection.commit()
    folder = tmp_path / "out"
    folder.mkdir()
    library.done("category", "export", "../../x", "trivia", "-o", str(folder))
    library.done("category", "export", "../../x", "all", "-o", str(folder))
    assert sorted(path.name for path in folder.iterdir()) == [
        "%2E%2E%2F%2E%2E%2Fx-export.zip",
        "%2E%2E%2F%2E%2E%2Fx-trivia.json",
    ]
    done = library.done("category", "import", str(folder / "%2E%2E%2F%2E%2E%2Fx-export.zip"), "--publish", "--json")
    assert done.json["updated_fields"] == []
    assert given(library, new, "category", "import", "-").code == 0


def test_what_another_program_writes_into_a_pipe_is_waited_for(library: House, tmp_path: Path) -> None:
    pipe = tmp_path / "answer"
    os.mkfifo(pipe)

    def answer() -> None:
        with pipe.open("wb") as file:
            time.sleep(0.3)
            file.write(envelope())

    # Open at both ends before it is read, as the shell's <(command) is.
    keeper = os.open(pipe, os.O_RDWR)
    writer = threading.Thread(target=answer)
    writer.start()
    threading.Timer(1.5, os.close, [keeper]).start()
    library.done("category", "import", str(pipe))
    writer.join()
    assert drafts(library) == [("trivia", "tmdb-550")]
