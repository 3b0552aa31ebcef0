"""What goes wrong with `greenroom library` at its edges: names of all kinds, and what a script learns from an exit."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import House, Ran
from tests.cli.test_cli_library import change, content, write

_NO_UTF8 = os.fsdecode(b"mira-\xff.json")


@pytest.fixture
def exported(library: House) -> Path:
    """Mira's library as it was when the test began."""
    (library.root / "backups").mkdir(mode=0o700)
    path = library.root / "exported.json"
    library.done("library", "export", "mira", "-o", str(path))
    return path


def test_a_file_whose_name_is_no_text_is_restored_and_the_restore_undone(library: House, exported: Path) -> None:
    path = exported.rename(exported.with_name(_NO_UTF8))
    before = content(library)
    change(library)
    changed = content(library)
    ran = library.greenroom("library", "restore", "mira", str(path), "--yes", "--json")
    assert (ran.code, ran.json["written"]) == (0, True), ran.err
    assert content(library) == before
    undone = library.done("library", "undo", "mira", "--yes", "--json").json["undone"]
    assert (undone["source"], undone["known"]) == ("mira-?.json", True)
    assert content(library) == changed


def test_a_name_that_no_file_system_takes_is_no_copy(library: House, exported: Path) -> None:
    for verb in (("restore", "--yes"), ("import",), ("export", "-o")):
        name = "x" * 300
        words = (verb[0], "mira", *verb[1:], name) if verb[0] == "export" else (verb[0], "mira", name, *verb[1:])
        ran = library.greenroom("library", *words, "--json")
        assert (ran.code in {1, 2}, ran.json["exit_code"]) == (True, ran.code), words


def test_a_name_of_a_copy_that_is_a_file_here_too_is_not_guessed(
    library: House, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = library.root / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    copies = Path(library.done("library", "backups", "mira", "--json").json["folder"])
    copies.mkdir(parents=True)
    for name in ("2026-05-04.json", "before-restore-2026-05-04T010203Z.json"):
        shutil.copy(exported, here / name)
        alone = library.done("library", "restore", "mira", name, "--dry-run", "--json").json
        assert alone["file"] == str(here / name)
        shutil.copy(exported, copies / name)
        ran = library.greenroom("library", "restore", "mira", name, "--dry-run")
        assert (ran.code, f"./{name}" in ran.err, str(copies / name) in ran.err) == (2, True, True), ran.err
        for text, file in ((f"./{name}", here / name), (name.removesuffix(".json"), copies / name)):
            chosen = library.done("library", "restore", "mira", text, "--dry-run", "--json").json
            assert chosen["file"] == str(file)
    monkeypatch.chdir(copies)
    assert library.done("library", "restore", "mira", "2026-05-04.json", "--dry-run", "--json").json["success"]


def test_a_date_is_always_a_copy(library: House, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.root)
    shutil.copy(exported, "2026-05-04")
    ran = library.greenroom("library", "restore", "mira", "2026-05-04", "--dry-run")
    assert (ran.code, "there is no copy '2026-05-04'" in ran.err) == (2, True)
    assert "./2026-05-04" in ran.err
    assert library.done("library", "restore", "mira", "./2026-05-04", "--dry-run", "--json").json["success"]


def test_a_user_whose_name_is_no_text_is_not_there(library: House) -> None:
    for words in (("export", "-o", "-"), ("import", str(library.config)), ("undo", "--yes"), ("settings",)):
        ran = library.greenroom("library", words[0], os.fsdecode(b"mir\xe4"), *words[1:], "--json")
        assert (ran.code, "no user 'mir?'" in ran.json["error"]) == (2, True), ran.err


def with_a_bad_record(path: Path) -> Path:
    movies = json.loads(path.read_text())["movies"]
    return write(path, movies=[*movies, {"imdb_id": "nonsense"}])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("import",), 3, "1 record cannot be taken:"),
        (("import", "--strict"), 1, "1 record cannot be taken, so all of it would be kept back:"),
        (("restore", "--merge", "--yes"), 3, "1 record cannot be taken:"),
        (("restore", "--yes"), 1, "1 record cannot be taken, so all of it would be kept back:"),
    ],
)
def test_a_dry_run_ends_as_the_real_one_does(
    library: House, exported: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    path = with_a_bad_record(exported)
    change(library, "UPDATE entries SET status = 'deleted' WHERE movie_id < 5")
    changed = content(library)

    def run(*more: str) -> Ran:
        return library.greenroom("library", words[0], "mira", str(path), *words[1:], *more)

    tried, told = run("--dry-run"), run("--dry-run", "--json")
    assert (tried.code, told.code, told.json["kept_back"]) == (code, code, code == 1), tried.err
    assert says in tried.err
    assert content(library) == changed
    assert "so nothing was changed" not in tried.err
    done = run("--json")
    assert (done.code, done.json["kept_back"], done.json["written"]) == (code, code == 1, code == 3)
    same = ("imported_counts", "created", "updated", "unchanged", "refused", "totals", "errors")
    assert [done.json[key] for key in same] == [told.json[key] for key in same]
    assert (content(library) == changed) == (code == 1)


def test_a_finished_import_whose_report_cannot_be_printed_is_no_failure(library: House, exported: Path) -> None:
    before = content(library)
    change(library)
    with (
        Path("/dev/full").open("w") as full,
        library.start("library", "import", "mira", str(exported), stdout=full) as run,
    ):
        _, told = run.communicate()
    assert (run.returncode, "what it did stays" in told) == (7, True), told
    assert content(library) == before
    with Path("/dev/full").open("w") as full, library.start("library", "export", "mira", "-o", "-", stdout=full) as run:
        _, told = run.communicate()
    assert (run.returncode, "standard output takes no more: No space left on device" in told) == (1, True), told


def test_every_failure_is_one_object_on_standard_output(
    library: House, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(library.root)
    Path("a folder").mkdir()
    Path("broken").symlink_to("nowhere")
    for name, data in (("empty", b""), ("latin", b'{"version": 2, "movies": ["\xff"]}'), ("newer", b'{"version": 3}')):
        Path(name).write_bytes(data)
    files = ("a folder", "broken", "empty", "latin", "newer", "", "a/" * 3000, "2026-99-99", "\n", _NO_UTF8)
    users = ("nobody", "", _NO_UTF8, "x" * 10_000, "mi\nra")
    cases = [
        *(("import", "mira", name) for name in files),
        *(("restore", "mira", name, "--yes") for name in files),
        *(("export", "mira", "-o", name) for name in ("empty", "none/none", "x" * 300, "-")),
        *((verb, user) for verb in ("export", "settings", "backups", "undo") for user in users),
        ("undo", "mira", "--yes"),
        ("restore", "mira", str(exported)),
        ("settings", "mira", "--backup", "perhaps"),
        ("users", "--site", _NO_UTF8),
        ("users", "too", "much"),
        ("enrich", _NO_UTF8),
        ("nonsense",),
    ]
    before = content(library)
    for words in cases:
        ran = library.greenroom("library", *words, "--json")
        assert (ran.json["greenroom_json"], ran.code != 0) == (1, True), words
        reported = ran.json.get("success") is False
        assert reported or (bool(ran.json["error"]), ran.json["exit_code"]) == (True, ran.code), (words, ran)
    assert content(library) == before
