"""Categories of films out to a file, and in from a file or from what is pasted: the dialogs, and what became of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Input, Static

from core.config import Site
from core.errors import CancelledError, GreenroomError, UsageError
from core.library.categories import CATEGORIES, category_named
from core.library.exchange.inward import FileReport, Imported
from core.library.exchange.naming import folder_name
from core.library.films import FilmRow
from core.progress import Reporter
from core.words import plural, printable
from tui.exchange_calls import ExportWish, export, good_files, import_path, import_text
from tui.format import plain_lines, shorten
from tui.library_calls import FilmWish
from tui.paths import typed_path, working_folder
from tui.schedule_fields import Value
from tui.screens.adopt import AdoptScreen
from tui.screens.ask import Box, TextBox, error_screen
from tui.screens.main import Surroundings
from tui.screens.pick import PickScreen
from tui.widgets.choice import Choice
from tui.widgets.json_area import JsonArea
from tui.widgets.one_of import OneOf, Stepped
from tui.widgets.path_input import PathInput
from tui.work import Workshop

_LONG = 20
_LONGEST_TITLE = 40
_MOST_FILES_TOLD = 200
_MOST_PROBLEMS_TOLD = 20
_WAYS = (
    "A file: JSON, or a ZIP of many",
    "A text that is pasted",
)


class ExportScreen(Box[ExportWish | None]):
    """Asks what goes out and where to; None where nothing does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="export.cancel", tooltip="Export nothing")
    ]
    AUTO_FOCUS = "#which"

    def __init__(self, workshop: Workshop, film: FilmRow | None, found: FilmWish, total: int) -> None:
        super().__init__()
        self._workshop = workshop
        self._film = film
        self._found = found
        self._total = total

    def compose(self) -> ComposeResult:
        which: list[tuple[Value, str]] = [(False, f"all that are listed: {self._total:,}")]
        if self._film is not None:
            which.insert(0, (True, printable(shorten(self._film.title, _LONGEST_TITLE))))
        categories: list[tuple[Value, str]] = [(None, "all, as a ZIP")]
        categories += [(category.name, category.title.lower()) for category in CATEGORIES]
        with Vertical(classes="box"):
            yield Static(Text("Export", "bold"), classes="box-title", markup=False)
            for label, words, name in (("Films", which, "which"), ("Categories", categories, "categories")):
                with Horizontal(classes="field film-field"):
                    yield Static(label, markup=False)
                    yield OneOf(words, name)
            yield PathInput(self._workshop, str(working_folder() / self._file_name()))
            yield Static("tab completes; nothing is overwritten", id="path-problem", markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Export", "go")
                yield Choice("Cancel", "cancel")

    def _file_name(self) -> str:
        film = self._film if not self.is_mounted or self.query_one("#which", OneOf).value else None
        category = self.query_one("#categories", OneOf).value if self.is_mounted else None
        if film is None:
            return f"{self._found.site.name}-export.zip"
        about = folder_name(film.external_id)
        return (
            f"{about}-{category_named(category).file_name}.json" if isinstance(category, str) else f"{about}-export.zip"
        )

    @on(OneOf.Changed)
    def _named(self) -> None:
        field = self.query_one(PathInput)
        field.value = str(Path(field.value).parent / self._file_name())

    @on(Stepped)
    def _step(self, event: Stepped) -> None:
        if event.steps > 0:
            self.focus_next()
        else:
            self.focus_previous()

    @on(Input.Submitted)
    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        try:
            place = typed_path(self.query_one(PathInput).value)
        except UsageError as error:
            self.query_one("#path-problem", Static).update(Text(plain_lines(f"{error.message}: {error.hint}"), "bold"))
            return
        category = self.query_one("#categories", OneOf).value
        film = self._film if self.query_one("#which", OneOf).value else None
        self.dismiss(ExportWish(place, film, self._found, category if isinstance(category, str) else None))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


class PasteScreen(Box[str | None]):
    """Takes a text that is pasted or typed, given what it begins with; None where none is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="paste.cancel", tooltip="Import nothing"),
        Binding("ctrl+s", "go", "Import", id="paste.go", tooltip="Keep what is in the text as drafts"),
    ]
    AUTO_FOCUS = "#pasted"

    def __init__(self, film: FilmRow | None, text: str = "") -> None:
        super().__init__()
        self._film = film
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide-box"):
            yield Static(Text("Paste what is to be imported", "bold"), classes="box-title", markup=False)
            area = JsonArea()
            area.id = "pasted"
            area.begin(self._text)
            yield area
            about = printable(shorten(self._film.title, _LONGEST_TITLE)) if self._film is not None else "no film"
            told = f"Where it names no film, it is about {about}. Drafts are made, nothing goes live."
            yield Static(told, markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Import", "go")
                yield Choice("Cancel", "cancel")
            yield Static("ctrl+s imports, esc cancels", classes="box-foot", markup=False)

    @on(Button.Pressed, "#go")
    def action_go(self) -> None:
        self.dismiss(self.query_one(JsonArea).text)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)


class ImportedScreen(TextBox[bool]):
    """Says of each file what became of it; True where those that are good shall be kept without the others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="imported.close", tooltip="Leave it as it is")
    ]
    AUTO_FOCUS = "#close"

    def __init__(self, done: Imported) -> None:
        super().__init__()
        self._done = done

    def compose(self) -> ComposeResult:
        good = len(good_files(self._done))
        with Vertical(classes="box wide-box"):
            yield Static(Text(imported_title(self._done), "bold"), classes="box-title", markup=False)
            with VerticalScroll(classes="box-text", can_focus=False):
                yield Static(Text("\n".join(report_lines(self._done))), markup=False)
            with Horizontal(classes="choices"):
                yield Choice("Close", "close")
                if good and not self._done.kept:
                    yield Choice(f"Keep the {plural(good, 'good file')}", "keep")

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.dismiss(result=True)

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        self.dismiss(result=False)


