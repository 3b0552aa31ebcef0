"""Asks which tables a portable backup is to hold."""

from __future__ import annotations

from core.backup import portable_tables
from core.config import Site
from core.words import plural, printable
from tui.format import aligned
from tui.screens.tables import TablesBox
from tui.work import Workshop


class PortableScreen(TablesBox):
    """Lists the tables of a site with their rows."""

    def __init__(self, workshop: Workshop, site: Site) -> None:
        super().__init__(workshop, f"Portable backup of {site.name}", "Back up")
        self._site = site

    def on_mount(self) -> None:
        site = self._site
        self._workshop.read(lambda: portable_tables(site), self._counted, self.cannot_show)

    def _counted(self, tables: dict[str, int]) -> None:
        if not self.is_attached:
            return
        told = "Each table becomes a file of JSON, which any engine takes back. Space takes a table out, or in again."
        if self._site.exclude_tables:
            told += f" Never in it: {', '.join(map(printable, self._site.exclude_tables))}."
        lines = aligned([(printable(name), plural(rows, "row")) for name, rows in tables.items()], indent=0)
        self.show(told, dict(zip(tables, lines, strict=True)))
