"""backup, list, show, verify, copy, adopt, pin, delete: their results, their JSON, their exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import House

BACKUP_KEYS = {
    "id",
    "name",
    "site",
    "kind",
    "scope",
    "status",
    "created_at",
    "size_bytes",
    "path",
    "verified_at",
    "drilled_at",
    "drill_status",
    "pinned",
    "foreign",
    "description",
    "tables",
    "records",
    "created_by",
    "error",
}
FRAME = {"greenroom_json", "command"}


def _damage(archive: Path) -> None:
    """Change a byte in the middle of the database's compressed content."""
    with archive.open("r+b") as file:
        file.seek(200)
        byte = file.read(1)
        file.seek(200)
        file.write(bytes([byte[0] ^ 0xFF]))


def _bare_archive(path: Path, description: str = "backup_20250115_100000", content: str = "x") -> Path:
    database = path.with_suffix(".db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE cms (x)")
        connection.commit()
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(database, "database.db")
        archive.writestr("files/x.txt", content)
        archive.writestr("metadata.json", json.dumps({"app_version": "1.0", "backup_name": description}))
    return path


def test_a_backup_is_told_in_a_line_and_in_json(house: House) -> None:
    text = house.done("backup", "app", "--description", "before it")
    assert "completed" in text.out
    assert "1 table with 20 rows, 2 files, verified" in text.out
    assert "copying the database" in text.err
    ran = house.done("backup", "--json", "--quiet")
    assert ran.err == ""
    assert set(ran.json) == {*FRAME, "backup", "skipped", "notices", "writers_waited_seconds"}
    assert (ran.json["greenroom_json"], ran.json["command"]) == (1, "backup")
    backup = ran.json["backup"]
    assert set(backup) == BACKUP_KEYS
    assert (backup["site"], backup["kind"], backup["scope"], backup["status"]) == (
        "app",
        "snapshot",
        "full",
        "completed",
    )
    assert Path(backup["path"]).is_absolute()
    assert Path(backup["path"]).stat().st_size == backup["size_bytes"]
    assert (backup["tables"], backup["records"], backup["foreign"], backup["pinned"]) == (1, 20, False, False)
    assert backup["created_at"].endswith("+00:00")
    assert backup["verified_at"] is not None


def test_what_a_backup_leaves_out_and_whom_it_blocked_is_said(house: House) -> None:
    os.mkfifo(house.uploads() / "pipe")
    with closing(sqlite3.connect(house.database())) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    ran = house.done("backup", "--json")
    assert len(ran.json["skipped"]) == 1
    assert "pipe" in ran.err
    assert ran.json["writers_waited_seconds"] >= 0
    assert "could not write" in ran.err
    assert "pipe" in house.done("backup", "--quiet").err


def test_a_failed_backup_exits_1_and_stays_in_the_list(house: House) -> None:
    shutil.rmtree(house.uploads())
    ran = house.greenroom("backup", "--json")
    assert ran.code == 1
    assert set(ran.json) == {*FRAME, "error", "message", "exit_code"}
    assert ran.json["exit_code"] == 1
    (backup,) = house.done("list", "--json").json["backups"]
    assert (backup["status"], backup["path"], backup["size_bytes"], backup["records"]) == ("failed", None, None, None)
    assert "uploads" in backup["error"]
    assert "failed" in house.done("list").out


def test_a_description_of_several_lines_is_refused(house: House) -> None:
    assert house.greenroom("backup", "--description", "two\nlines").code == 2


def test_the_list_is_newest_first_and_says_when_it_is_cut(house: House) -> None:
    assert "no backups yet" in house.done("list").err
    names = [house.back_up() for _ in range(3)]
    listed = house.done("list", "--json").json
    assert set(listed) == {*FRAME, "backups", "total"}
    assert [backup["name"] for backup in listed["backups"]] == names[::-1]
    assert all(set(backup) == BACKUP_KEYS for backup in listed["backups"])
    cut = house.done("list", "--limit", "2")
    assert len(cut.out.splitlines()) == 3
    assert "2 of 3" in cut.err
    assert len(house.done("list", "--all").out.splitlines()) == 4
    assert house.done("list", "--json", "--limit", "1").json["total"] == 3
    assert house.greenroom("list", "--all", "--limit", "1").code == 2
    assert house.greenroom("list", "--limit", "0").code == 2


def test_times_are_shown_in_the_sites_zone_with_their_age(house: House) -> None:
    house.back_up()
    text = house.done("list").out
    assert "CET" in text or "CEST" in text
    assert "just now" in text


def test_show_tells_what_is_in_a_backup(house: House) -> None:
    name = house.back_up()
    text = house.done("show", f"{name}.zip").out
    assert "films" in text
    assert str(house.archive(name)) in text
    shown = house.done("show", "latest", "--json").json
    assert set(shown) == {*FRAME, "backup", "manifest", "drill"}
    assert shown["manifest"]["tables"] == [{"name": "films", "rows": 20}]
    shutil.rmtree(house.uploads())
    house.greenroom("backup")
    failed = house.done("list", "--json", "--limit", "1").json["backups"][0]["id"]
    assert "uploads" in house.done("show", str(failed)).out
    assert house.done("show", str(failed), "--json").json["manifest"] is None


