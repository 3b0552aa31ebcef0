"""The schema of a PostgreSQL database in neutral terms: the tables of the schema that its role works in."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from core.databases.inspected import inspect_tables
from core.databases.native import Meaning, read_type
from core.databases.postgresql import ENGINE
from core.databases.schema import ColumnType, Schema

_MEANINGS = (
    Meaning("BOOLEAN", "boolean"),
    Meaning("SMALLINT", "integer", bits=16),
    Meaning("INTEGER", "integer", bits=32),
    Meaning("BIGINT", "integer", bits=64),
    Meaning("NUMERIC", "decimal", "digits"),
    Meaning("REAL", "float", bits=32),
    Meaning("DOUBLE PRECISION", "float", bits=64),
    Meaning("TIMESTAMP WITHOUT TIME ZONE", "timestamp", "seconds"),
    Meaning("TIMESTAMP WITH TIME ZONE", "timestamp", "seconds", zoned=True),
    Meaning("TIME WITHOUT TIME ZONE", "time", "seconds"),
    Meaning("TIME WITH TIME ZONE", "time", "seconds", zoned=True),
    Meaning("DATE", "date"),
    Meaning("INTERVAL( .*)?", "interval", "seconds"),
    Meaning("UUID", "uuid"),
    Meaning("JSONB?", "json"),
    Meaning("BYTEA", "bytes"),
    Meaning("TEXT|CHARACTER VARYING|CHARACTER", "text", "length"),
)
_TYPES = text("""
    SELECT c.relname, a.attname, format_type(coalesce(nullif(t.typbasetype, 0), t.oid),
            CASE WHEN t.typbasetype = 0 THEN a.atttypmod ELSE t.typtypmod END),
        (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
        (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.typelem), t.typname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
        AND a.attnum > 0 AND NOT a.attisdropped
""")
_OTHERS = text("""
    SELECT 'trigger ' || tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace
    UNION ALL SELECT 'materialised view ' || relname FROM pg_class
        WHERE relkind = 'm' AND relnamespace = current_schema()::regnamespace
    UNION ALL SELECT CASE prokind WHEN 'p' THEN 'procedure ' ELSE 'function ' END || proname FROM pg_proc p
        WHERE pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL SELECT 'exclusion ' || conname FROM pg_constraint
        WHERE contype = 'x' AND connamespace = current_schema()::regnamespace
    UNION ALL SELECT 'table ' || schemaname || '.' || tablename FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema', current_schema())
    ORDER BY 1
""")


def read_schema(connection: Connection) -> Schema:
    """Return the tables of the current schema; what else there is is named in `left_out`."""
    types = {(row[0], row[1]): _type(row[2], row[3], row[4], row[5]) for row in connection.execute(_TYPES)}
    tables, left_out = inspect_tables(inspect(connection), lambda *where: types[where], _is_identity)
    left_out += connection.execute(_OTHERS).scalars()
    return Schema(engine=ENGINE, tables=tuple(tables), left_out=tuple(left_out))


def _type(native: str, values: list[str] | None, elements: list[str] | None, name: str) -> ColumnType:
    """Of a domain, `native` is the type that it rests on. What has no neutral form travels as text."""
    if native.endswith("[]"):
        element = _type(native[:-2], elements, None, name.removeprefix("_"))
        return ColumnType(kind="array", element=element, native=native)
    if values is not None:
        return ColumnType(kind="enum", values=tuple(values), name=name, native=native)
    return read_type(native, _MEANINGS, "text")


def _is_identity(column: ReflectedColumn) -> bool:
    return column.get("identity") is not None or str(column["default"]).startswith("nextval(")
