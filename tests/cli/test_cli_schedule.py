"""schedule show, set, enable and disable."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.catalog import ScheduleRecord, ScheduleSettings, ScheduleState
from tests.cli.conftest import House

SEED_SETTINGS = {"enabled", "frequency", "time", "retentionDays", "maxBackups"}
OWN_SETTINGS = {
    *("weekday", "monthDay", "cron", "timeZone", "kind", "missed", "drill"),
    *("keepHourly", "keepDaily", "keepWeekly", "keepMonthly", "keepYearly", "keepMinimum"),
}
STATE = {"lastRun", "lastResult", "lastError", "nextRun", "lastDrill", "updatedBy", "updatedAt"}
STATISTICS = {"totalBackups", "totalSize", "lastBackup", "autoBackups", "manualBackups"}


def shown(house: House, *words: str) -> dict[str, Any]:
    shape = house.done("schedule", *words, "--json").json
    assert set(shape) == {"greenroom_json", "command", "site", "schedule", "statistics", "upcoming", "problems"}
    assert set(shape["schedule"]) == SEED_SETTINGS | OWN_SETTINGS | STATE
    assert set(shape["statistics"]) == STATISTICS
    return shape


def stored(house: House, site: str = "app") -> ScheduleRecord:
    record = house.context().catalog.schedule(site)
    assert record is not None
    return record


def test_a_site_without_a_schedule_shows_the_defaults_disabled(house: House) -> None:
    shape = shown(house, "show")
    schedule = shape["schedule"]
    assert (schedule["enabled"], schedule["frequency"], schedule["time"]) == (False, "daily", "02:00")
    assert (schedule["retentionDays"], schedule["maxBackups"], schedule["timeZone"]) == (30, 50, "Europe/Berlin")
    assert (shape["upcoming"], shape["problems"], schedule["updatedBy"]) == ([], [], None)
    text = house.done("schedule", "show", "app").out
    assert "daily at 02:00 (Europe/Berlin), DISABLED" in text
    assert "nobody yet" in text
    assert house.context().catalog.schedule("app") is None


def test_what_is_set_is_shown_in_words_and_json(house: House) -> None:
    text = house.done(
        *("schedule", "set", "app", "--enabled", "--frequency", "weekly", "--weekday", "Sunday", "--time", "03:15"),
        *("--retention-days", "14", "--max-backups", "none", "--keep-yearly", "2", "--drill", "monthly"),
        *("--kind", "portable", "--missed", "skip"),
    ).out
    assert "weekly on Sunday at 03:15 (Europe/Berlin), enabled" in text
    assert "all younger than 14 days" in text
    assert "2 yearly" in text
    assert "at most" not in text
    assert len(text.partition("next runs:\n")[2].splitlines()) == 5
    shape = shown(house, "show")
    schedule = shape["schedule"]
    assert (schedule["weekday"], schedule["maxBackups"], schedule["keepYearly"]) == (6, None, 2)
    assert (schedule["kind"], schedule["missed"], schedule["drill"]) == ("portable", "skip", "monthly")
    times = [datetime.fromisoformat(one["at"]) for one in shape["upcoming"]]
    assert len(times) == 5
    assert times[0] > datetime.now(UTC)
    assert schedule["nextRun"] == shape["upcoming"][0]["at"]


def test_only_what_is_named_changes(house: House) -> None:
    house.done("schedule", "set", "--frequency", "monthly", "--month-day", "31", "--time-zone", "Asia/Kathmandu")
    house.done("schedule", "set", "--time", "23:30")
    settings = stored(house).settings
    assert (settings.frequency, settings.month_day, settings.time) == ("monthly", 31, "23:30")
    assert (settings.time_zone, settings.enabled) == ("Asia/Kathmandu", False)
    assert "(the last day of a shorter month)" in house.done("schedule", "show").out


@pytest.mark.parametrize(
    ("words", "enabled"),
    [
        (["--enabled"], True),
        (["--no-enabled"], False),
        (["--enabled", "true"], True),
        (["--enabled", "false"], False),
        (["--enabled=true"], True),
        (["--enabled=false"], False),
    ],
)
def test_enabled_is_said_in_each_form(house: House, words: list[str], enabled: bool) -> None:
    house.done("schedule", "enable" if not enabled else "disable")
    house.done("schedule", "set", *words, "app")
    assert stored(house).settings.enabled is enabled


def test_enable_and_disable_leave_what_was_set(house: House) -> None:
    house.done("schedule", "set", "--cron", "30 4 * * 1-5")
    assert stored(house).settings.frequency == "cron"
    assert "at 04:30 on Monday through Friday" in house.done("schedule", "enable").out
    record = stored(house)
    assert record.settings.enabled
    assert record.state.next_run is not None
    assert "DISABLED" in house.done("schedule", "disable", "app").out
    assert stored(house).settings == replace(record.settings, enabled=False)


def test_what_is_still_to_be_done_is_told(house: House) -> None:
    assert "it is disabled: `greenroom schedule enable app`" in house.done("schedule", "set", "--time", "03:00").err
    assert "nobody runs the schedules now: `greenroom --daemon`" in house.done("schedule", "enable").err
    assert house.done("schedule", "enable", "--quiet").err == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--time", "25:00"], "time"),
        (["--cron", "0 0 31 2 *"], "bad day-of-month"),
        (["--cron", "* " * 5000], "longer than"),
        (["--time-zone", "Europe/Berln"], "Europe/Berlin"),
        (["--frequency", "yearly"], "hourly"),
        (["--weekday", "someday", "--frequency", "weekly"], "monday"),
        (["--weekday", "mo", "--frequency", "weekly"], "monday"),
        (["--retention-days", "many"], "none"),
        (["--retention-days", "0"], "or none"),
        (["--max-backups", "2"], "keep_minimum"),
        (["--keep-daily", "-1"], "keep_daily"),
        (["--enabled", "maybe"], "maybe"),
        (["--weekday", "monday"], "--frequency weekly"),
        (["--cron", "0 3 * * *", "--frequency", "daily"], "--frequency cron"),
        (
            ["--frequency", "cron", "--cron", "0 3 * * *", "--time", "02:00"],
            "time: has no meaning for a schedule that is cron",
        ),
        ([], "nothing was named"),
    ],
)
def test_what_may_not_be_changes_nothing_and_exits_2(house: House, words: list[str], told: str) -> None:
    ran = house.greenroom("schedule", "set", *words)
    assert ran.code == 2
    assert told in ran.err
    assert house.context().catalog.schedule("app") is None


def test_all_that_is_wrong_is_told_at_once_and_in_json(house: House) -> None:
    ran = house.greenroom("schedule", "set", "--time", "2", "--max-backups", "1", "--json")
    assert (ran.code, ran.json["exit_code"]) == (2, 2)
    assert [one["key"] for one in ran.json["problems"]] == ["time", "max_backups"]


def test_numbers_are_of_what_is_there(house: House) -> None:
    house.back_up()
    statistics = shown(house, "show")["statistics"]
    listed = house.done("list", "--json").json["backups"][0]
    assert statistics == {
        "totalBackups": 1,
        "totalSize": listed["size_bytes"],
        "lastBackup": listed["created_at"],
        "autoBackups": 0,
        "manualBackups": 1,
    }
    text = house.done("schedule", "show").out
    assert "1 (0 by schedule, 1 by hand)" in text
    assert "just now" in text


def test_the_last_run_and_what_is_due_are_told(house: House) -> None:
    now = datetime.now(UTC)
    state = ScheduleState(
        settled_until=now - timedelta(days=3), last_run=now, last_result="failed", last_error="no space"
    )
    settings = ScheduleSettings(enabled=True, time_zone="Europe/Berlin")
    catalog = house.context().catalog
    catalog.save_schedule("app", settings, state, "me", now)
    text = house.done("schedule", "show").out
    assert "failed: no space" in text
    assert "is to be made, attempt 1" in text
    catalog.save_schedule(
        "app", replace(settings, missed="skip", time=f"{now - timedelta(hours=5):%H:%M}"), state, "me", now
    )
    assert "is to be skipped" in house.done("schedule", "show").out
    catalog.save_schedule("app", settings, replace(state, settled_until=now + timedelta(days=900)), "me", now)
    assert "far ahead" in house.done("schedule", "show").out


def test_a_damaged_schedule_is_shown_as_that(house: House) -> None:
    now = datetime.now(UTC)
    broken = ScheduleSettings(enabled=True, time="\x1b[2J", time_zone="Nowhere", weekday=99)
    house.context().catalog.save_schedule("app", broken, ScheduleState(settled_until=now), "me", now)
    ran = house.done("schedule", "show")
    assert "DAMAGED" in ran.out
    assert "Nowhere" in ran.err
    assert "\x1b" not in ran.out + ran.err
    shape = shown(house, "show")
    assert [one["key"] for one in shape["problems"]] == ["time", "time_zone", "weekday"]
    assert json.dumps(shape["upcoming"]) == "[]"


def test_several_sites_must_be_named_and_have_their_own(two_sites: House) -> None:
    for verb in ("show", "enable", "disable"):
        assert two_sites.greenroom("schedule", verb).code == 2
    two_sites.done("schedule", "enable", "shop")
    assert two_sites.context().catalog.schedule("app") is None
    assert stored(two_sites, "shop").settings.enabled


def test_read_only_shows_and_sets_nothing(house: House) -> None:
    house.done("schedule", "show", "--read-only")
    for words in (["enable"], ["disable"], ["set", "--time", "03:00"]):
        ran = house.greenroom("schedule", *words, "--read-only")
        assert ran.code == 2
        assert "read-only" in ran.err
    assert house.context().catalog.schedule("app") is None


def test_before_init_there_is_nothing_to_schedule(bare_house: House) -> None:
    assert bare_house.greenroom("schedule", "show").code == 4
