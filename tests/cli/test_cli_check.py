"""check, in words and for a monitor; alarm test; and status where a site is overdue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cli import check as check_command
from core.backup import create_backup
from core.catalog import CleanupRecord, ScheduleSettings, ScheduleState
from core.config import extras
from core.progress import Reporter
from tests.cli.conftest import House
from tests.core.alarms.receivers import web_server
from tests.support import START

_LINE = re.compile(r"GREENROOM (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+(?: \| [^|\n]+)?\n")
_FIGURE = re.compile(r"[a-z0-9_-]+=\d+(?:s|B);\d*:?;\d*;0")


def _old_backup(house: House, **age: float) -> None:
    context = replace(house.context(), clock=lambda: datetime.now(UTC) - timedelta(**age))
    create_backup(context, context.settings.site("app"), Reporter())


def _nagios(house: House, *words: str) -> tuple[int, str]:
    ran = house.greenroom("check", "--nagios", *words)
    assert ran.err == ""
    assert _LINE.fullmatch(ran.out), ran.out
    for figure in ran.out.partition(" | ")[2].split():
        assert _FIGURE.fullmatch(figure), figure
    return ran.code, ran.out


def test_all_is_well(house: House) -> None:
    house.set_site("app", max_age='"36 h"')
    house.back_up()
    ran = house.done("check")
    assert ran.out.splitlines()[-1] == "all is well"
    code, line = _nagios(house)
    assert code == 0
    assert line.startswith("GREENROOM OK - app: last good backup just now, ")
    assert re.search(r" app_age=\d+s;;129600;0 app_size=\d+B;;;0 free=\d+B;1073741824:;;0\n", line)


def test_too_old_is_critical_and_status_says_so(house: House) -> None:
    house.set_site("app", max_age='"36 h"')
    _old_backup(house, days=3)
    code, line = _nagios(house, "app")
    assert code == 2
    assert line.startswith("GREENROOM CRITICAL - app: no good backup for 3 days; 36 h are allowed | app_age=")
    ran = house.greenroom("check", "--json")
    assert ran.code == 1
    assert ran.json["state"] == "critical"
    assert [one["kind"] for one in ran.json["problems"]] == ["backup_overdue"]
    assert ran.json["sites"][0]["critical_seconds"] == 36 * 3600

    ran = house.greenroom("status")
    assert ran.code == 1
    assert "OVERDUE" in ran.out
    assert "no good backup for 3 days; 36 h are allowed" in ran.out
    ran = house.greenroom("status", "--json")
    assert ran.code == 1
    assert ran.json["sites"][0]["overdue"] is True
    assert ran.json["sites"][0]["overdue_limit_seconds"] == 36 * 3600
    house.back_up()
    assert house.done("status", "--json").json["sites"][0]["overdue"] is False


def test_ages_that_are_asked_for_go_before_the_configured(house: House) -> None:
    house.set_site("app", max_age='"1 h"')
    _old_backup(house, hours=30)
    assert _nagios(house)[0] == 2
    code, line = _nagios(house, "--warning", "24 h", "--critical", "2 days")
    assert code == 1
    assert "WARNING - app: no good backup for 30 h; asked for are 24 h" in line
    assert ";86400;172800;0" in line
    assert _nagios(house, "--warning", "2 days", "--critical", "3 days")[0] == 0
    assert _nagios(house, "--critical", "25 h")[0] == 2


def test_no_backup_at_all_is_critical(house: House) -> None:
    code, line = _nagios(house)
    assert code == 2
    assert "app: there is no good backup at all" in line
    assert house.done("status").code == 0, "nothing says how often there must be one"


def test_a_failed_backup_is_a_warning_while_the_last_good_one_is_recent(house: House) -> None:
    house.back_up()
    house.database().rename(house.root / "away")
    assert house.greenroom("backup").code == 1
    code, line = _nagios(house)
    assert code == 1
    assert "GREENROOM WARNING - the backup " in line
    ran = house.greenroom("check")
    assert ran.code == 1
    assert "WARNING: the backup " in ran.err
    assert "1 problem found" in ran.out


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch"],
        ["--bogus"],
        ["--warning", "soon"],
        ["--warning", "3 days", "--critical", "2 days"],
        ["--json"],
        ["app", "too", "many"],
    ],
)
def test_whatever_is_wrong_with_the_question_is_unknown(house: House, words: list[str]) -> None:
    ran = house.greenroom("check", "--nagios", *words)
    assert (ran.code, ran.err) == (3, "")
    assert _LINE.fullmatch(ran.out), ran.out
    assert ran.out.startswith("GREENROOM UNKNOWN - ")


def test_what_keeps_it_from_looking_is_unknown(bare_house: House) -> None:
    house = bare_house
    assert _nagios(house)[0] == 3
    house.done("init")
    house.back_up()
    catalog = house.root / "state" / "catalog.db"
    catalog.write_bytes(b"garbage" * 1000)
    assert _nagios(house)[0] == 3
    house.config.write_text("state = [")
    assert _nagios(house)[0] == 3


def test_a_storage_that_is_not_mounted_is_unknown_unless_worse_is_known(house: House) -> None:
    house.back_up()
    context = house.context()
    (house.root / "backups").rename(house.root / "unmounted")
    assert _nagios(house)[0] == 2, "the archive is gone"
    context.catalog.delete_backup(1, _cleanup())
    schedule = ScheduleSettings(enabled=True)
    context.catalog.save_schedule(
        "app", schedule, ScheduleState(settled_until=context.clock()), "test", context.clock()
    )
    assert _nagios(house)[0] == 3
    house.set_site("app", max_age='"1 min"')
    context.catalog.save_schedule("app", ScheduleSettings(), ScheduleState(settled_until=START), "test", START)
    assert _nagios(house)[0] == 2


@pytest.mark.parametrize("how", ["removed", "shorter", "folder", "not mounted"])
def test_a_last_good_archive_that_is_gone_is_critical_until_it_is_back(house: House, how: str) -> None:
    name = house.back_up()
    storage, archive = house.root / "backups", house.archive(name)
    kept = archive.read_bytes()
    if how == "not mounted":
        storage.rename(house.root / "away")
        storage.mkdir(mode=0o700)
    elif how == "shorter":
        archive.write_bytes(kept[:-1])
    else:
        archive.unlink()
        if how == "folder":
            archive.mkdir()
    code, line = _nagios(house)
    assert code == 2
    assert f"CRITICAL - the archive of {name}, the last good backup of app, is gone: " in line
    assert [one["kind"] for one in house.greenroom("check", "--json").json["problems"]] == ["archive_missing"]
    told = house.greenroom("status")
    assert (told.code, "ARCHIVE GONE" in told.out, str(archive) in told.out) == (1, True, True)
    shown = house.greenroom("status", "--json")
    assert (shown.code, str(archive) in shown.json["sites"][0]["missing"]) == (1, True)
    if how == "folder":
        archive.rmdir()
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(kept)
    assert house.done("check").out.splitlines()[-1] == "all is well"
    assert house.done("status", "--json").json["sites"][0]["missing"] is None


def test_a_newer_good_backup_makes_up_for_an_archive_that_is_gone(house: House) -> None:
    _old_backup(house, days=1)
    house.archive(house.context().catalog.backups("app")[0].name).unlink()
    assert _nagios(house)[0] == 2
    house.back_up()
    assert _nagios(house)[0] == 0


def _lose_the_catalog(house: House) -> None:
    for path in (house.root / "state").glob("catalog.db*"):
        path.unlink()
    house.done("init")
    house.done("catalog", "rebuild")


@pytest.mark.parametrize("end", ["schedule", "confirmation"])
def test_a_schedule_that_a_rebuild_lost_is_a_warning_until_it_is_set_or_the_rebuild_confirmed(
    house: House, end: str
) -> None:
    house.back_up()
    house.done("schedule", "set", "app", "--enabled")
    house.done("catalog", "rebuild")
    assert _nagios(house)[0] == 0, "a rebuild beside a catalog that is whole loses nothing"
    _lose_the_catalog(house)
    code, line = _nagios(house)
    assert code == 1
    assert "WARNING - the catalog was rebuilt and app has no schedule" in line
    (problem,) = house.greenroom("check", "--json").json["problems"]
    assert (problem["kind"], problem["site"]) == ("schedule_lost", "app")
    assert "`greenroom prune app --confirm-rebuild`" in problem["advice"]
    assert "SCHEDULE LOST" in house.done("status").out
    assert house.done("status", "--json").json["sites"][0]["schedule_lost"] is True
    house.done(
        *(("schedule", "set", "app", "--enabled") if end == "schedule" else ("prune", "--confirm-rebuild", "--yes"))
    )
    assert _nagios(house)[0] == 0
    assert "SCHEDULE LOST" not in house.done("status").out
    assert house.done("status", "--json").json["sites"][0]["schedule_lost"] is False


def test_an_archive_that_is_being_deleted_is_not_gone(house: House) -> None:
    name = house.back_up()
    house.context().store.set_aside("app", name)
    assert _nagios(house)[0] == 0


def _cleanup() -> CleanupRecord:
    return CleanupRecord(
        site="app",
        cleanup_date=datetime.now(UTC),
        backups_deleted=1,
        space_freed=0,
        cleanup_reason="test",
        performed_by="test",
        details="[]",
    )


def test_an_extra_that_is_missing_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    with _alarms(house, 'apprise = ["json://example.org/"]\ntextfile = "x.prom"'):
        told = house.done("config", "check").err
        assert "pip install 'greenroom[alarms]'" in told
        assert "pip install 'greenroom[metrics]'" in told
        house.back_up()
        code, line = _nagios(house)
        assert (code, "alarms cannot go" in line) == (1, True)


def test_the_unforeseen_is_unknown_and_no_traceback(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: object) -> None:
        raise RuntimeError("a bar | and\na line")

    monkeypatch.setattr(check_command, "check_up", fail)
    code, line = _nagios(house)
    assert code == 3
    assert "RuntimeError: a bar / and a line" in line


def test_wrong_words_without_a_monitor_are_a_usage_error(house: House) -> None:
    assert house.greenroom("check", "--bogus").code == 2
    assert house.greenroom("check", "--warning", "3 days", "--critical", "2 days").code == 2


@contextmanager
def _alarms(house: House, lines: str) -> Iterator[None]:
    before = house.config.read_text()
    house.config.write_text(f"{before}\n[alarms]\n{lines}\n")
    yield
    house.config.write_text(before)


def test_a_test_alarm_goes_by_all_ways(house: House) -> None:
    ran = house.greenroom("alarm", "test")
    assert ran.code == 2
    assert "nowhere" in ran.err
    with web_server() as web:
        with _alarms(house, f'apprise = ["json://{web.address}/hook"]\ncommand = "true"'):
            ran = house.done("alarm", "test")
            assert [line.partition(":")[0] for line in ran.out.splitlines()] == [
                "alarms.apprise 1 (json)",
                "alarms.command",
            ]
        with _alarms(house, f'apprise = ["json://{web.address}/hook"]\ncommand = "false"'):
            ran = house.greenroom("alarm", "test", "--json")
            assert ran.code == 3
            assert [one["delivered"] for one in ran.json["results"]] == [True, False]
            assert house.greenroom("--read-only", "alarm", "test").code == 2
        assert web.paths == ["/hook", "/hook"]
    with _alarms(house, 'command = "false"'):
        assert house.greenroom("alarm", "test").code == 1


def test_a_key_in_a_configuration_that_others_can_read_is_told(house: House) -> None:
    house.config.chmod(0o644)
    assert "password" not in house.done("config", "check").err
    with _alarms(house, 'apprise = ["json://example.org/key"]'):
        assert "(it holds a password)" in house.done("config", "check").err
    with _alarms(house, 'apprise = ["json://example.org/${KEY}"]'):
        assert "password" not in house.done("config", "check").err
