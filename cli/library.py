"""The movie library that commands work on: which site it is, and which movie and category are meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy.orm import Session

from cli.opening import open_anyhow
from cli.options import Options
from cli.output import warn
from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.edits import Edits, open_edits
from core.library.categories import CATEGORIES, Category, category_named
from core.library.films import find_film
from core.library.library import library_site
from core.words import plural

ALL = "all"

library_option = click.option("--site", metavar="SITE", help="The movie library, where several sites are one.")


@dataclass(frozen=True, slots=True)
class Library:
    """A site that is a movie library."""

    context: Context
    site: Site
    edits: Edits

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of it."""
        with reading(self.site.database_url()) as session:
            yield session

    def id_of(self, movie: str) -> str:
        """Return the external id of the movie that a person means; raise UsageError."""
        with self.reading() as session:
            return find_film(session, movie).external_id


def open_library(options: Options, site: str | None) -> Library:
    """Return the library with this name, or the only one; raise UsageError."""
    context = open_anyhow(options)
    found = library_site(context, site)
    return Library(context, found, open_edits(context, found))


def chosen_categories(name: str) -> tuple[Category[Any], ...]:
    """Return the category with this name, or all of them; raise UsageError."""
    return CATEGORIES if name == ALL else (category_named(name),)


def tell_unsettled(library: Library) -> None:
    """Say so where a publication was cut off and nobody has looked yet how it ended."""
    count = library.edits.unsettled()
    if count:
        warn(
            f"{plural(count, 'publication')} under way or cut off; the next publish, drop or revert tells how it ended"
        )
