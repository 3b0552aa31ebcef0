"""restore, apply, restore-cancel, undo, history: what they ask, do, and say."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import House, opened_elsewhere

FRAME = {"greenroom_json", "command"}
RESTORE_KEYS = {*FRAME, "mode", "preview", "pending", "outcome"}
PREVIEW_KEYS = {
    "site",
    "backup",
    "present",
    "tables",
    "folders",
    "space",
    "holders",
    "version_now",
    "version_backup",
    "version_differs",
    "engine_version",
    "mode",
    "scope",
    "losses",
    "blockers",
    "notices",
    "lost",
}
PENDING_KEYS = {
    "site",
    "action",
    "restore_id",
    "backup_filename",
    "backup_id",
    "requested_at",
    "requested_by",
    "phase",
    "interrupted",
    "staging_path",
    "error",
}
OUTCOME_KEYS = {
    "site",
    "action",
    "state",
    "backup",
    "tables",
    "records",
    "files",
    "safety_backup",
    "set_aside",
    "unexpected",
    "notices",
    "error",
}
HISTORY_KEYS = {
    *OUTCOME_KEYS,
    "id",
    "into",
    "of_site",
    "mode",
    "scope",
    "restore_id",
    "status",
    "backup_id",
    "safety_backup_id",
    "restored_by",
    "restored_at",
}


def _leftovers(house: House) -> list[Path]:
    return [path for path in (house.root / "srv").rglob(".greenroom-*") if path.exists()]


def test_a_dry_run_says_what_is_lost_and_changes_nothing(house: House) -> None:
    name = house.back_up()
    house.change()
    before = house.state()
    text = house.done("restore", "latest", "--dry-run").out
    assert f"app/{name}" in text
    assert str(house.database()) in text
    assert str(house.uploads()) in text
    assert "+15" in text
    assert "files: 1 file\n" in text
    assert "new.txt" in text
    ran = house.done("restore", "latest", "--dry-run", "--json")
    assert set(ran.json) == RESTORE_KEYS
    assert (ran.json["mode"], ran.json["pending"], ran.json["outcome"]) == ("dry-run", None, None)
    preview = ran.json["preview"]
    assert set(preview) == PREVIEW_KEYS
    assert preview["tables"] == [{"name": "films", "now": 5, "backup": 20, "difference": 15}]
    (folder,) = preview["folders"]
    assert (folder["lost"], folder["lost_examples"], folder["path"]) == (1, ["new.txt"], str(house.uploads()))
    assert {space["by"] for space in preview["space"]} == {"rename"}
    assert house.state() == before
    assert house.done("status", "--json").json["sites"][0]["pending"] is None


def test_stage_then_apply_then_undo(house: House) -> None:
    name = house.back_up()
    whole = house.state()
    house.change()
    changed = house.state()

    staged = house.done("restore", name, "--stage", "--yes", "--json").json
    assert set(staged) == RESTORE_KEYS
    assert set(staged["pending"]) == PENDING_KEYS
    assert (staged["mode"], staged["pending"]["phase"], staged["preview"]) == ("stage", "staged", None)
    assert house.state() == changed
    pending = house.done("status", "--json").json["sites"][0]["pending"]
    assert pending == staged["pending"]
    assert "pending restore" in house.done("status").out

    applied = house.done("apply", "--json").json
    assert set(applied) == {*FRAME, "results"}
    (result,) = applied["results"]
    assert set(result) == {"site", "outcome", "error"}
    assert set(result["outcome"]) == OUTCOME_KEYS
    assert (result["outcome"]["state"], result["outcome"]["records"]) == ("new", 20)
    assert house.state() == whole

    undone = house.done("undo", "app", "--yes")
    assert result["outcome"]["safety_backup"] in undone.out
    assert house.state() == changed
    assert set(house.done("undo", "--yes", "--json").json["outcome"]) == OUTCOME_KEYS
    assert house.state() == whole

    log = house.done("history", "app", "--json").json
    assert set(log) == {*FRAME, "restores", "removals"}
    assert [row["action"] for row in log["restores"]] == ["undo", "undo", "restore"]
    assert all(set(row) == HISTORY_KEYS for row in log["restores"])
    text = house.done("history").out
    assert text.count("completed") == 3
    assert name in text
    assert len(house.done("history", "--limit", "1").out.splitlines()) == 2


def test_nothing_pending_and_nothing_restored(house: House) -> None:
    assert "nothing is pending" in house.done("apply").out
    assert house.done("apply", "app", "--json").json["results"] == [{"site": "app", "outcome": None, "error": None}]
    assert "nothing was restored" in house.done("history").err
    assert house.greenroom("undo", "--yes").code == 2
    assert house.greenroom("restore-cancel").code == 2


def test_a_staged_restore_is_cancelled(house: House) -> None:
    house.back_up()
    before = house.state()
    house.done("restore", "latest", "--stage", "--yes")
    again = house.greenroom("restore", "latest", "--stage", "--yes")
    assert again.code == 1
    assert "pending" in again.err
    ran = house.done("restore-cancel", "app", "--json")
    assert set(ran.json) == {*FRAME, "site", "removed"}
    assert house.state() == before
    assert not _leftovers(house)
    assert "nothing is pending" in house.done("apply").out


@pytest.mark.parametrize("modes", [[], ["--now", "--stage"], ["--dry-run", "--now"]])
def test_restore_wants_exactly_one_mode(house: House, modes: list[str]) -> None:
    house.back_up()
    ran = house.greenroom("restore", "latest", *modes, "--yes")
    assert ran.code == 2
    assert "one of" in ran.err


@pytest.mark.parametrize("words", [["restore", "latest", "--now"], ["restore", "latest", "--stage"], ["undo"]])
def test_without_a_terminal_and_without_yes_nothing_changes(house: House, words: list[str]) -> None:
    house.back_up()
    house.done("restore", "latest", "--now", "--yes")
    house.change()
    before = house.state()
    ran = house.greenroom(*words)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert house.state() == before
    assert "nothing is pending" in house.done("apply").out


def test_restore_and_undo_ask_for_the_sites_name(house: House) -> None:
    name = house.back_up()
    whole = house.state()
    house.change()
    changed = house.state()

    refused = house.at_terminal("restore", "latest", "--now", answers="yes\n")
    assert refused.code == 130
    assert "nothing was changed" in refused.err
    assert house.state() == changed

    ran = house.at_terminal("restore", "latest", "--now", "--json", answers="app\n")
    assert ran.code == 0
    assert f"app/{name}" in ran.err
    assert "new.txt" in ran.err
    assert str(house.database()) in ran.err
    assert set(ran.json["preview"]) == PREVIEW_KEYS
    assert house.state() == whole

    assert house.at_terminal("undo", answers="\n").code == 130
    assert house.state() == whole
    undone = house.at_terminal("undo", answers="app\n")
    assert undone.code == 0
    assert "every change since" in undone.err
    assert house.state() == changed


def test_the_end_of_the_input_is_no_consent(house: House) -> None:
    house.back_up()
    before = house.state()
    assert house.at_terminal("restore", "latest", "--stage", answers="\x04").code == 130
    assert house.state() == before


def test_another_version_wants_typed_consent(house: House) -> None:
    house.set_site("app", version='"1.4"')
    house.back_up()
    house.set_site("app", version='"2.0"')
    before = house.state()
    refused = house.greenroom("restore", "latest", "--now", "--yes")
    assert refused.code == 2
    assert "--accept-version 1.4" in refused.err
    assert house.greenroom("restore", "latest", "--now", "--yes", "--accept-version", "2.0").code == 2
    assert house.at_terminal("restore", "latest", "--now", answers="app\n").code == 130
    assert house.state() == before
    asked = house.at_terminal("restore", "latest", "--now", answers="1.4\napp\n")
    assert asked.code == 0
    assert "THEY DIFFER" in asked.err
    house.done("restore", "latest", "--now", "--yes", "--accept-version", "1.4")
    told = house.at_terminal("restore", "latest", "--stage", "--accept-version", "1.4", answers="app\n")
    assert told.code == 0


def test_what_stands_in_the_way_is_said_before_anything_is_asked(house: House) -> None:
    house.back_up()
    house.done("restore", "latest", "--stage", "--yes")
    assert "stands in the way" in house.done("restore", "latest", "--dry-run").out
    ran = house.at_terminal("restore", "latest", "--now", answers="app\n")
    assert ran.code == 1
    assert "Type the name" not in ran.err


def test_an_open_database_exits_5_and_only_what_was_staged_waits(house: House) -> None:
    house.back_up()
    house.change()
    before = house.state()
    with opened_elsewhere(house.database()) as holder:
        preview = house.done("restore", "latest", "--dry-run", "--json").json["preview"]
        assert [one["pid"] for one in preview["holders"]] == [holder]
        ran = house.greenroom("restore", "latest", "--now", "--yes")
        assert ran.code == 5
        assert str(holder) in ran.err
        assert house.done("status", "--json").json["sites"][0]["pending"] is None
        house.done("restore", "latest", "--stage", "--yes")
        again = house.greenroom("apply", "--json")
        assert again.code == 5
        (result,) = again.json["results"]
        assert set(result["error"]) == {"error", "message", "exit_code"}
    assert house.state() == before
    house.done("apply")
    with opened_elsewhere(house.database()):
        undo = house.greenroom("undo", "--yes", "--json")
        assert undo.code == 5
    assert house.done("status", "--json").json["sites"][0]["pending"] is None


def test_a_damaged_archive_exits_6_and_changes_nothing(house: House) -> None:
    name = house.back_up()
    before = house.state()
    archive = house.archive(name)
    archive.write_bytes(archive.read_bytes()[:-30])
    for mode in ("--dry-run", "--stage", "--now"):
        assert house.greenroom("restore", "latest", mode, "--yes").code == 6
    assert house.state() == before


def test_a_failed_apply_exits_6_and_is_shown_until_it_is_cleared_away(house: House) -> None:
    house.back_up()
    before = house.state()
    staged = house.done("restore", "latest", "--stage", "--yes", "--json").json["pending"]["staging_path"]
    with (Path(staged) / "new" / "app.db").open("r+b") as file:
        file.seek(100)
        file.write(b"changed")
    ran = house.greenroom("apply")
    assert ran.code == 6
    assert "exactly as it was" in ran.err
    assert house.state() == before
    assert "failed restore" in house.done("status").out
    failed = house.done("history")
    assert "failed" in failed.out
    assert "not what was staged" in failed.out
    assert "nothing is pending" in house.done("apply").out
    assert "failed" in house.done("restore-cancel").out
    assert "failed restore" not in house.done("status").out


def test_a_damaged_database_is_set_aside_and_comes_back(house: House) -> None:
    house.back_up()
    whole = house.state()
    for file in house.database().parent.glob("app.db*"):
        file.unlink()
    house.database().write_bytes(b"this was a database once" * 500)
    damaged = house.database().read_bytes()
    ran = house.at_terminal("restore", "latest", "--now", answers="app\n")
    assert ran.code == 0
    assert "damaged" in ran.err
    assert "set aside" in ran.out
    assert house.state() == whole
    assert "raw bytes set aside" in house.done("history").out
    undone = house.at_terminal("undo", answers="app\n")
    assert undone.code == 0
    assert "comes back as it was set aside" in undone.err
    assert house.database().read_bytes() == damaged


def test_a_missing_database_comes_back(house: House) -> None:
    house.back_up()
    whole = house.state()
    shutil.rmtree(house.uploads())
    for file in house.database().parent.glob("app.db*"):
        with suppress(FileNotFoundError):
            file.unlink()
    house.done("restore", "latest", "--now", "--yes")
    assert house.state() == whole
