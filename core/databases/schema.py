"""The tables of a database in terms that no engine owns: what `schema.json` of a portable archive holds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal[
    "boolean",
    "integer",
    "decimal",
    "float",
    "text",
    "bytes",
    "date",
    "time",
    "timestamp",
    "interval",
    "uuid",
    "json",
    "enum",
    "array",
    "any",
]
Action = Literal["NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]

_LONGEST_NAME = 4096
_MOST_DIGITS = 1000
SCHEMA_VERSION = 1


Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME, pattern=r"\A[^\x00]+\z")]
Sql = Annotated[str, Field(max_length=1 << 16)]
Digits = Annotated[int, Field(strict=True, ge=-_MOST_DIGITS, le=_MOST_DIGITS)]
Length = Annotated[int, Field(strict=True, ge=0, le=(1 << 32) - 1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnType(_Part):
    """What a column may hold.

    `bits` of integers and floats; `length` of text in characters and of bytes in bytes, none where it is unlimited;
    `precision` and `scale` of decimals, none where any number of digits is kept; `precision` of times is that of their
    seconds. `values` and `name` belong to an enum, `element` to an array. `native` says the type in the source's own
    words. `collation` is by what a text is compared, where that is not what the database does with any text; MariaDB
    and MySQL always say it.
    """

    kind: Kind
    bits: Literal[8, 16, 24, 32, 64] | None = None
    unsigned: bool = False
    length: Length | None = None
    precision: Digits | None = None
    scale: Digits | None = None
    zoned: bool = False
    values: tuple[Annotated[str, Field(max_length=1024)], ...] = ()
    name: Name | None = None
    element: ColumnType | None = None
    native: str = ""
    collation: str = ""


class Default(_Part):
    """What a column gets where nothing is said: a `literal`, the time `now`, or `sql` that only its source knows."""

    kind: Literal["literal", "now", "sql"]
    value: str | int | float | bool | None = None


class Column(_Part):
    """`identity` counts up by itself, `always` even where an insert gives a value; `updated` is set to the time of each
    update; `computed` is SQL of the source, its result `stored` or made when it is read.
    """

    name: Name
    type: ColumnType
    nullable: bool = True
    default: Default | None = None
    identity: bool = False
    always: bool = False
    updated: bool = False
    computed: Sql | None = None
    stored: bool = True


class Unique(_Part):
    """Rows with a NULL in it are all different, unless not `nulls_distinct`; the rest as in a foreign key."""

    name: Name | None = None
    columns: tuple[Name, ...]
    nulls_distinct: bool = True
    deferrable: bool = False
    deferred: bool = False


class ForeignKey(_Part):
    """A `deferrable` one may be checked at the end of a transaction; a `deferred` one is, unless told otherwise.

    `broken` is how many rows of the source name a row that is not there.
    """

    name: Name | None = None
    columns: tuple[Name, ...]
    table: Name
    referred: tuple[Name, ...]
    on_delete: Action = "NO ACTION"
    on_update: Action = "NO ACTION"
    deferrable: bool = False
    deferred: bool = False
    broken: Annotated[int, Field(strict=True, ge=0)] = 0


class Check(_Part):
    name: Name | None = None
    sql: Sql


class Index(_Part):
    """An index that makes looking up quick; a unique one is a rule, too.

    It is of the rows for which `where` holds, SQL of the source, or of all. `lengths` are how much of a column is in
    it, where that is not all; the columns in `descending` are in it the other way round.
    """

    name: Name
    columns: tuple[Name, ...]
    unique: bool = False
    nulls_distinct: bool = True
    where: Sql | None = None
    lengths: tuple[Length | None, ...] = ()
    descending: tuple[Name, ...] = ()


class LeftOut(_Part):
    """What a table has that no other engine could be told: a rule or a habit, in words for a person."""

    column: Name | None = None
    what: Sql


class Table(_Part):
    """`options` are SQLite's own: its types are `strict`, it has no `rowid`, its identity `reuses` numbers."""

    name: Name
    columns: tuple[Column, ...]
    primary_key: tuple[Name, ...] = ()
    uniques: tuple[Unique, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    indexes: tuple[Index, ...] = ()
    options: tuple[Literal["strict", "without rowid", "reuses numbers"], ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @model_validator(mode="after")
    def _names_what_it_has(self) -> Table:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError("a column is named twice")
        keys = [self.primary_key]
        keys += [one.columns for one in self.uniques]
        keys += [one.columns for one in self.foreign_keys]
        keys += [one.columns for one in self.indexes]
        keys += [one.descending for one in self.indexes]
        for key in keys:
            if not set(key) <= set(names):
                raise ValueError(f"a key names a column that {self.name} does not have")
        if any(len(one.lengths) not in {0, len(one.columns)} for one in self.indexes):
            raise ValueError(f"an index of {self.name} has other lengths than columns")
        return self

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


class Schema(_Part):
    """All tables of a database; `left_out` names what is no table, for example `view films_by_year`."""

    version: Annotated[int, Field(strict=True, ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    engine: str
    tables: tuple[Table, ...]
    left_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Schema:
        names = [table.name for table in self.tables]
        if len(set(names)) < len(names):
            raise ValueError("a table is named twice")
        return self

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)
