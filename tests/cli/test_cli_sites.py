"""Several sites: which one is meant, and what is done for all of them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import House, opened_elsewhere


@pytest.mark.parametrize(
    "words", [["backup"], ["undo", "--yes"], ["restore-cancel"], ["adopt", "some.zip"]], ids=lambda words: words[0]
)
def test_the_site_must_be_named_where_there_are_several(two_sites: House, words: list[str]) -> None:
    ran = two_sites.greenroom(*words)
    assert ran.code == 2
    assert "app, shop" in ran.err


def test_a_site_that_is_not_there_is_a_usage_error(two_sites: House) -> None:
    for words in (
        ["backup", "sho"],
        ["list", "sho"],
        ["apply", "sho"],
        ["history", "sho"],
        ["show", "1", "--site", "x"],
    ):
        ran = two_sites.greenroom(*words)
        assert ran.code == 2
        assert "there is no site" in ran.err


def test_latest_is_ambiguous_even_before_the_second_site_has_a_backup(two_sites: House) -> None:
    app = two_sites.back_up("app")
    for _ in range(2):
        ran = two_sites.greenroom("restore", "latest", "--now", "--yes")
        assert ran.code == 2
        assert "app/latest" in ran.err
        assert "shop/latest" in ran.err
        assert two_sites.done("show", "app/latest", "--json").json["backup"]["name"] == app
        assert two_sites.done("show", "latest", "--site", "app", "--json").json["backup"]["name"] == app
        two_sites.back_up("shop")


def test_a_name_that_two_sites_have_is_ambiguous(two_sites: House) -> None:
    name = two_sites.back_up("app")
    two_sites.done("copy", name, "out.zip")
    two_sites.done("adopt", "out.zip", "--site", "shop")
    ran = two_sites.greenroom("show", name, "--json")
    assert ran.code == 2
    assert f"app/{name}" in ran.json["error"]
    assert f"shop/{name}" in ran.json["error"]
    assert two_sites.done("show", f"shop/{name}.zip", "--json").json["backup"]["site"] == "shop"
    assert two_sites.done("verify", name, "--site", "app", "--json").json["results"][0]["backup"]["site"] == "app"
    assert two_sites.done("show", "2", "--json").json["backup"]["site"] == "shop"
    assert two_sites.greenroom("show", "2", "--site", "app").code == 2
    assert two_sites.greenroom("show", f"shop/{name}", "--site", "app").code == 2


def test_lists_are_of_one_site_or_of_all(two_sites: House) -> None:
    two_sites.back_up("app")
    two_sites.back_up("shop")
    assert two_sites.done("list", "--json").json["total"] == 2
    (only,) = two_sites.done("list", "shop", "--json").json["backups"]
    assert only["site"] == "shop"
    assert [site["site"] for site in two_sites.done("status", "--json").json["sites"]] == ["app", "shop"]


def test_the_backups_of_a_site_that_is_no_longer_configured_are_still_listed(house: House) -> None:
    name = house.back_up("app")
    text = house.config.read_text().replace("[sites.app]", "[sites.other]")
    house.config.write_text(text)
    assert name in house.done("list", "app").out
    assert name in house.done("show", f"app/{name}").out
    ran = house.greenroom("restore", f"app/{name}", "--dry-run")
    assert ran.code == 2
    assert "there is no site" in ran.err


def test_apply_tries_every_site_and_exits_3_if_some_fail(two_sites: House) -> None:
    for site in ("app", "shop"):
        two_sites.back_up(site)
        two_sites.change(site)
        two_sites.done("restore", f"{site}/latest", "--stage", "--yes")
    with opened_elsewhere(two_sites.database("app")):
        ran = two_sites.greenroom("apply", "--json")
        assert ran.code == 3
        app, shop = ran.json["results"]
        assert (app["outcome"], app["error"]["exit_code"]) == (None, 5)
        assert (shop["outcome"]["state"], shop["error"]) == ("new", None)
        assert "greenroom: app:" in ran.err
        alone = two_sites.greenroom("apply")
        assert alone.code == 5
        assert "shop: nothing is pending" in alone.out
    assert "app is the NEW one" in two_sites.done("apply", "app").out
