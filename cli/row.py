"""The row that commands work on: of which site, which table and which key."""

from __future__ import annotations

from dataclasses import dataclass

import click
from sqlalchemy.orm import Session

from cli.opening import open_anyhow
from cli.options import Options
from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.edits import Edits, open_edits
from core.errors import UsageError
from core.forms import Subject
from core.records import Record, RecordForm, record_form
from core.words import printable

site_argument = click.argument("site", metavar="SITE")
table_argument = click.argument("table", metavar="TABLE")
key_argument = click.argument("key", metavar="KEY")


@dataclass(frozen=True, slots=True)
class Place:
    """A site, and what is being edited at it."""

    context: Context
    site: Site
    edits: Edits

    def form(self, session: Session, table: str) -> RecordForm:
        """Return the form of a table's rows; raise UsageError."""
        return record_form(session, table, exclude=self.site.exclude_tables)

    def row(self, table: str, key: str) -> Row:
        """Return the row that is meant, its key as greenroom writes it; raise UsageError where there is none."""
        with reading(self.site.database_url()) as session:
            form = self.form(session, table)
            return Row(self, form, found(session, form, key).text)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of a site."""

    place: Place
    form: RecordForm
    key: str

    @property
    def subject(self) -> Subject:
        return Subject(self.form.name, self.key)

    def __str__(self) -> str:
        return printable(f"the row {self.key} of {self.form.title}")


def open_place(options: Options, site: str) -> Place:
    """Return a site and what is being edited at it; raise UsageError."""
    context = open_anyhow(options)
    its_site = context.settings.site(site)
    return Place(context, its_site, open_edits(context, its_site))


def found(session: Session, form: RecordForm, key: str) -> Record:
    """Return a row by its key; raise UsageError where there is none."""
    record = form.find(session, key)
    if record is None:
        columns = ",".join(field.name for field in form.place.key_fields)
        raise UsageError(
            printable(f"there is no row {key} in {form.title}"),
            hint=printable(f"its key is {columns}; a comma within one has a backslash before it"),
        )
    return record
