"""greenroom prune: the preview, the removal, the confirmation after a rebuild."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.backup import create_backup
from core.catalog import ScheduleSettings, ScheduleState
from core.keep import pin_backup
from core.progress import Reporter
from tests.cli.conftest import House

_NOW = datetime.now(UTC)


def _back_up(house: House, days: float) -> str:
    context = replace(house.context(), clock=lambda: _NOW - timedelta(days=days))
    return create_backup(context, context.settings.site("app"), Reporter()).record.name


def _set_schedule(house: House, settings: ScheduleSettings) -> None:
    house.context().catalog.save_schedule("app", settings, ScheduleState(settled_until=_NOW), "somebody", _NOW)


@pytest.fixture
def backups(house: House) -> list[str]:
    """Two that are too old, of which the older is pinned, and one of yesterday; with a schedule."""
    made = [_back_up(house, days) for days in (90, 60, 1)]
    context = house.context()
    pin_backup(context, context.settings.site("app"), context.catalog.resolve(made[0]), pinned=True)
    _set_schedule(house, ScheduleSettings(keep_monthly=0, keep_weekly=0, keep_daily=1, keep_minimum=2))
    return made


def _names(house: House) -> list[str]:
    return sorted(row.name for row in house.context().catalog.completed_backups("app"))


def _line(shown: str, name: str) -> str:
    return next(line for line in shown.splitlines() if line.startswith(name))


def test_the_preview_gives_a_reason_for_each(house: House, backups: list[str]) -> None:
    """field.md 4: restic prints a reason for each snapshot that it keeps: that is the model."""
    ran = house.done("prune", "app")
    assert "what is younger than 30 days, 1 daily; at least 2, at most 50 (as the schedule" in ran.out
    assert _line(ran.out, backups[0]).endswith("keep    pinned")
    assert _line(ran.out, backups[1]).endswith("REMOVE  older than 30 days")
    assert "keep    newest completed; newest verified; newest good; daily " in _line(ran.out, backups[2])
    assert "1 of 3 would go" in ran.out
    assert "nothing was removed yet" in ran.err
    assert _names(house) == backups


def test_yes_removes_and_says_what_and_why(house: House, backups: list[str]) -> None:
    ran = house.done("prune", "--yes")
    assert f"{backups[1]} removed: older than 30 days\n" in ran.out
    assert "1 backup of app removed" in ran.out
    assert "2 backups left" in ran.out
    assert _names(house) == [backups[0], backups[2]]
    assert not house.archive(backups[1]).exists()
    assert "nothing to remove: 2 backups of app, and all stay" in house.done("prune", "--yes").out


def test_options_change_the_policy_for_this_once(house: House, backups: list[str]) -> None:
    ran = house.done("prune", "--retention-days", "80", "--keep-daily", "0")
    assert "younger than 80 days; at least 2, at most 50 (as the options say)" in ran.out
    assert "all stay: 3 completed backups" in ran.out
    ran = house.done("prune", "--retention-days", "none", "--max-backups", "none", "--yes")
    assert "3 backups of app, and all stay" in ran.out
    assert "as the schedule" in house.done("prune").out
    ran = house.done("prune", "--keep-monthly", "9", "--keep-yearly", "2", "--keep-hourly", "3", "--keep-weekly", "4")
    assert "3 hourly, 1 daily, 4 weekly, 9 monthly, 2 yearly" in ran.out


def test_the_command_that_does_what_was_shown_is_told_whole(house: House, backups: list[str]) -> None:
    told = house.done("prune", "app", "--max-backups", "none", "--retention-days", "20", "--keep-daily", "0").err
    options = "--retention-days 20 --max-backups none --keep-daily 0"
    assert f"`greenroom prune app {options} --yes` does it" in told


@pytest.mark.parametrize(
    "words",
    [
        ["--retention-days", "0"],
        ["--retention-days", "soon"],
        ["--max-backups", "-1"],
        ["--keep-daily", "-1"],
        ["--keep-minimum", "0"],
        ["--max-backups", "1"],  # less than keep_minimum
    ],
    ids=" ".join,
)
def test_a_policy_that_makes_no_sense(house: House, backups: list[str], words: list[str]) -> None:
    for more in ([], ["--yes"]):
        assert house.greenroom("prune", *words, *more).code == 2
    assert _names(house) == backups


def test_without_a_schedule_nothing_goes_by_the_defaults(house: House) -> None:
    made = [_back_up(house, days) for days in (900, 800, 700, 1)]
    no_rules = ("--keep-daily", "0", "--keep-weekly", "0", "--keep-monthly", "0")
    assert "1 of 4 would go" in house.done("prune", *no_rules).out
    ran = house.done("prune")
    assert "by the defaults: the site has no schedule" in ran.out
    assert "nothing is removed now: app has no schedule" in ran.err
    refused = house.greenroom("prune", "--yes")
    assert refused.code == 2
    assert "greenroom schedule set app" in refused.err
    assert _names(house) == made
    house.done("prune", "--yes", *no_rules)
    assert _names(house) == made[1:]


def test_json(house: House, backups: list[str]) -> None:
    shown = house.done("prune", "--json").json
    assert shown["site"] == "app"
    assert shown["policy"]["keep_daily"] == 1
    assert shown["policy_source"] == "schedule"
    assert [(one["backup"]["name"], one["keep"]) for one in shown["verdicts"]] == [
        (backups[2], True),
        (backups[1], False),
        (backups[0], True),
    ]
    assert shown["verdicts"][1]["reasons"] == ["older than 30 days"]
    assert (shown["removed"], shown["done"], shown["refusal"]) == ([backups[1]], False, None)
    done = house.done("prune", "--yes", "--json").json
    assert (done["removed"], done["done"]) == ([backups[1]], True)
    assert done["freed_bytes"] == shown["freed_bytes"] == shown["verdicts"][1]["backup"]["size_bytes"]
    assert set(done) == set(shown)


def test_after_a_rebuild(house: House, backups: list[str]) -> None:
    house.done("catalog", "rebuild")
    ran = house.done("prune")
    assert "REMOVE" in ran.out
    assert "the catalog was rebuilt" in ran.err
    refused = house.greenroom("prune", "--yes")
    assert (refused.code, "--confirm-rebuild" in refused.err) == (2, True)
    no_terminal = house.greenroom("prune", "--confirm-rebuild")
    assert (no_terminal.code, "--yes says yes" in no_terminal.err) == (2, True)
    declined = house.at_terminal("prune", "--confirm-rebuild", answers="n\n")
    assert declined.code == 130
    assert "REMOVE" in declined.out
    assert house.greenroom("prune", "--yes").code == 2
    confirmed = house.at_terminal("prune", "--confirm-rebuild", answers="y\n")
    assert confirmed.code == 0
    assert "nothing was removed" in confirmed.out
    assert _names(house) == backups
    house.done("prune", "--yes")
    assert _names(house) == [backups[0], backups[2]]


def test_a_confirmation_by_a_script(house: House, backups: list[str]) -> None:
    assert house.greenroom("prune", "--confirm-rebuild", "--yes").code == 2  # there is none to confirm
    house.done("catalog", "rebuild")
    confirmed = house.done("prune", "--confirm-rebuild", "--yes", "--json").json
    assert (confirmed["rebuild_confirmed"], confirmed["done"], confirmed["refusal"]) == (True, False, None)
    assert _names(house) == backups


def test_a_missing_archive_is_said_and_nothing_goes(house: House, backups: list[str], tmp_path: Path) -> None:
    house.archive(backups[2]).rename(tmp_path / "away.zip")
    ran = house.greenroom("prune", "--yes")
    assert ran.code == 1
    assert backups[2] in ran.err
    assert house.archive(backups[1]).exists()
    assert "nothing is removed now" in house.done("prune").err


def test_one_site_of_several_must_be_named(two_sites: House) -> None:
    assert two_sites.greenroom("prune").code == 2
    assert "all stay: 0 completed backups" in two_sites.done("prune", "shop").out


def test_history_calls_it_one_clean_up(house: House) -> None:
    for days in (90, 80, 70, 1):
        _back_up(house, days)
    house.done(
        "prune", "--yes", "--keep-monthly", "0", "--keep-weekly", "0", "--keep-daily", "0", "--keep-minimum", "1"
    )
    (logged,) = house.context().catalog.cleanups("app")
    assert (logged.backups_deleted, logged.cleanup_reason) == (3, "retention: 3 older than 30 days")


def test_what_was_removed_is_in_the_history(house: House, backups: list[str]) -> None:
    house.done("prune", "--yes")
    (removal,) = house.done("history", "--json").json["removals"]
    assert (removal["site"], removal["removed"]) == ("app", [backups[1]])
    assert removal["reason"] == "retention: 1 older than 30 days"
    ran = house.done("history", "app")
    assert "1 backup" in ran.out
    assert "retention: 1 older than 30 days" in ran.out
