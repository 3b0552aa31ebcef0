"""init, status, config, catalog rebuild, and what is refused before `init`."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.cli.conftest import House

SITE_KEYS = {
    "site",
    "last_good",
    "age_seconds",
    "last_failure",
    "pending",
    "failed_restore",
    "damaged",
    "missing",
    "schedule_lost",
    "busy",
    "next_run",
    "due",
    "overdue",
    "overdue_limit_seconds",
}
STATUS_KEYS = {
    "greenroom_json",
    "command",
    "initialized",
    "message",
    "schema_version",
    "catalog",
    "configuration",
    "storage",
    "free_bytes",
    "read_only",
    "loose_permissions",
    "forgotten",
    "runner",
    "sites",
}


def test_init_says_whether_it_did_something(bare_house: House) -> None:
    first = bare_house.done("init", "--json").json
    assert (first["initialized"], first["changed"]) == (True, True)
    again = bare_house.done("init")
    assert "already initialized" in again.out
    assert bare_house.done("init", "--json").json["changed"] is False
    assert (bare_house.root / "state").stat().st_mode & 0o777 == 0o700
    assert (bare_house.root / "backups").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "words",
    [
        ["backup"],
        ["list"],
        ["show", "latest"],
        ["verify", "latest"],
        ["copy", "latest", "elsewhere.zip"],
        ["adopt", "some.zip"],
        ["pin", "1"],
        ["unpin", "1"],
        ["delete", "1", "--yes"],
        ["restore", "1", "--dry-run"],
        ["restore", "1", "--now", "--yes"],
        ["apply"],
        ["restore-cancel"],
        ["undo", "--yes"],
        ["history"],
    ],
    ids=lambda words: " ".join(words[:1] + words[2:3]),
)
def test_before_init_every_command_says_what_to_do(bare_house: House, words: list[str]) -> None:
    ran = bare_house.greenroom(*words, "--json")
    assert ran.code == 4
    assert set(ran.json) == {"greenroom_json", "command", "error", "message", "exit_code", "action_required"}
    assert ran.json["error"] == "Backup system not initialized"
    assert ran.json["action_required"] == "greenroom init"
    assert "greenroom init" in ran.err
    assert not (bare_house.root / "state").exists()


def test_status_before_init(bare_house: House) -> None:
    ran = bare_house.greenroom("status", "--json")
    assert ran.code == 4
    assert set(ran.json) == {*STATUS_KEYS, "error", "action_required", "exit_code"}
    assert (ran.json["initialized"], ran.json["sites"]) == (False, [])
    assert ran.json["action_required"] == "greenroom init"
    text = bare_house.greenroom("status")
    assert text.code == 4
    assert "not initialised" in text.out
    assert "greenroom init" in text.out


def test_status_tells_of_the_last_good_backup_and_its_age(house: House) -> None:
    assert "last good backup  NONE" in house.done("status").out
    name = house.back_up()
    text = house.done("status").out
    assert f"just now: {name}" in text
    status = house.done("--json", "status").json
    assert set(status) == STATUS_KEYS
    (site,) = status["sites"]
    assert set(site) == SITE_KEYS
    assert site["last_good"]["name"] == name
    assert site["age_seconds"] >= 0
    assert site["busy"] is None


def test_status_tells_of_a_failed_backup_who_is_at_work_and_loose_permissions(house: House) -> None:
    shutil.rmtree(house.uploads())
    assert house.greenroom("backup").code == 1
    (house.root / "state").chmod(0o755)
    context = house.context()
    with context.lock(context.settings.site("app"), "a test"):
        text = house.done("status")
        status = house.done("status", "--json").json
    assert "FAILED" in text.out
    assert "a test" in text.out
    assert "chmod 700" in text.err
    (site,) = status["sites"]
    assert site["last_failure"]["status"] == "failed"
    assert "uploads" in site["last_failure"]["error"]
    assert site["last_failure"]["path"] is None
    assert set(site["busy"]) == {"actor", "verb", "since", "pid"}
    assert len(status["loose_permissions"]) == 1


def test_a_pending_restore_of_a_site_that_was_renamed_is_not_passed_over(house: House) -> None:
    name = house.back_up()
    house.done("restore", name, "--stage", "--yes")
    house.config.write_text(house.config.read_text().replace("[sites.app]", "[sites.renamed]"))
    assert house.done("status", "--json").json["forgotten"] == ["app"]
    assert "a restore is pending for app" in house.done("status").err
    ran = house.greenroom("apply")
    assert ran.code == 1
    assert "does not name any more" in ran.err
    house.config.write_text(house.config.read_text().replace("[sites.renamed]", "[sites.app]"))
    house.done("apply")


def test_status_tells_of_a_damaged_marker(house: House) -> None:
    folder = house.root / "state" / "sites" / "app"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".restore_pending").write_text("{")
    text = house.done("status").out
    assert "DAMAGED" in text
    assert "do not start the application" in text
    assert house.done("status", "--json").json["sites"][0]["damaged"]


def test_config_check_tells_all_errors_at_once(house: House) -> None:
    assert "app" in house.done("config", "check").out
    house.set_site("app", tyme_zone='"UTC"', max_archive_bytes='"much"')
    ran = house.greenroom("config", "check", "--json")
    assert ran.code == 2
    assert {problem["key"] for problem in ran.json["problems"]} == {
        "sites.app.tyme_zone",
        "sites.app.max_archive_bytes",
    }
    assert all(set(problem) == {"key", "wrong", "allowed"} for problem in ran.json["problems"])
    assert "sites.app.tyme_zone" in ran.err


def test_config_check_warns_of_what_is_missing_and_runs_nothing(bare_house: House) -> None:
    bare_house.set_site("app", version_command='"touch ran"')
    bare_house.database().unlink()
    ran = bare_house.done("config", "check", "--json")
    assert set(ran.json) == {"greenroom_json", "command", "configuration", "sites", "warnings"}
    assert "app.db" in ran.json["warnings"][0]
    assert not (bare_house.root / "ran").exists()


def test_config_show_and_schema(house: House) -> None:
    assert "[sites.app]" in house.done("config", "show").out
    shown = house.done("--read-only", "config", "show", "--json").json
    assert shown["command"] == "config show"
    assert shown["configuration"]["read_only"] is True
    assert json.loads(house.done("config", "schema").out)["properties"]["sites"]
    assert house.done("config", "schema", "--json").json["schema"]["properties"]["sites"]
    assert house.greenroom("config").code == 2


def test_no_configuration_is_a_usage_error(house: House) -> None:
    house.config.unlink()
    ran = house.greenroom("list", "--json")
    assert ran.code == 2
    assert "greenroom.toml" in ran.json["error"]


def test_a_lost_catalog_is_rebuilt(house: House) -> None:
    name = house.back_up()
    shutil.rmtree(house.root / "state")
    (house.root / "backups" / "gone").mkdir(mode=0o700)
    ran = house.done("catalog", "rebuild", "--json")
    assert set(ran.json) == {
        "greenroom_json",
        "command",
        "found",
        "known",
        "pinned",
        "unreadable",
        "unknown_sites",
        "damaged_catalog",
        "not_recovered",
    }
    assert (ran.json["command"], ran.json["found"], ran.json["unknown_sites"]) == (
        "catalog rebuild",
        [f"app/{name}"],
        ["gone"],
    )
    text = house.done("catalog", "rebuild")
    assert "0 backups found, 1 known already" in text.out
    assert "schedules" in text.err
    assert name in house.done("list").out


def test_a_damaged_catalog_is_moved_away_and_rebuilt(house: House) -> None:
    name = house.back_up()
    archive = house.archive(name)
    archive.with_name(f"{name}.state.json").unlink()
    for file in (house.root / "state").glob("catalog.db*"):
        file.write_bytes(b"not a database" * 100)
    ran = house.done("catalog", "rebuild")
    assert "catalog.db.damaged-" in ran.err
    assert f"app/{name}  pinned" in ran.out
