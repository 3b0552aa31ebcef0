"""The types that PostgreSQL needs for enums: one for the same values under the same name."""

from __future__ import annotations

from core.databases.creation.naming import NewNames
from core.databases.postgresql.types import is_enum
from core.databases.schema import Column, ColumnType, Schema, Table

_OWN_TYPES = """
    abstime aclitem any anyarray anyelement anyenum bit bool boolean box bpchar bytea char character cid cidr
    circle cstring date daterange decimal event_trigger float4 float8 gtsvector inet int int2 int2vector int4
    int4range int8 int8range integer internal interval json jsonb jsonpath line lseg macaddr macaddr8 money name
    numeric numrange oid oidvector path point polygon real record refcursor regclass regproc regtype smallint
    bigint text tid time timestamp timestamptz timetz trigger tsquery tsrange tstzrange tsvector txid_snapshot
    unknown uuid varbit varchar void xid xid8 xml
"""


class Enums:
    """Names the type of each enum of a schema; `types` are the values by name."""

    def __init__(self, schema: Schema, names: NewNames) -> None:
        self.types: dict[str, tuple[str, ...]] = {}
        self._named: dict[tuple[str | None, tuple[str, ...]], str] = {}
        for table in schema.tables:
            for column in table.columns:
                self._add(table, column, names)

    def name_of(self, type_: ColumnType) -> str:
        """Return the name for a column of this type, or of this type's elements; none where it needs no type."""
        enum = _enum_of(type_)
        return "" if enum is None else self._named.get((enum.name, enum.values), "")

    def _add(self, table: Table, column: Column, names: NewNames) -> None:
        enum = _enum_of(column.type)
        if enum is None or (enum.name, enum.values) in self._named or not is_enum(enum):
            return
        wanted = enum.name or f"{table.name}_{column.name}"
        name = names.give(f"{wanted}_enum" if _is_taken(wanted) else wanted)
        self._named[enum.name, enum.values] = name
        self.types[name] = tuple(dict.fromkeys(enum.values))


def _is_taken(name: str) -> bool:
    """PostgreSQL takes its own type of that name for it."""
    return name.lower() in _OWN_TYPES.split() or name.startswith(("_", "pg_"))


def _enum_of(type_: ColumnType) -> ColumnType | None:
    while type_.kind == "array" and type_.element is not None:
        type_ = type_.element
    return type_ if type_.kind == "enum" else None
