"""`greenroom library`: users' libraries out and in, restored and back, in words and as JSON."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import GREENROOM, House, Ran, clean_environment
from tests.core.library.enrichment.enrichment_support import (
    BAD_TMDB_KEY,
    OMDB_KEY,
    OMDB_LIMIT,
    TMDB_KEY,
    FakeServices,
    Reply,
    film,
    rating,
    running,
)
from tests.core.runner.waiting import until

FUTURE = 4e9


@pytest.fixture
def file(library: House) -> Path:
    """Mira's library as it was when the test began."""
    (library.root / "backups").mkdir(mode=0o700)
    path = library.root / "mira.json"
    library.done("library", "export", "mira", "-o", str(path))
    return path


def change(library: House, *statements: str) -> None:
    with closing(sqlite3.connect(library.root / "app.db", isolation_level=None)) as connection:
        for statement in statements or ("DELETE FROM watch_history",):
            connection.execute(statement)


def content(library: House, user: str = "mira") -> Any:
    found = json.loads(library.done("library", "export", user, "-o", "-").out)
    return {**found, "exported_at": None}


def write(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_the_users_and_what_they_have(library: House) -> None:
    listed = library.done("library", "users", "--json").json
    mira = next(user for user in listed["users"] if user["username"] == "mira")
    assert (listed["site"], mira["movies"], mira["lists"], mira["backup_enabled"]) == ("movies", 32, 2, True)
    assert mira["last_copy"] is None
    shown = library.done("library", "users").out
    assert "mira@movies.example" in shown
    assert library.greenroom("library", "export", "nobody").code == 2
    assert "jonas, mira" in library.greenroom("library", "backups", "nobody").err


def test_an_export_has_the_name_that_the_format_wants_and_is_private(library: House) -> None:
    ran = library.done("library", "export", "mira@movies.example", "-o", f"{library.root}/", "--json").json
    path = Path(ran["file"])
    assert path.match("moviemanager-export-????-??-??.json")
    assert (path.stat().st_mode & 0o777, path.stat().st_size) == (0o600, ran["size_bytes"])
    assert ran["counts"]["movies"] == len(json.loads(path.read_text())["movies"]) == 32
    assert library.greenroom("library", "export", "mira", "-o", str(path)).code == 2
    library.done("library", "export", "mira", "-o", str(path), "--overwrite")
    assert library.greenroom("library", "export", "mira", "-o", "-", "--json").code == 2


def test_the_schema_is_that_of_an_export(library: House) -> None:
    schema = json.loads(library.done("library", "schema").out)
    assert library.done("library", "schema", "--json").json["schema"] == schema
    assert set(content(library)) <= set(schema["properties"])


def test_an_import_twice_changes_nothing_the_second_time(library: House, file: Path) -> None:
    before = content(library)
    change(library)
    tried = library.done("library", "import", "mira", str(file), "--dry-run", "--json").json
    assert content(library) != before
    first = library.done("library", "import", "mira", str(file), "--json").json
    assert content(library) == before
    assert (first["updated"], first["dry_run"], first["written"]) == (tried["updated"], False, True)
    assert (tried["safety"], first["safety"]["filename"].startswith("before-import-")) == (None, True)
    second = library.done("library", "import", "mira", str(file), "--json").json
    assert second["safety"] is None
    assert set(second["updated"].values()) | set(second["created"].values()) == {0}
    assert second["imported_counts"]["movies"] == 32


def test_an_import_says_how_to_go_back(library: House, file: Path) -> None:
    change(library)
    changed = content(library)
    ran = library.done("library", "import", "mira", str(file)).out
    assert "kept in before-import-" in ran
    assert "`greenroom library undo USER` goes back to it" in ran
    assert "undo of the import from mira.json" in asked(library, "undo", "mira", answers="mira\n").err
    assert content(library) == changed


def test_bad_records_are_told_and_make_it_done_in_part(library: House, file: Path) -> None:
    movies = json.loads(file.read_text())["movies"]
    movies[1] = {**movies[1], "watch_history": {"date_watched": 1.0, "my_rating": 11}}
    new = {"imdb_id": "tt9999999", "status": "toWatch", "last_modified": FUTURE}
    write(file, movies=[*movies, new])
    strict = library.greenroom("library", "import", "mira", str(file), "--strict")
    assert (strict.code, content(library)["movies"][-1]["imdb_id"] == "tt9999999") == (1, False)
    assert "all of it was kept back and nothing was changed" in strict.err
    tried = library.greenroom("library", "import", "mira", str(file), "--dry-run")
    assert (tried.code, "nothing was changed" in tried.err) == (3, True)
    ran = library.greenroom("library", "import", "mira", str(file))
    assert ran.code == 3
    assert "1 record cannot be taken:\n  movies[1].watch_history.my_rating" in ran.err
    assert "1 film without metadata" in ran.out
    assert "a time that has not come yet" in ran.out
    told = library.greenroom("library", "import", "mira", str(file), "--json")
    assert (told.code, told.json["success"], told.json["errors_total"]) == (3, False, 1)
    assert told.json["errors"][0]["path"] == "movies[1].watch_history.my_rating"
    assert told.json["imdb_ids_needing_enrichment"] == ["tt9999999"]


def test_a_file_that_is_no_library_or_of_a_newer_version(library: House, file: Path) -> None:
    for text, code in (("[]", 6), ('{"version": 3, "movies": []}', 6), ("{", 6)):
        file.write_text(text)
        for words in (("import", "mira"), ("restore", "mira")):
            ran = library.greenroom("library", *words, str(file), *(["--yes"] if "restore" in words else []))
            assert (ran.code, "Traceback" in ran.err) == (code, False), text
    assert library.greenroom("library", "import", "mira", str(file.with_name("none.json"))).code == 1


def test_standard_input_is_taken_and_leaves_nothing_behind(library: House, file: Path, tmp_path: Path) -> None:
    change(library)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        [GREENROOM, "--config", library.config, "library", "import", "mira", "-", "--json"],
        input=file.read_bytes(),
        env={**clean_environment(), "TMPDIR": str(temporary)},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["written"] is True
    assert list(temporary.iterdir()) == []


def test_a_user_whose_id_can_be_no_folder_spoils_nothing_for_the_others(library: House) -> None:
    change(
        library,
        "INSERT INTO users (id, email, username, created_at, is_active, backup_enabled) "
        "VALUES ('../../x', 'eve@movies.example', 'eve', 1.0, 1, 1)",
    )
    assert library.done("library", "users", "--json").json["users"][0]["username"] == "eve"
    assert library.done("library", "backups", "eve", "--json").json["backups"] == []
    assert "none: the user id '../../x' can be no name of a folder" in library.done("library", "settings", "eve").out
    assert library.greenroom("library", "settings", "eve", "--backup", "on").code == 1
    library.done("library", "settings", "eve", "--backup", "off")


def test_a_switch_is_set_and_shown(library: House) -> None:
    assert library.done("library", "settings", "jonas", "--json").json["backup_enabled"] is False
    assert "on, at 03:00 " in library.done("library", "settings", "jonas", "--backup", "on").out
    shown = library.done("library", "settings", "jonas", "--json").json
    assert (shown["backup_enabled"], shown["daily"]) == (True, "03:00")


def asked(library: House, *words: str, answers: str) -> Ran:
    return library.at_terminal("library", *words, answers=answers)


def test_a_restore_shows_what_is_lost_and_asks_and_can_be_undone(library: House, file: Path) -> None:
    before = content(library)
    change(library, "DELETE FROM watch_history", f"UPDATE entries SET last_modified = {FUTURE} WHERE movie_id < 5")
    mine = "user_id = (SELECT id FROM users WHERE username = 'mira')"
    copied = "SELECT user_id, 'x', 'Mine', color, icon, 9, 1, 1 FROM custom_lists"
    change(library, f"INSERT INTO custom_lists {copied} WHERE {mine} LIMIT 1")
    changed = content(library)
    assert library.greenroom("library", "restore", "mira", str(file)).code == 2
    tried = library.done("library", "restore", "mira", str(file), "--dry-run").out
    assert "1 of the lists are not in the file and go:\n    Mine" in tried
    assert "s later than in the file" in tried
    assert asked(library, "restore", "mira", str(file), answers="jonas\n").code == 130
    assert content(library) == changed
    ran = asked(library, "restore", "mira", str(file), answers="mira\n")
    assert ran.code == 0, ran.err
    assert "What is lost:" in ran.err
    assert content(library) == before
    listed = library.done("library", "backups", "mira", "--json").json
    (kept,) = listed["backups"]
    assert kept["filename"].startswith("before-restore-")
    assert Path(listed["folder"], kept["filename"]).stat().st_size == kept["size_bytes"]
    assert "undo of the restore from mira.json" in asked(library, "undo", "mira", answers="no\n").err
    undone = library.done("library", "undo", "mira", "--yes", "--json").json
    assert (undone["mode"], undone["undone"]["action"], undone["success"]) == ("undo", "restore", True)
    assert content(library) == changed
    again = library.done("library", "restore", "mira", kept["filename"].removesuffix(".json"), "--yes", "--json").json
    assert (again["safety"], again["written"]) == (None, True)
    library.done("library", "undo", "mira", "--yes")
    assert content(library) == before


def test_an_undo_of_what_is_not_known_to_be_done_says_so(library: House, file: Path) -> None:
    change(library)
    library.done("library", "restore", "mira", str(file), "--yes")
    (note,) = (library.root / "state" / "sites" / "movies" / "users").iterdir()
    note.write_text(json.dumps({**json.loads(note.read_text()), "done": False}))
    words = "whether it was restored is not known"
    assert words in asked(library, "undo", "mira", answers="no\n").err
    undone = library.done("library", "undo", "mira", "--yes", "--json").json
    assert (undone["undone"]["known"], [words in remark for remark in undone["remarks"]]) == (False, [True])


def test_a_restore_by_its_date_and_a_merge(library: House, file: Path) -> None:
    folder = Path(library.done("library", "backups", "mira", "--json").json["folder"])
    folder.mkdir(parents=True)
    (folder / "2026-05-04.json").write_bytes(file.read_bytes())
    before = content(library)
    change(library, "UPDATE entries SET last_modified = 9e9, status = 'deleted' WHERE status = 'watched'")
    changed = content(library)
    merged = library.done("library", "restore", "mira", "2026-05-04", "--merge", "--yes", "--json").json
    assert (merged["mode"], merged["skipped_total"] > 0) == ("merge", True)
    assert content(library) == changed
    library.done("library", "restore", "mira", "2026-05-04", "--yes")
    assert content(library) == before
    missing = library.greenroom("library", "restore", "mira", "2026-05-05", "--yes")
    assert (missing.code, "2026-05-04.json" in missing.err) == (2, True)


def test_a_file_with_errors_is_not_restored(library: House, file: Path) -> None:
    write(file, rankings=[{"imdb_id": "nonsense"}])
    before = content(library)
    ran = library.greenroom("library", "restore", "mira", str(file), "--yes")
    assert (ran.code, "all of it was kept back and nothing was changed" in ran.err) == (1, True), ran.err
    assert asked(library, "restore", "mira", str(file), answers="mira\n").code == 1
    assert content(library) == before
    assert library.greenroom("library", "undo", "mira", "--yes").code == 2


@pytest.fixture
def services(library: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServices]:
    """TMDB and OMDb on this machine, which know one film, and their keys in the configuration."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as services:
        services.add(film(id=10494, imdb_id="tt0156887", title="Perfect Blue"), rating("tt0156887"))
        lines = f'tmdb_key = "{TMDB_KEY}"\ntmdb_url = "{services.url}/3"\nomdb_url = "{services.url}/omdb"\n'
        library.config.write_text(f"{library.config.read_text()}\n[enrichment]\n{lines}")
        yield services


def with_new_film(file: Path) -> None:
    movies = json.loads(file.read_text())["movies"]
    write(file, movies=[*movies, {"imdb_id": "tt0156887", "last_modified": 1.0}])


@pytest.mark.usefixtures("services")
def test_an_import_asks_whether_to_fetch_what_is_missing(library: House, file: Path) -> None:
    with_new_film(file)
    tried = library.at_terminal("library", "import", "mira", str(file), "--dry-run", answers="y\n")
    assert "now?" not in tried.err
    refused = library.at_terminal("library", "import", "mira", str(file), answers="n\n")
    assert (refused.code, "1 film without metadata" in refused.out) == (0, True)
    assert library.done("library", "import", "mira", str(file), "--json").json["imdb_ids_needing_enrichment"]
    ran = library.at_terminal("library", "import", "mira", str(file), answers="y\n")
    assert (ran.code, "Fetch the metadata of 1 film now?" in ran.err) == (0, True), ran.err
    assert "(imdb-tt0156887): basic_info: title" in ran.out
    assert library.done("library", "import", "mira", str(file), "--json").json["imdb_ids_needing_enrichment"] == []


@pytest.mark.usefixtures("services")
def test_enrich_tells_what_it_changed_and_what_failed(library: House, file: Path) -> None:
    with_new_film(file)
    ran = library.done("library", "import", "mira", str(file))
    assert "`greenroom library enrich` fetches it" in ran.err
    ran = library.greenroom("library", "enrich", "tt0156887", "tt7777777")
    assert (ran.code, "tt7777777" in ran.err, "(imdb-tt0156887): basic_info: title" in ran.out) == (3, True, True)
    told = library.done("library", "enrich", "--json").json
    assert (told["site"], told["success"], told["asked"], told["waiting"]) == ("movies", True, 0, 0)
    assert library.greenroom("library", "enrich", "tt7777777").code == 1
    assert library.greenroom("--read-only", "library", "enrich").code == 2


def test_the_exit_code_of_enrich_says_how_much_was_done(library: House, services: FakeServices) -> None:
    def code(*words: str) -> int:
        return library.greenroom("library", "enrich", *words).code

    services.add(film(), rating())
    assert code("tt0137523") == 0
    assert code("tt0137523", "tt7777777") == 3
    del services.ratings["tt0137523"]
    library.config.write_text(f'{library.config.read_text()}omdb_key = "{OMDB_KEY}"\n')
    ran = library.greenroom("library", "enrich", "tt0137523")
    assert (ran.code, "unknown to OMDb" in ran.out, "(tmdb-550): " in ran.out) == (3, True, True)
    services.then("/omdb", OMDB_LIMIT)
    assert code("tt0137523") == 1
    services.then("/3/movie", Reply({"id": 550}), BAD_TMDB_KEY)
    ran = library.greenroom("library", "enrich", "tt0137523", "tmdb-680", "tmdb-603")
    assert (ran.code, "TMDB refuses the key" in ran.out + ran.err) == (3, True)
    services.then("/3/movie", BAD_TMDB_KEY)
    ran = library.greenroom("library", "enrich", "tmdb-550", "--json")
    assert (ran.code, json.loads(ran.out)["exit_code"], "TMDB refuses the key" in ran.out) == (1, 1, True)
    services.__exit__()
    ran = library.greenroom("library", "enrich", "tt0137523")
    assert (ran.code, "TMDB cannot be reached" in ran.err) == (1, True)


def test_who_asks_to_stop_waits_for_no_service(library: House, services: FakeServices) -> None:
    services.then("/3/movie", Reply({}, hang=True))
    words = [GREENROOM, "--config", str(library.config), "library", "enrich", "tmdb-550"]
    with subprocess.Popen(words, env=clean_environment(), stderr=subprocess.PIPE) as process:
        until(lambda: services.asked, "the question")
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=8)  # and not the ten seconds that a service may say nothing
    assert (process.returncode, b"stopped in good order" in told) == (130, True), told


def test_an_import_whose_metadata_cannot_be_had_is_done_in_part(
    library: House, file: Path, services: FakeServices
) -> None:
    with_new_film(file)
    services.films.clear()
    assert library.at_terminal("library", "import", "mira", str(file), answers="y\n").code == 3
    services.then("/3/find", BAD_TMDB_KEY)
    ran = library.at_terminal("library", "import", "mira", str(file), answers="y\n")
    assert (ran.code, "TMDB refuses the key" in ran.err, "imported" in ran.err) == (3, True, True)


def test_without_a_key_enrich_says_where_one_goes(library: House, file: Path) -> None:
    with_new_film(file)
    ran = library.at_terminal("library", "import", "mira", str(file), answers="y\n")
    assert (ran.code, "with a key of TMDB" in ran.err) == (0, True)
    assert library.greenroom("library", "enrich").code == 2


def test_read_only_refuses_what_changes_something(library: House, file: Path) -> None:
    before = content(library)
    change(library)
    changed = content(library)
    assert changed != before
    for words in (
        ("import", "mira", str(file)),
        ("settings", "mira", "--backup", "off"),
        ("restore", "mira", str(file), "--yes"),
        ("undo", "mira", "--yes"),
        ("export", "mira"),
    ):
        ran = library.greenroom("--read-only", "library", *words)
        assert (ran.code, "read-only" in ran.err) == (2, True), words
    for words in (
        ("users",),
        ("settings", "mira"),
        ("backups", "mira"),
        ("schema",),
        ("export", "mira", "-o", "-"),
        ("import", "mira", str(file), "--dry-run"),
        ("restore", "mira", str(file), "--dry-run"),
    ):
        library.done("--read-only", "library", *words)
    assert content(library) == changed


def test_a_site_without_users_says_so(library: House, house: House) -> None:
    assert "no site is a movie library" in house.greenroom("library", "users").err
    change(library, "DROP TABLE rankings")
    ran = library.greenroom("library", "users")
    assert (ran.code, "no users with libraries" in ran.err) == (2, True)
