"""The editor on the demo's library: opened on a film, typed into, and what others do to the film meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textual import events

from core.config import Site, load_settings, prepare_folders
from core.context import Context, open_context
from core.databases.sessions import reading
from core.documents import write
from core.edits import Edits, open_edits, publish_data
from core.filesystem import Filesystem
from core.forms import Subject, revision_of
from core.library.categories import CATEGORIES, category_named
from core.library.demo import write_demo
from core.progress import Reporter
from tests.support import SteppingClock
from tests.tui.driver import WIDE, Driver, drive_app
from tui.app import GreenroomApp
from tui.screens.editor import EditorScreen, Sheet
from tui.screens.main import Surroundings
from tui.widgets.sheet_pane import SheetPane

FILM = "tmdb-550"
NUMBERS = {category.name: number for number, category in enumerate(CATEGORIES)}


@dataclass(frozen=True)
class Library:
    """The demo's site, and the context to work on it."""

    context: Context
    site: Site

    @property
    def edits(self) -> Edits:
        return open_edits(self.context, self.site)

    def live(self, category: str, film: str = FILM) -> dict[str, Any]:
        form = category_named(category)
        with reading(self.site.database_url()) as session:
            thing = form.find(session, film)
            assert thing is not None
            return form.read(thing)

    def somebody_publishes(self, category: str, **data: Any) -> None:
        """Another person changes the film, from the state that it has now."""
        live = self.live(category)
        other = replace(self.context, actor="bob")
        form = category_named(category)
        publish_data(other, self.site, form, FILM, data, base=live, base_revision=revision_of(live))


def write_library(folder: Path) -> Path:
    """Write the demo's site once, to be copied for each test; return its configuration."""
    made = write_demo(folder, disk=Filesystem(), reporter=Reporter())
    settings = load_settings(made.config)
    prepare_folders(settings, Filesystem())
    open_context(settings).catalog.initialise()
    return made.config


def open_library(config: Path) -> Library:
    settings = load_settings(config)
    context = replace(open_context(settings, clock=SteppingClock()), actor="anna")
    return Library(context, settings.sites["movies"])


@asynccontextmanager
async def editing(
    library: Library, category: str = "trivia", size: tuple[int, int] = WIDE, *, only: Sequence[str] = ()
) -> AsyncIterator[Driver]:
    """Open the app, and the editor on it."""
    names = only or [one.name for one in CATEGORIES]
    sheets = [Sheet(category_named(name), FILM, category_named(name).title) for name in names]
    app = GreenroomApp(library.context, library.site.name)
    async with drive_app(app, size) as driver:
        surroundings = Surroundings(library.context, app.workshop, app.notes)
        app.push_screen(EditorScreen(surroundings, library.site, sheets, list(names).index(category)))
        await driver.settle()
        yield driver


def pane(driver: Driver) -> SheetPane:
    """The pane that is shown."""
    for screen in reversed(driver.app.screen_stack):
        if isinstance(screen, EditorScreen):
            assert screen.pane is not None
            return screen.pane
    raise AssertionError("there is no editor")


async def put(driver: Driver, text: str) -> str:
    """Paste a text in the place of all, as a terminal does."""
    area = pane(driver).area
    area.focus()
    area.select_all()
    area.post_message(events.Paste(text))
    return await driver.settle()


async def put_data(driver: Driver, **changes: Any) -> str:
    """Paste what the sheet began with, changed."""
    view = pane(driver).view
    assert view is not None
    data = view.draft.data if view.draft is not None else view.live
    return await put(driver, write({**data, **changes}))


def subject(category: str) -> Subject:
    return Subject(category, FILM)