def test_verify_tries_all_and_exits_6_if_one_fails(house: House) -> None:
    good, bad, last = (house.back_up() for _ in range(3))
    assert house.done("verify", good, bad).out.count("every hash agrees") == 2
    _damage(house.archive(bad))
    text = house.greenroom("verify", good, bad, last)
    assert text.code == 6
    assert text.out.count("every hash agrees") == 2
    assert f"app/{bad}" in text.err
    ran = house.greenroom("verify", "--json", good, bad, last)
    assert ran.code == 6
    assert set(ran.json) == {*FRAME, "results"}
    assert all(set(result) == {"backup", "verified", "error"} for result in ran.json["results"])
    assert [result["verified"] for result in ran.json["results"]] == [True, False, True]
    error = ran.json["results"][1]["error"]
    assert set(error) == {"error", "message", "exit_code"}
    assert ran.json["results"][1]["backup"]["verified_at"] is None
    assert "NOT verified" in house.done("list").out


def test_verify_with_a_backup_that_is_not_there_reads_nothing(house: House) -> None:
    name = house.back_up()
    ran = house.greenroom("verify", name, "nope")
    assert ran.code == 2
    assert ran.out == ""
    assert house.greenroom("verify").code == 2


def test_verify_of_one_that_has_no_archive(house: House) -> None:
    name = house.back_up()
    shutil.rmtree(house.uploads())
    house.greenroom("backup")
    failed = str(house.done("list", "--json", "--limit", "1").json["backups"][0]["id"])
    assert house.greenroom("verify", failed).code == 2
    assert house.greenroom("verify", failed, name).code == 3
    house.archive(name).unlink()
    assert house.greenroom("verify", failed, name).code == 6


def test_copy_puts_the_archive_elsewhere_and_overwrites_nothing(house: House) -> None:
    name = house.back_up()
    ran = house.done("copy", name, "out.zip", "--json")
    assert set(ran.json) == {*FRAME, "backup", "copy"}
    copy = Path(ran.json["copy"])
    assert copy.is_absolute()
    assert copy.read_bytes() == house.archive(name).read_bytes()
    (house.root / "folder").mkdir()
    assert f"folder/{name}.zip" in house.done("copy", name, "folder").out
    assert house.greenroom("copy", name, "out.zip").code == 2


def test_adopt_takes_an_archive_in_and_says_that_it_is_foreign(house: House) -> None:
    file = _bare_archive(house.root / "cms.zip")
    ran = house.done("adopt", str(file), "--site", "app", "--json")
    assert set(ran.json) == {*FRAME, "backup", "known", "renamed"}
    assert (ran.json["backup"]["foreign"], ran.json["backup"]["verified_at"]) == (True, None)
    assert (ran.json["known"], ran.json["renamed"]) == (False, False)
    again = house.done("adopt", str(file))
    assert "nothing was done" in again.out
    other = house.done("adopt", str(_bare_archive(house.root / "other.zip", content="y")))
    assert "backup_20250115_100000_2" in other.out
    assert "suffix" in other.err
    assert "foreign" in other.err
    assert "foreign" in house.done("list").out
    assert "foreign" in house.done("show", "1").out
    verified = house.done("verify", "1")
    assert "no hashes" in verified.out
    assert house.done("verify", "1", "--json").json["results"][0]["verified"] is False


def test_adopt_of_what_is_no_archive_exits_6(house: House) -> None:
    (house.root / "no.zip").write_bytes(b"PK\3\4 and nothing else")
    assert house.greenroom("adopt", "no.zip").code == 6
    assert house.greenroom("adopt", "missing.zip").code == 2


def test_text_from_an_archive_does_not_steer_the_terminal(house: House) -> None:
    house.done("adopt", str(_bare_archive(house.root / "cms.zip", "\x1b[2J\x07 gone")))
    for words in (["list"], ["show", "1"], ["status"], ["restore", "1", "--dry-run"]):
        ran = house.done(*words)
        assert "\x1b" not in ran.out + ran.err
        assert "\x07" not in ran.out + ran.err
    assert "?[2J? gone" in house.done("list").out
    assert house.done("list", "--json").json["backups"][0]["description"] == "\x1b[2J\x07 gone"


def test_a_pinned_backup_is_not_deleted(house: House) -> None:
    name = house.back_up()
    assert house.done("pin", name, "--json").json["backup"]["pinned"] is True
    refused = house.greenroom("delete", name, "--yes")
    assert refused.code == 2
    assert "pinned" in refused.err
    assert "not pinned" in house.done("unpin", name).out
    ran = house.done("delete", name, "--yes", "--json")
    assert set(ran.json) == {*FRAME, "backup", "freed_bytes"}
    assert ran.json["freed_bytes"] > 0
    assert not house.archive(name).exists()
    assert house.greenroom("show", name).code == 2


def test_delete_without_a_terminal_changes_nothing(house: House) -> None:
    name = house.back_up()
    ran = house.greenroom("delete", name)
    assert ran.code == 2
    assert "--yes" in ran.err
    assert house.archive(name).exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 130), ("n\n", 130), ("app\n", 130)])
def test_delete_asks_and_takes_no_for_an_answer(house: House, answer: str, code: int) -> None:
    name = house.back_up()
    ran = house.at_terminal("delete", name, answers=answer)
    assert ran.code == code
    assert f"delete app/{name}? [y/N]" in ran.err
    assert house.archive(name).exists() == (code != 0)


def test_a_busy_site_exits_5_and_says_who(house: House) -> None:
    context = house.context()
    with context.lock(context.settings.site("app"), "a test"):
        ran = house.greenroom("backup", "--json")
    assert ran.code == 5
    assert "a test" in ran.json["error"]
    assert house.done("list", "--json").json["backups"] == []
