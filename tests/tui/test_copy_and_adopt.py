"""Archives that leave by c and come by a: where to, what they are, and that nothing is done before the consent."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.django.exports import child, room, write_export
from tests.support import Place, make_place, open_place
from tests.tui.driver import NARROW, WIDE, Driver, back_up, drive

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


async def _type_path(driver: Driver, path: Path) -> None:
    """In place of what stands in the field; only the end is pressed, for a path of a test is long."""
    field = driver.app.screen.query_one("#path")
    field.value = str(path)[:-3]
    field.cursor_position = len(field.value)
    await driver.type(str(path)[-3:])


@pytest.mark.keys("BackupsScreen", "c")
@SIZES
async def test_c_copies_to_the_path_that_is_typed(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    target = place.root / "usb"
    target.mkdir()
    async with drive(place, size) as driver:
        assert f"Copy {backup.name}" in await driver.press("c")
        await _type_path(driver, target)
        await driver.press("enter")
        assert driver.screen == "BackupsScreen"
        assert "was copied to" in driver.notices()
        copy = target / f"{backup.name}.zip"
        assert copy.read_bytes() == place.context.store.archive_path("app", backup.name).read_bytes()
        await driver.press("c")
        await _type_path(driver, copy)
        assert "exists already" in await driver.press("enter")


async def test_esc_copies_nothing(place: Place) -> None:
    back_up(place)
    before = sorted(place.root.rglob("*.zip"))
    async with drive(place) as driver:
        await driver.press("c", "escape")
        assert driver.screen == "BackupsScreen"
    assert sorted(place.root.rglob("*.zip")) == before


async def test_tab_completes_a_path(place: Place) -> None:
    back_up(place)
    (place.root / "a folder of its own").mkdir()
    async with drive(place) as driver:
        await driver.press("c")
        await _type_path(driver, place.root / "a fold")
        await driver.press("tab")
        assert driver.app.screen.query_one("#path").value == f"{place.root}/a folder of its own/"


@pytest.mark.keys("BackupsScreen", "a")
@SIZES
async def test_a_shows_what_an_archive_is_before_it_takes_it_in(
    place: Place, tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int]
) -> None:
    other = make_place(tmp_path_factory.mktemp("other"))
    archive = other.context.store.archive_path("app", back_up(other, "from the other machine").name)
    async with drive(place, size) as driver:
        await driver.press("a")
        await _type_path(driver, archive)
        screen = await driver.press("enter")
        assert driver.screen == "AdoptPreviewScreen"
        assert driver.focused == "cancel"
        for words in ("from the other machine", "films 20", "of the site"):
            assert words in screen
        await driver.press("enter")
        assert place.context.catalog.backups("app") == []
        await driver.press("a")
        await _type_path(driver, archive)
        await driver.press("enter")
        await driver.press("tab", "enter")
        assert "is adopted" in driver.notices()
        assert "adopted" in driver.listed()
    assert [row.role for row in place.context.catalog.backups("app")] == ["adopted"]


async def test_a_foreign_archive_and_a_broken_one_are_told_as_such(place: Place) -> None:
    bare = place.root / "bare.zip"
    with zipfile.ZipFile(bare, "w") as archive:
        archive.write(place.database, "database.db")
    broken = place.root / "broken.zip"
    broken.write_bytes(b"PK not a zip")
    async with drive(place) as driver:
        await driver.press("a")
        await _type_path(driver, bare)
        assert "FOREIGN" in await driver.press("enter")
        await driver.press("escape")
        await driver.press("a")
        await _type_path(driver, broken)
        screen = await driver.press("enter")
        assert "cannot be adopted" in screen
        assert driver.app.screen.query_one("#go").disabled


async def test_records_of_a_django_project_are_counted_before_they_are_taken_in(place: Place) -> None:
    export = write_export(place.root / "given.zip", child(), child(2, "Tom"), room(), created_by="ada")
    async with drive(place) as driver:
        await driver.press("a")
        await _type_path(driver, export)
        screen = await driver.press("enter")
        for words in ("FOREIGN", "core.child 2, core.room 1", "ada", "Baby Buddy 2.7.1"):
            assert words in screen
        await driver.press("tab", "enter")
        assert "is adopted" in driver.notices()
        await driver.press("r")
        assert "NOT POSSIBLE NOW" in driver.text()
        assert "the site has no table core_child" in " ".join(driver.text().split())


async def test_folders_can_be_gone_through_by_keys_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    back_up(place)
    monkeypatch.chdir(place.root)
    async with drive(place) as driver:
        screen = await driver.press("a")
        assert "backups/" in screen
        await driver.press("tab")
        await driver.press("enter")
        assert f"File or folder: {place.root}/backups/" in driver.text().replace("\n", "") or "app/" in driver.text()
        (place.root / "backups" / "app" / "export.json").write_text("{}")
        await driver.press("enter")
        assert ".zip" in driver.text()
        assert "export.json" in driver.text()
        assert ".state.json" not in driver.text()


async def test_a_read_only_app_copies_and_adopts_nothing(place: Place) -> None:
    back_up(place)
    async with drive(open_place(place.root, read_only=True)) as driver:
        for key in "capdn":
            await driver.press(key)
            assert driver.screen == "BackupsScreen"
            assert "greenroom is read-only" in driver.notices()