class ExchangeVerbs(Screen[None]):
    """A list of films from which a person exports and into which a person imports."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "export", "Export", id="films.export", tooltip="The film, or all that are listed, to a file"),
        Binding("i", "import", "Import", id="films.import", tooltip="From a file, or pasted: drafts are made"),
    ]
    _around: Surroundings

    @property
    @abstractmethod
    def film(self) -> FilmRow | None:
        """The highlighted film."""

    @property
    @abstractmethod
    def listed(self) -> tuple[FilmWish, int]:
        """What is listed, and how many films that are."""

    @abstractmethod
    def look(self) -> None:
        """Read again what is listed."""

    def exchange_objection(self) -> str | None:
        """Return in words why nothing can be exported or imported now, or None where it can."""
        job = self._around.workshop.job
        if self._around.core.read_only:
            return "greenroom is read-only: start it without --read-only and without GREENROOM_READ_ONLY"
        if job is not None:
            return f"{printable(job.title)} is at work: wait until it is done, or x cancels it"
        return None

    def action_export(self) -> None:
        found, total = self.listed
        self.app.push_screen(ExportScreen(self._around.workshop, self.film, found, total), self._export)

    def _export(self, wish: ExportWish | None) -> None:
        if wish is not None and self._may_start():
            verb = partial(export, self._around.core, wish)
            self._around.workshop.start(f"export to {wish.place.name}", verb, self._exported, self._not_exchanged, str)

    def _exported(self, words: str) -> None:
        self.notify(printable(words), markup=False, timeout=_LONG)

    def action_import(self) -> None:
        self.app.push_screen(PickScreen("Import categories from", _WAYS, 0), self._import_by)

    def _import_by(self, way: int | None) -> None:
        film, site = self.film, self.listed[0].site
        if way == 0:
            picker = AdoptScreen(self._around.workshop, site, title="Import categories into", sort="file")
            self.app.push_screen(picker, partial(self._import_file, film))
        elif way == 1:
            self._paste(site, film)

    def _import_file(self, film: FilmRow | None, path: Path | None, *, skip_bad: bool = False) -> None:
        if path is None:
            return
        core, site = self._around.core, self.listed[0].site

        def verb(reporter: Reporter) -> Imported:
            return import_path(core, site, path, film, reporter, skip_bad=skip_bad)

        def keep_good(_: Imported, wanted: bool | None) -> None:  # noqa: FBT001 - called by Textual with the answer
            if wanted:
                self._import_file(film, path, skip_bad=True)

        if self._may_start():
            self._start_import(f"import of {path.name}", verb, keep_good, self._not_exchanged)

    def _paste(self, site: Site, film: FilmRow | None, text: str = "") -> None:
        self.app.push_screen(PasteScreen(film, text), partial(self._import_text, site, film))

    def _import_text(self, site: Site, film: FilmRow | None, text: str | None) -> None:
        """Import a text; where nothing of it is kept, whoever pasted it finds it again in the box to mend it."""
        if text is None or not text.strip():
            return

        def again(done: Imported | None = None, _: object = None) -> None:
            if done is None or not done.kept:
                self._paste(site, film, text)

        if self._may_start():
            verb = partial(import_text, self._around.core, site, text, film)
            self._start_import("import of a text", verb, again, partial(self._not_exchanged, then=again))
        else:
            again()

    def _start_import(
        self,
        title: str,
        verb: Callable[[Reporter], Imported],
        then: Callable[[Imported, bool | None], None],
        failed: Callable[[GreenroomError], None],
    ) -> None:
        self._around.workshop.start(title, verb, partial(self._imported, then), failed, imported_title)

    def _imported(self, then: Callable[[Imported, bool | None], None], done: Imported) -> None:
        if self.is_running:
            self.look()
        self.app.push_screen(ImportedScreen(done), partial(then, done))

    def _may_start(self) -> bool:
        reason = self.exchange_objection()
        if reason is not None:
            self.notify(reason, severity="warning", markup=False)
        return reason is None

    def _not_exchanged(self, error: GreenroomError, then: Callable[[], None] | None = None) -> None:
        if isinstance(error, CancelledError):
            self.notify(printable(error.message), markup=False)
            if then is not None:
                then()
        else:
            self.app.push_screen(error_screen(error), lambda _: then() if then is not None else None)


def imported_title(done: Imported) -> str:
    """Return in a line what became of an import."""
    if done.bad and not done.kept:
        return f"Nothing was kept: {plural(len(done.bad), 'file')} of {len(done.files):,} cannot be taken in"
    left = f", {plural(len(done.bad), 'bad file')} left out" if done.bad else ""
    return f"{plural(done.kept, 'draft')} kept{left}"


def report_lines(done: Imported) -> Iterator[str]:
    """Yield what became of each file, the bad ones first."""
    files = [*done.bad, *good_files(done)]
    for file in files[:_MOST_FILES_TOLD]:
        yield from map(printable, _file_lines(file))
    if len(files) > _MOST_FILES_TOLD:
        yield f"and {len(files) - _MOST_FILES_TOLD:,} more"
    if done.kept:
        yield ""
        yield "Nothing is live yet: enter on a film opens the editor, ctrl+g there publishes."


def _file_lines(file: FileReport) -> Iterator[str]:
    if file.good:
        about = ", ".join(f"{category_named(subject.form).title.lower()} of {subject.key}" for subject in file.subjects)
        yield f"{file.name}: {about}"
    else:
        yield f"{file.name}: WRONG, {(file.error.splitlines() or [''])[0]}"
    yield from (f"  mended: {note}" for note in file.notes)
    if len(file.problems) > 1:  # the one there is has been said
        yield from (f"  {problem}" for problem in file.problems[:_MOST_PROBLEMS_TOLD])
    if len(file.problems) > _MOST_PROBLEMS_TOLD:
        yield f"  and {len(file.problems) - _MOST_PROBLEMS_TOLD} more"
