"""The main screens: the number key that opens each, its name, and where it is; imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from textual.screen import Screen

from core.config import Site
from core.context import Context
from tui.notes import Notes
from tui.work import Workshop

AWAY = "The database cannot be reached or read; it is tried again every 2 seconds."


@dataclass(frozen=True)
class Surroundings:
    """What every main screen works with."""

    core: Context
    workshop: Workshop
    notes: Notes


@dataclass(frozen=True)
class MainScreen:
    """A screen that a number key opens; the first of them lies under all the others.

    One that is `for_users` is there only for a movie library in which users keep their own.
    """

    key: str
    title: str
    tooltip: str
    place: str = ""
    for_users: bool = False

    def make(self, surroundings: Surroundings, site: Site) -> Screen[None]:
        module, _, name = self.place.partition(":")
        build: Callable[..., Any] = getattr(import_module(module), name)
        screen: Screen[None] = build(surroundings, site)
        return screen


MAIN_SCREENS = (
    MainScreen("1", "Backups", "The site's backups, and what can be done with them"),
    MainScreen("2", "History", "Restores, undos and deletions of the site", "tui.screens.history:HistoryScreen"),
    MainScreen("3", "Messages", "What was said here before: errors and notices", "tui.screens.messages:MessagesScreen"),
    MainScreen("4", "Schedule", "When backups are made by themselves", "tui.screens.schedule:ScheduleScreen"),
    MainScreen("5", "Edit", "The films of a library, or the records of any site", "tui.screens.library:LibraryScreen"),
    MainScreen(
        "6",
        "Users",
        "The users of a movie library: export, import, daily copies, metadata",
        "tui.screens.users:UsersScreen",
        for_users=True,
    ),
)


def screen_names(*, has_users: bool) -> str:
    """Return the keys and names for the head of a screen; those of users only where the site has any."""
    return "  ".join(f"{one.key} {one.title}" for one in MAIN_SCREENS if has_users or not one.for_users)


def has_users(site: Site) -> bool:
    """Return whether a site has the screen of users; in a thread, for the import alone takes a while."""
    there: bool = import_module("core.library.library").has_users(site.database_url())
    return there
