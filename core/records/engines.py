"""What differs between engines: how a record's values are read as JSON, and said to the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from sqlalchemy import Executable, TableClause
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.databases.schema import Column, ColumnType, Schema
from core.records.raw import Reading

_MODULES = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


class Engine(Protocol):
    """The module of an engine in this package."""

    NAME: str
    TAGS: frozenset[str]  # what a value may say of itself that is not of its column's type

    def prepare(self, session: Session) -> None:
        """Let the session say values as `reading` expects them, and refuse what it would have to cut."""

    def schemas(self, session: Session) -> Iterator[tuple[str, str | None, Schema]]:
        """Yield the tables, with what stands before their names for people, and the schema in which SQL finds them.

        Nothing stands before the names in the schema that the role works in.
        """

    def reading(self, column: Column, sql: ColumnElement[Any]) -> Reading:
        """Return how a column is read."""

    def bound(self, column: Column, value: Any) -> Any:
        """Return a checked JSON value, which is no null, as the driver takes it; raise ValueError."""

    def limits(self, type_: ColumnType) -> ColumnType:
        """Return the type with the limits that the engine really heeds."""

    def insertion(self, rows: TableClause, values: Mapping[Any, Any]) -> Executable:
        """Return the statement for a new row, which keeps its key even where the database counts by itself."""

    def label(self, sql: ColumnElement[Any], most: int) -> ColumnElement[Any]:
        """Return the beginning of a column as text."""

    def unsafe(self, session: Session) -> dict[str, str]:
        """Return why tables cannot be edited, by their names: what changes them could not be taken back."""

    def estimates(self, session: Session) -> dict[str, int]:
        """Return about how many rows tables have, by their names, as far as the database remembers it."""


def engine_of(session: Session) -> Engine:
    """Return what is the session's engine's own."""
    name = session.get_bind().dialect.name
    return cast("Engine", import_module(f"core.records.{_MODULES[name]}"))
