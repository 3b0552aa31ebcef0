"""What the README and the documents say, run and compared with what happens."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from textual.binding import Binding

from cli.root import COMMANDS
from core.archive import Manifest
from core.config import load_settings
from core.config.document import FileSettings, SiteTable
from core.config.tables import AlarmsTable, DaemonTable, EnrichmentTable, LibraryTable
from core.errors import ExitCode
from core.stores import StoredState
from tests.e2e.documents import DOCUMENTS, ROOT, blocks_of, printed_by, run_document, runnable
from tests.support import database_state, tree_state
from tui.app import GreenroomApp
from tui.screens.backup_verbs import BackupVerbs
from tui.screens.backups import BackupsScreen
from tui.screens.editor import EditorScreen
from tui.screens.history import HistoryScreen
from tui.screens.library import LibraryScreen
from tui.screens.messages import MessagesScreen
from tui.screens.records import RecordsScreen
from tui.screens.restore import RestoreScreen
from tui.screens.schedule import ScheduleScreen
from tui.screens.user_verbs import UserVerbs
from tui.widgets.backup_table import BackupTable
from tui.widgets.one_of import OneOf

_SHOWN = {"slash": "/", "question_mark": "?", "escape": "esc"}

NOT_RUN = {
    ("README.md", "each makes its own environment and runs for minutes; tests of their own cover make demo"),
    ("README.md", "installs for the user"),
    ("docs/alarms.md", "the demo site has nobody to tell"),
    ("docs/operations.md", "writes to /opt and /usr/local, as root"),
}
FORMAT = ROOT / "docs" / "archive-format.md"


@pytest.fixture
def tools() -> None:
    missing = [tool for tool in ("sqlite3", "unzip", "sha256sum") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the documents use {', '.join(missing)}, which is not installed here")


def test_only_a_few_blocks_are_not_run() -> None:
    found = {
        (str(block.document.relative_to(ROOT)), block.reason)
        for document in DOCUMENTS
        for block in blocks_of(document, "sh")
        if block.reason is not None
    }
    assert found == NOT_RUN


def test_every_document_with_commands_is_run() -> None:
    assert {document.name for document in DOCUMENTS if runnable(document)} == {
        "README.md",
        "alarms.md",
        "archive-format.md",
        "categories.md",
        "drills.md",
        "records.md",
        "daemon.md",
        "library.md",
        "operations.md",
        "retention.md",
        "schedules.md",
    }


@pytest.mark.slow
@pytest.mark.usefixtures("tools")
def test_the_tour_of_the_readme(tmp_path: Path) -> None:
    printed = run_document(ROOT / "README.md", tmp_path)
    site = tmp_path / "films"

    assert "before the upgrade" in printed_by("greenroom list\n", printed)
    preview = printed_by("--dry-run", printed)
    assert re.search(r"watch_history +0 +(\d+) +\+\1\n", preview)
    assert re.search(r"files +\d+ +\d+ +\+49 ", preview)
    assert "pending" in printed_by("--stage", printed).lower()

    listed = json.loads(printed_by("greenroom list --json", printed))
    shown = json.loads(blocks_of(ROOT / "README.md", "json")[0].text)
    assert {tuple(backup) for backup in listed["backups"]} == {tuple(shown)}
    safety = [backup["name"] for backup in listed["backups"] if "before the restore" in backup["description"]]
    assert len(safety) == 1
    assert safety[0] in printed_by("greenroom undo", printed)
    history = printed_by("greenroom history", printed)
    assert "undo" in history
    assert "restore" in history

    with closing(sqlite3.connect(site / "app.db")) as connection:
        assert connection.execute("SELECT count(*) FROM watch_history").fetchone() == (0,)
    assert not list((site / "uploads" / "posters").glob("*.png"))


@pytest.mark.slow
@pytest.mark.usefixtures("tools")
def test_the_commands_of_the_drills(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "drills.md", tmp_path)
    assert "the drill passed in" in printed_by("greenroom drill\n", printed)
    assert "drilled just now" in printed_by("greenroom list\n", printed)


@pytest.mark.slow
@pytest.mark.usefixtures("tools")
def test_a_restore_by_hand_brings_all_back(tmp_path: Path) -> None:
    run_document(FORMAT, tmp_path)
    site = tmp_path / "byhand"
    assert database_state(site / "app.db") == database_state(site / "present" / "app.db")
    assert tree_state(site / "uploads") == tree_state(site / "present" / "uploads")
    assert tree_state(site / "uploads")


@pytest.mark.slow
@pytest.mark.usefixtures("tools")
def test_the_commands_of_the_operator(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "operations.md", tmp_path)
    assert "pending" in printed_by("--stage", printed).lower()
    assert "backup_" in printed_by("catalog rebuild", printed)
    assert json.loads((tmp_path / "site" / "greenroom.schema.json").read_text())["properties"]["sites"]


@pytest.mark.slow
def test_the_commands_of_retention(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "retention.md", tmp_path)
    assert "newest completed" in printed_by("greenroom prune movies\n", printed)
    assert "removed: more than 1" in printed_by("--yes", printed)


@pytest.mark.slow
def test_the_commands_of_schedules(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "schedules.md", tmp_path)
    shown = json.loads("{" + printed_by("schedule show --json", printed).partition("\n{")[2])
    assert (shown["schedule"]["cron"], shown["schedule"]["maxBackups"]) == ("30 4 * * 1-5", None)
    assert len(shown["upcoming"]) == 5


@pytest.mark.slow
def test_the_commands_for_a_monitor(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "alarms.md", tmp_path)
    assert "all is well\nGREENROOM OK - movies: last good backup " in printed_by("greenroom check\n", printed)


@pytest.mark.slow
def test_the_daemon_that_is_shown_runs_and_ends(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "daemon.md", tmp_path)
    assert printed_by("kill -TERM", printed).count("event=reloaded ") == 1
    assert "event=daemon_ended" in printed_by("kill -TERM", printed)


@pytest.mark.slow
def test_the_commands_of_categories(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "categories.md", tmp_path)
    assert "llm-generated" in printed_by("category log tmdb-550\n", printed)
    assert "taken back, entry 2" in printed_by("category revert", printed)
    assert "added gallery_images" in printed_by("Here it is", printed)
    assert "categories published, 0 of them" in printed_by("movies-export.zip --publish", printed)


@pytest.mark.slow
def test_the_commands_of_records(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "records.md", tmp_path)
    assert "Pictures" in printed_by("record diff movies genres 1\n", printed)
    assert "taken back, entry 2" in printed_by("record revert", printed)


@pytest.mark.slow
def test_the_commands_of_users_libraries(tmp_path: Path) -> None:
    printed = run_document(ROOT / "docs" / "library.md", tmp_path)
    assert "mira@movies.example" in printed_by("library users", printed)
    assert "what was there is kept in before-restore-" in printed_by("library restore mira", printed)
    assert "before-undo-" in printed_by("library backups mira\n", printed)


@pytest.mark.parametrize("document", ["README.md", "docs/alarms.md", "docs/operations.md"])
def test_the_configurations_shown_are_right(document: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    for block in blocks_of(ROOT / document, "toml"):
        file = tmp_path / "greenroom.toml"
        file.write_text(block.text)
        file.chmod(0o600)
        assert load_settings(file, environ={}).sites


def test_every_key_of_the_configuration_is_explained() -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    tables = (FileSettings, SiteTable, DaemonTable, AlarmsTable, LibraryTable, EnrichmentTable)
    keys = {key for table in tables for key in table.model_fields} - {
        "sites",
        "daemon",
        "alarms",
        "library",
        "enrichment",
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in told] == []


def test_every_command_and_exit_code_is_named() -> None:
    told = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if not re.search(rf"`{name}[ `]", told)] == []
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", told, re.MULTILINE)] == [int(code) for code in ExitCode]


_OWNERS_OF_KEYS = (
    GreenroomApp,
    BackupsScreen,
    BackupVerbs,
    BackupTable,
    HistoryScreen,
    MessagesScreen,
    RestoreScreen,
    ScheduleScreen,
    LibraryScreen,
    RecordsScreen,
    EditorScreen,
    UserVerbs,
    OneOf,
)


def test_the_keys_told_are_those_of_the_help() -> None:
    told = (ROOT / "README.md").read_text().partition("## The app")[2].partition("## Configure")[0]
    keys = [key.strip("`") for key in re.findall(r"^\| ([^|]+?) \| \S", told, re.MULTILINE)]
    assert keys
    told = {key for cell in keys for key in re.split("[, ]+", cell.replace("`", ""))} - {"key"}
    bound = {
        _SHOWN.get(key, key)
        for owner in _OWNERS_OF_KEYS
        for binding in owner.BINDINGS
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    assert told <= bound | {GreenroomApp.COMMAND_PALETTE_BINDING}


def test_the_manifest_shown_is_one() -> None:
    manifest, sidecar = (block.text for block in blocks_of(FORMAT, "json"))
    shown = Manifest.model_validate_json(manifest)
    assert shown.to_bytes().decode() == manifest
    identity = hashlib.sha256(manifest.encode()).hexdigest()
    assert f"{identity}  metadata.json\n" in FORMAT.read_text()
    state = StoredState.model_validate_json(sidecar)
    assert state.to_bytes().decode() == sidecar
    assert state.manifest_sha256 == identity


def test_the_listing_shown_has_the_digest_shown() -> None:
    lines = re.findall(r"^[fdl] [0-7]+ \d+ \d+ \d+ \d+ [0-9a-f]{64} .+\n", FORMAT.read_text(), re.MULTILINE)
    manifest = Manifest.model_validate_json(blocks_of(FORMAT, "json")[0].text)
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == manifest.files[0].listing_sha256


def test_links_between_the_documents_lead_somewhere() -> None:
    for document in (*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            aimed = (document.parent / path) if path else document
            assert aimed.exists(), f"{document.name}: {target}"
            assert not anchor or anchor in _anchors(aimed), f"{document.name}: {target}"


def test_what_a_damaged_marker_refers_to_is_there() -> None:
    assert "a-damaged-marker" in _anchors(ROOT / "docs" / "operations.md")


def _anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as they are made on GitHub."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
