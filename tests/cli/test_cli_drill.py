"""`greenroom drill`: which backup it takes, what it says, and how it exits."""

from __future__ import annotations

import shutil

from core.drill.scratch import drill_lock
from tests.cli.conftest import House


def test_the_newest_backup_of_the_only_site(house: House) -> None:
    house.back_up()
    name = house.back_up()
    before = house.state()
    ran = house.done("drill")
    assert ran.out.startswith(f"app/{name}: the drill passed in ")
    assert "1 table with 20 rows" in ran.out
    assert "2 files unpacked and read back" in ran.out
    listed = house.done("list").out.splitlines()
    assert ["drilled just now" in line for line in listed] == [False, True, False]
    assert "drilled just now (" in house.done("show", name).out
    assert "never" in house.done("show", "1").out
    assert house.state() == before


def test_what_json_says(house: House) -> None:
    house.back_up()
    (result,) = house.done("drill", "app", "--json").json["results"]
    assert set(result) == {"site", "backup", "drill", "error"}
    assert (result["site"], result["error"], result["backup"]["drill_status"]) == ("app", None, "passed")
    assert result["backup"]["drilled_at"] == result["drill"]["at"]
    shown = house.done("show", "latest", "--json").json
    assert shown["drill"] == result["drill"]
    assert (shown["drill"]["compared"]["records"], shown["drill"]["compared"]["hashed"]) == (20, 5)


def test_a_bad_backup_exits_6_and_is_shouted_about(house: House) -> None:
    name = house.back_up()
    archive = house.archive(name)
    archive.write_bytes(archive.read_bytes()[:-50])
    ran = house.greenroom("drill")
    assert ran.code == 6
    assert f"the drill of app/{name} failed: " in ran.err
    assert "DRILL FAILED" in house.done("list").out
    assert "DRILL FAILED" in house.done("show", name).out


def test_a_site_or_a_backup_can_be_named_or_all_sites(two_sites: House) -> None:
    one, other = two_sites.back_up("app"), two_sites.back_up("shop")
    assert two_sites.greenroom("drill").code == 2
    assert f"shop/{other}" in two_sites.done("drill", "shop").out
    assert f"app/{one}" in two_sites.done("drill", one, "--site", "app").out
    assert f"app/{one}" in two_sites.done("drill", "app/latest").out
    ran = two_sites.done("drill", "--all")
    assert f"app/{one}" in ran.out
    assert f"shop/{other}" in ran.out
    assert two_sites.greenroom("drill", "--all", "app").code == 2


def test_of_several_sites_the_others_are_drilled_all_the_same(two_sites: House) -> None:
    two_sites.back_up("shop")
    ran = two_sites.greenroom("drill", "--all", "--json")
    assert ran.code == 3
    first, second = ran.json["results"]
    assert (first["backup"], first["error"]["error"]) == (None, "app has no backup that can be drilled")
    assert second["drill"]["status"] == "passed"


def test_no_backup_to_drill(house: House) -> None:
    ran = house.greenroom("drill")
    assert ran.code == 2
    assert "no backup that can be drilled" in ran.err


def test_another_drill_is_at_work(house: House) -> None:
    house.back_up()
    context = house.context()
    with drill_lock(context, context.settings.site("app")):
        ran = house.greenroom("drill")
    assert ran.code == 5
    assert "the scratch place of app is in use by" in ran.err


def test_a_storage_that_is_not_mounted_is_no_alarm(house: House) -> None:
    house.back_up()
    shutil.rmtree(house.root / "backups" / "app")
    ran = house.greenroom("drill")
    assert ran.code == 1
    assert "is the disk mounted?" in ran.err
