"""Number keys, help, the palette, the choice of a site, and messages that can be read again."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import stat

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from core.backup import create_backup
from core.progress import Reporter
from tests.support import Place, open_place
from tests.tui.driver import NARROW, WIDE, back_up, drive
from tests.tui.ways import with_second_site
from tui.notes import MOST_NOTES
from tui.screens.main import MAIN_SCREENS

_SECONDS = 30.0
SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


@SIZES
async def test_a_number_key_opens_each_main_screen(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        offered = [one for one in MAIN_SCREENS if not one.for_users]
        for one in (*offered, *reversed(offered)):
            await driver.press(one.key)
            assert driver.screen == ("RecordsScreen" if one.title == "Edit" else f"{one.title}Screen")
            assert len(driver.app.screen_stack) <= 3
        await driver.press("3", "escape")
        assert driver.screen == "BackupsScreen"


async def test_a_number_key_leaves_no_question_unanswered(place: Place) -> None:
    back_up(place)
    async with drive(place) as driver:
        await driver.press("r", "2")
        assert driver.screen == "RestoreScreen"
        await driver.press("tab", "2")
        assert driver.app.screen.query_one("#name", Input).value == "2"


@SIZES
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ((), ("Restore: Preview a restore", "Back up", "Quit", "History: ")),
        (("2",), ("Undo last restore: What would be lost is said first (not now)", "Back")),
        (("3",), ("Copy: Send the highlighted message", "Write to a file")),
        (("n", "tab"), ("Cancel",)),
        (("r",), ("Back", "Next")),
    ],
)
async def test_help_tells_the_keys_of_the_screen_beneath(
    place: Place, size: tuple[int, int], keys: tuple[str, ...], words: tuple[str, ...]
) -> None:
    back_up(place)
    async with drive(place, size) as driver:
        for key in keys:
            await driver.press(key)
        beneath = driver.screen
        await driver.press("question_mark")
        assert driver.screen == "HelpScreen"
        told = " ".join(str(one.render()) for one in driver.app.screen.query("Static"))
        for word in words:
            assert word in told
        await driver.press("question_mark")
        await driver.press("escape")
        assert driver.screen == beneath


async def test_a_question_mark_can_be_typed(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("n", "question_mark", "enter")
        assert place.context.catalog.backups("app")[0].description == "?"


@SIZES
async def test_the_palette_offers_what_can_be_done_and_nothing_else(place: Place, size: tuple[int, int]) -> None:
    async with drive(place, size) as driver:
        names = {command.title for command in driver.app.get_system_commands(driver.app.screen)}
        assert {"Back up", "History", "Messages", "Help", "Quit"} <= names
        assert not names & {"Restore", "Theme", "Keys", "Maximize", "Screenshot", "Cancel work", "Sites"}
        await driver.press("ctrl+p")
        assert CommandPalette.is_open(driver.app)
        assert "Back up" in driver.text()
        await driver.type("history")
        await driver.press("down", "enter")
        async with asyncio.timeout(_SECONDS):  # the palette lets a choice be seen for a moment
            while driver.screen != "HistoryScreen":
                await driver.pilot.pause()


@SIZES
async def test_a_site_is_chosen_from_a_list_and_all_screens_follow(place: Place, size: tuple[int, int]) -> None:
    backup = back_up(place)
    async with drive(with_second_site(place), size) as driver:
        await driver.press("2")
        screen = await driver.press("s")
        assert driver.screen == "SitesScreen"
        assert "NONE YET" in screen
        assert "in order" in screen
        await driver.press("down")
        assert "History of second" in await driver.press("enter")
        screen = await driver.press("1")
        assert "second" in screen
        assert "NO GOOD BACKUP YET" in screen
        await driver.press("s", "up")
        assert backup.name in await driver.press("enter")
        assert driver.app.site.name == "app"


async def test_esc_in_the_list_of_sites_changes_nothing(place: Place) -> None:
    async with drive(with_second_site(place)) as driver:
        await driver.press("s", "down", "escape")
        assert driver.app.site.name == "app"


async def test_with_one_site_there_is_no_choice(place: Place) -> None:
    async with drive(place) as driver:
        await driver.press("s")
        assert driver.screen == "BackupsScreen"


@SIZES
async def test_messages_are_kept_whole_copied_and_written(
    place: Place, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(place, size) as driver:
        driver.app.notify("[/red] first\nsecond line", markup=False)
        screen = await driver.press("3")
        for words in ("[/red] first", "second line", "notice"):
            assert words in screen
        await driver.press("c")
        assert "[/red] first\nsecond line" in driver.app.clipboard
        assert "sent to the terminal's clipboard" in driver.notices()
        await driver.press("w")
    (path,) = (place.root / "state" / "messages").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "[/red] first\nsecond line" in path.read_text()


async def test_an_error_can_be_read_again(place: Place) -> None:
    backup = back_up(place)
    archive = place.context.store.archive_path("app", backup.name)
    archive.write_bytes(archive.read_bytes()[:-40])
    async with drive(place) as driver:
        await driver.press("v")
        await driver.press("enter")
        screen = await driver.press("3")
        assert "is DAMAGED" in screen
        assert "What to do" in screen


async def test_no_more_messages_are_kept_than_that(place: Place) -> None:
    async with drive(place) as driver:
        for number in range(MOST_NOTES + 5):
            driver.app.notes.add(place.context.clock(), "notice", f"number {number}")
        assert len(driver.app.notes.newest_first()) == MOST_NOTES
        assert "number 204" in await driver.press("3")


async def test_read_only_writes_no_messages_and_says_why(place: Place) -> None:
    async with drive(open_place(place.root, read_only=True)) as driver:
        driver.app.notify("one", markup=False)
        await driver.press("3", "w")
        assert "greenroom is read-only: it writes no file" in driver.notices()
    assert not (place.root / "state" / "messages").exists()


async def test_what_is_copied_goes_to_the_terminal_as_osc_52(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async with drive(place) as driver:
        driver.app.notify("one", markup=False)
        await driver.press("3")
        sent: list[str] = []
        assert driver.app._driver is not None
        monkeypatch.setattr(driver.app._driver, "write", sent.append)
        await driver.press("c")
        code = next(text for text in sent if text.startswith("\x1b]52;c;"))
        assert b"one" in base64.b64decode(code.removeprefix("\x1b]52;c;").removesuffix("\a"))


@pytest.mark.parametrize("keys", [("2",), ("3",), ("question_mark",), ("r",), ("ctrl+p",), ("n",)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_every_screen(place: Place, keys: tuple[str, ...], number: int) -> None:
    create_backup(place.context, place.site, Reporter())
    async with drive(place) as driver:
        await driver.press(*keys)
        os.kill(os.getpid(), number)
        await driver.settle()
    assert driver.app.return_code == 130
