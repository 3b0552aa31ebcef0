"""The app on a real site, driven by keys; what is looked at is what a person would see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.widget import Widget

from core.backup import BackupRequest, create_backup
from core.catalog import BackupRecord
from core.progress import Reporter
from tests.support import Place
from tui.app import GreenroomApp
from tui.screens.backups import BackupsScreen
from tui.widgets.backup_table import BackupTable, state

WIDE, NARROW = (120, 40), (80, 24)
PRESSED: set[tuple[str, str]] = set()
"""What the present test has pressed: the name of the class of a screen or widget, and the key."""
_MOST_ROUNDS = 50
_QUIET_ROUNDS = 3
_MOST_FIELDS = 12
_SECONDS = 30.0
_SECONDS_BETWEEN_LOOKS = 0.05


def _in_box(line: str) -> str:
    """A line without what lies behind a box, left and right of it."""
    parts = line.split("│")
    return " ".join(parts[1:-1]) if len(parts) > 2 else line


class Driver:
    """Presses keys, waits until all that they began has ended, and reads the screen."""

    def __init__(self, app: GreenroomApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> str:
        """Press keys and return the screen after everything that they began."""
        await self.hit(*keys)
        return await self.settle()

    async def hit(self, *keys: str) -> None:
        """Press keys while work goes on, and note where each was pressed: on which screen, with what in the focus."""
        for key in keys:
            focused = self.app.focused
            PRESSED.add((self.screen, key))
            if focused is not None:
                PRESSED.add((type(focused).__name__, key))
            await self.pilot.press(key)

    async def type(self, text: str) -> str:
        return await self.press(*text)

    async def click(self, target: str | Widget, at: tuple[int, int] = (0, 0)) -> str:
        """Click on a widget, so many columns and lines from its corner, and return the screen as `press` does."""
        assert await self.pilot.click(target, offset=at), f"something else lies over {target}"
        return await self.settle()

    async def wheel(self, target: str, *, lines: int) -> str:
        """Turn the wheel over a widget: up where `lines` is less than 0."""
        turned = MouseScrollDown if lines > 0 else MouseScrollUp
        for _ in range(abs(lines)):
            await self.pilot._post_mouse_events([turned], target, offset=(2, 1))
        return await self.settle()

    def top(self, target: str) -> int:
        """Return how far a widget is scrolled."""
        return self.app.screen.query_one(target).scroll_offset.y

    async def settle(self) -> str:
        """Wait until nothing is at work, and the end of one thing has not begun another."""
        quiet = 0
        for _ in range(_MOST_ROUNDS):
            await self.pilot.pause()
            quiet = 0 if self.app.workers else quiet + 1
            if quiet == _QUIET_ROUNDS:
                break
            await self.app.workers.wait_for_complete()
        return self.text()

    async def look(self) -> str:
        """Let the first screen read again what other processes have changed, as it does every two seconds."""
        first = self.app.screen_stack[1]
        assert isinstance(first, BackupsScreen)
        first.look()
        return await self.settle()

    async def shows(self, words: str) -> bool:
        """Whether words stand on the screen, in a box where there is one, or will when all is laid out that changed."""
        for _ in range(_MOST_ROUNDS):
            lines = (await self.settle()).splitlines()
            if words in " ".join(" ".join(_in_box(line) for line in lines).split()):
                return True
        return False

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for what another thread or process brings about."""
        async with asyncio.timeout(_SECONDS):
            while not is_so():
                await self.pilot.pause(_SECONDS_BETWEEN_LOOKS)

    def text(self) -> str:
        """Return what stands on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    def listed(self) -> str:
        """Return what the list of backups says, also what a narrow screen cuts off."""
        table = self.app.screen.query_one(BackupTable)
        return "\n".join(f"{backup.name} {state(backup)} {backup.description}" for backup in table.page.rows)

    def notices(self) -> str:
        """Return the notifications that are shown, each on one line."""
        return "\n".join(notice.message for notice in self.app._notifications)

    @property
    def screen(self) -> str:
        return type(self.app.screen).__name__

    @property
    def focused(self) -> str | None:
        return self.app.focused.id if self.app.focused is not None else None


@asynccontextmanager
async def drive(place: Place, size: tuple[int, int] = WIDE, *, runs_schedules: bool = False) -> AsyncIterator[Driver]:
    """Open the app on a place."""
    async with drive_app(GreenroomApp(place.context, runs_schedules=runs_schedules), size) as driver:
        yield driver


@asynccontextmanager
async def drive_app(app: GreenroomApp, size: tuple[int, int]) -> AsyncIterator[Driver]:
    """Open this app; afterwards nothing of it is at work."""
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            await driver.settle()
            yield driver
    finally:
        app.loop.stop()
        app.loop.wait()


def back_up(place: Place, description: str = "") -> BackupRecord:
    return create_backup(place.context, place.site, Reporter(), BackupRequest(description=description)).record


async def focus(driver: Driver, name: str) -> None:
    """Go to a button or field with the keyboard."""
    for _ in range(_MOST_FIELDS):
        if driver.focused == name:
            return
        await driver.press("tab")
    pytest.fail(f"no way to {name} by tab")


async def choose(driver: Driver, name: str) -> str:
    """Go to a button with the keyboard and press it."""
    await focus(driver, name)
    return await driver.press("enter")


async def agree(driver: Driver, name: str) -> str:
    """Type what a restore asks for."""
    await focus(driver, "name")
    return await driver.type(name)
