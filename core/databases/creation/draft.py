"""A table as it is to be made: its columns and rules with all their SQL in the target's words."""

from __future__ import annotations

from dataclasses import dataclass

from core.databases.schema import Action


@dataclass(frozen=True, slots=True)
class NativeType:
    """A column's type in the target's words.

    `refuses` is said of values that are refused when they come, of which there may be none.

    `check` is a condition that holds to what the type lets slip, with `{}` for the column. `length` is how much text
    or bytes it takes, where that is limited; `losses` is what it cannot keep.
    """

    sql: str
    losses: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    check: str = ""
    length: int | None = None


@dataclass(frozen=True, slots=True)
class DraftColumn:
    """`default`, `computed` and `updated`, what it is set to with each update, are SQL of the target; `sequence` names
    what is behind an identity of PostgreSQL, which is `always` one where no insert may give a value.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    identity: bool = False
    sequence: str = ""
    computed: str | None = None
    stored: bool = True
    always: bool = False
    updated: str = ""


@dataclass(frozen=True, slots=True)
class DraftKey:
    """A unique constraint or an index; `lengths` are how much of a column is in the index, where that is not all.

    `where` is the condition of the rows in it, empty where all are.
    """

    name: str
    columns: tuple[str, ...]
    unique: bool
    is_constraint: bool
    lengths: tuple[int | None, ...] = ()
    descending: tuple[str, ...] = ()
    where: str = ""
    nulls_distinct: bool = True
    deferrable: bool = False
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class DraftCheck:
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class DraftForeignKey:
    name: str
    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]
    on_delete: Action
    on_update: Action
    deferrable: bool = False
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class DraftTable:
    name: str
    columns: tuple[DraftColumn, ...]
    primary_key: tuple[str, ...]
    primary_key_name: str
    keys: tuple[DraftKey, ...]
    checks: tuple[DraftCheck, ...]
    foreign_keys: tuple[DraftForeignKey, ...]
    options: tuple[str, ...] = ()
