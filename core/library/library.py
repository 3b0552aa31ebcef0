"""Which sites are movie libraries, told by their tables and columns."""

from __future__ import annotations

from sqlalchemy import URL, Table, false, inspect, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from core.config import Site
from core.context import Context
from core.databases.sessions import reading
from core.errors import GreenroomError, UsageError
from core.library.models import (
    Award,
    Base,
    Credit,
    CustomList,
    Entry,
    GalleryImage,
    Genre,
    Movie,
    MovieGenre,
    Person,
    Ranking,
    Recommendation,
    Recommender,
    StreamingOption,
    TimelineEvent,
    TriviaItem,
    User,
    WatchRecord,
)

# What the seven categories read and write; what a user has of his own is not looked at.
_NEEDED: tuple[type[Base], ...] = (
    Movie,
    Person,
    Credit,
    Genre,
    MovieGenre,
    Award,
    StreamingOption,
    TimelineEvent,
    TriviaItem,
    GalleryImage,
)
_OF_USERS: tuple[type[Base], ...] = (User, Entry, Recommender, Recommendation, CustomList, WatchRecord, Ranking)
_NOT_THERE = {"42P01", "42703", "1054", "1146"}  # PostgreSQL's and MySQL's codes for tables and columns


def is_library(url: URL) -> bool:
    """Return whether a database has the tables and columns of a movie library; no row is read.

    Raise GreenroomError where it cannot be looked at.
    """
    with reading(url) as session:
        if not inspect(session.connection()).has_table(Movie.__tablename__):
            return False
        return all(_is_there(session, Base.metadata.tables[model.__tablename__]) for model in _NEEDED)


def keeps_users(url: URL) -> bool:
    """Return whether a movie library has the tables and columns of users' own libraries; no row is read.

    Raise GreenroomError where it cannot be looked at.
    """
    with reading(url) as session:
        if not inspect(session.connection()).has_table(User.__tablename__):
            return False
        return all(_is_there(session, Base.metadata.tables[model.__tablename__]) for model in _OF_USERS)


def has_users(url: URL) -> bool:
    """Return whether a site is a movie library in which users keep their own; raise GreenroomError."""
    return is_library(url) and keeps_users(url)


def library_site(context: Context, name: str | None) -> Site:
    """Return the site with this name, or the only one that is a movie library where none is named.

    Raise UsageError where there is none such, or nobody can tell which is meant; GreenroomError where the named one
    cannot be looked at.
    """
    if name is not None:
        site = context.settings.site(name)
        if not is_library(site.database_url()):
            raise UsageError(
                f"{site.name} is no movie library: its database lacks tables or columns of one",
                hint="`greenroom record` reads and changes the records of any site",
            )
        return site
    libraries, dark = [], {}
    for site in context.settings.sites.values():
        try:
            if is_library(site.database_url()):
                libraries.append(site)
        except GreenroomError as error:
            dark[site.name] = error.message
    if len(libraries) == 1 and not dark:
        return libraries[0]
    raise _cannot_tell([site.name for site in libraries], dark)


def _cannot_tell(libraries: list[str], dark: dict[str, str]) -> UsageError:
    named = "name one with --site"
    if len(libraries) > 1:
        return UsageError(f"several sites are movie libraries: {', '.join(libraries)}", hint=named)
    if dark:
        told = "; ".join(f"{name}: {message}" for name, message in dark.items())
        beside = f"; {libraries[0]} is one" if libraries else ""
        return UsageError(f"cannot tell which site is the movie library: {told}{beside}", hint=named)
    return UsageError("no site is a movie library", hint="`greenroom record` reads and changes the records of any site")


def _is_there(session: Session, table: Table) -> bool:
    try:
        session.execute(select(*table.columns).where(false()))
    except (OperationalError, ProgrammingError) as error:
        if _says_not_there(error):
            return False
        raise
    return True


def _says_not_there(error: OperationalError | ProgrammingError) -> bool:
    raised = error.orig
    said = [str(word) for word in (getattr(raised, "sqlstate", None), *getattr(raised, "args", ())[:1])]
    return any(word in _NOT_THERE or word.startswith(("no such table", "no such column")) for word in said)
