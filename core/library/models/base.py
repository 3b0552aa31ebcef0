"""What the tables have in common: types, names of constraints, and checks that SQLite does not make by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, Boolean, CheckConstraint, Double, Enum, MetaData, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

_CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Document = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """The library's tables. Times are Unix seconds, as doubles."""

    metadata = MetaData(naming_convention=_CONSTRAINT_NAMES)
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {float: Double()}


def one_of(name: str, *values: str) -> Enum:
    """Return the type of a column `name` that holds one of `values`, checked by the database."""
    return Enum(*values, name=name, native_enum=False, create_constraint=True, validate_strings=True)


def in_range(column: str, low: float, high: float) -> CheckConstraint:
    """Return the check that a column lies between two bounds, both allowed."""
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=f"{column}_range")


def not_negative(column: str) -> CheckConstraint:
    """Return the check that a column is zero or more."""
    return CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative")


def add_value_checks(metadata: MetaData) -> None:
    """Add what VARCHAR(n) and BOOLEAN mean elsewhere and are only hints to SQLite: lengths, and 0 or 1."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, Boolean):
                rule, name = f"{column.name} IN (0, 1)", f"{column.name}_boolean"
            elif isinstance(column.type, String) and column.type.length and not isinstance(column.type, Enum):
                rule, name = f"length({column.name}) <= {column.type.length}", f"{column.name}_length"
            else:
                continue
            table.append_constraint(CheckConstraint(rule, name=name).ddl_if(dialect="sqlite"))
