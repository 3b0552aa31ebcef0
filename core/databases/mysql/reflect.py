"""The schema of a MariaDB or MySQL database in neutral terms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, inspect, text

from core.databases.defaults import parse_default
from core.databases.inspected import inspect_tables
from core.databases.mysql import ENGINE
from core.databases.native import Meaning, read_type
from core.databases.schema import Check, Column, ColumnType, Schema, Table

_BOOLEAN = re.compile(r"(tinyint\(1\)|bool|boolean)", re.IGNORECASE)
_BITS = re.compile(r"bit\((?:[1-9]|[1-5]\d|6[0-3])\)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"'": "''", "0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
_LISTED = re.compile(r"enum\((.*)\)", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_JSON_CHECK = re.compile(r"json_valid\(`((?:[^`]|``)+)`\)", re.IGNORECASE)
_UNSIGNED = "( ZEROFILL)? UNSIGNED( ZEROFILL)?"
_MEANINGS = (
    Meaning("TINYINT", "integer", bits=8),
    Meaning(f"TINYINT{_UNSIGNED}", "integer", bits=8, unsigned=True),
    Meaning("SMALLINT|YEAR", "integer", bits=16),
    Meaning(f"SMALLINT{_UNSIGNED}", "integer", bits=16, unsigned=True),
    Meaning("MEDIUMINT", "integer", bits=24),
    Meaning(f"MEDIUMINT{_UNSIGNED}", "integer", bits=24, unsigned=True),
    Meaning("INT(EGER)?", "integer", bits=32),
    Meaning(f"INT(EGER)?{_UNSIGNED}", "integer", bits=32, unsigned=True),
    Meaning("BIGINT", "integer", bits=64),
    Meaning(f"BIGINT{_UNSIGNED}|BIT", "integer", bits=64, unsigned=True),
    Meaning(f"DECIMAL({_UNSIGNED})?", "decimal", "digits"),
    Meaning(f"FLOAT({_UNSIGNED})?", "float", bits=32),
    Meaning(f"DOUBLE({_UNSIGNED})?", "float", bits=64),
    Meaning("DATETIME", "timestamp", "seconds"),
    Meaning("TIMESTAMP", "timestamp", "seconds", zoned=True),
    Meaning("TIME", "time", "seconds"),
    Meaning("DATE", "date"),
    Meaning("UUID", "uuid"),
    Meaning("JSON", "json"),
    Meaning("(VAR)?CHAR", "text", "length"),
    Meaning("TINYTEXT", "text", length=255),
    Meaning("TEXT", "text", length=(1 << 16) - 1),
    Meaning("MEDIUMTEXT", "text", length=(1 << 24) - 1),
    Meaning("(VAR)?BINARY", "bytes", "length"),
    Meaning("TINYBLOB", "bytes", length=255),
    Meaning("BLOB", "bytes", length=(1 << 16) - 1),
    Meaning("MEDIUMBLOB", "bytes", length=(1 << 24) - 1),
    Meaning("LONGBLOB", "bytes"),
)
_OTHERS = text("""
    SELECT CONCAT('trigger ', trigger_name) AS name FROM information_schema.triggers
        WHERE trigger_schema = DATABASE()
    UNION ALL SELECT CONCAT(LOWER(routine_type), ' ', routine_name) FROM information_schema.routines
        WHERE routine_schema = DATABASE()
    UNION ALL SELECT CONCAT('event ', event_name) FROM information_schema.events WHERE event_schema = DATABASE()
    ORDER BY 1
""")
_TYPES = text("""
    SELECT table_name, column_name, column_type, coalesce(collation_name, '') FROM information_schema.columns
    WHERE table_schema = DATABASE()
""")
_DEFAULTS = text("""
    SELECT table_name, column_name, column_default FROM information_schema.columns
    WHERE table_schema = DATABASE() AND column_default IS NOT NULL AND generation_expression IS NULL
""")
_COLUMN_CHECKS = text("""
    SELECT table_name, check_clause FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE() AND level = 'Column' ORDER BY table_name, constraint_name
""")


def read_schema(connection: Connection) -> Schema:
    """Return the tables of the database; what else there is is named in `left_out`."""
    types = {(row[0], row[1]): _collated(_type(row[2]), row[3]) for row in connection.execute(_TYPES)}
    tables, left_out = inspect_tables(
        inspect(connection), lambda *where: types[where], lambda column: column.get("autoincrement") is True
    )
    left_out += connection.execute(_OTHERS).scalars()
    is_mariadb = _is_mariadb(connection)
    checks = list(connection.execute(_COLUMN_CHECKS)) if is_mariadb else []
    defaults = {(row[0], row[1]): row[2] for row in connection.execute(_DEFAULTS)} if is_mariadb else {}
    tables = [_with_defaults(table, defaults) for table in tables]
    whole = (_with_checks(table, [sql for name, sql in checks if name == table.name]) for table in tables)
    return Schema(engine=ENGINE, tables=tuple(whole), left_out=tuple(left_out))


def _collated(type_: ColumnType, collation: str) -> ColumnType:
    compares = type_.kind in {"text", "enum"}
    return type_.model_copy(update={"collation": collation}) if compares else type_


def _is_mariadb(connection: Connection) -> bool:
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _type(native: str) -> ColumnType:
    """What has no neutral form travels as text; TINYINT(1) is what these servers make of BOOLEAN."""
    if _BOOLEAN.fullmatch(native):
        return ColumnType(kind="boolean", native=native)
    if _BITS.fullmatch(native):
        return ColumnType(kind="integer", bits=64, native=native)
    listed = _LISTED.fullmatch(native)
    if listed is not None:
        values = tuple(value.replace("''", "'") for value in _VALUE.findall(_standard(listed[1])))
        return ColumnType(kind="enum", values=values, native=native)
    return read_type(native, _MEANINGS, "text")


def _with_checks(table: Table, checks: Sequence[str]) -> Table:
    """With the checks that belong to columns; one of them is how MariaDB says that a column's text is JSON."""
    matches = {check: _JSON_CHECK.fullmatch(check) for check in checks}
    json = {match[1].replace("``", "`") for match in matches.values() if match}
    columns = tuple(_as_json(column) if column.name in json else column for column in table.columns)
    more = tuple(Check(sql=check) for check, match in matches.items() if not match)
    return table.model_copy(update={"columns": columns, "checks": table.checks + more})


def _as_json(column: Column) -> Column:
    return column.model_copy(update={"type": ColumnType(kind="json", native=column.type.native)})


def _with_defaults(table: Table, defaults: Mapping[tuple[str, str], str]) -> Table:
    """With the defaults that the inspector does not read: texts that MariaDB shows with backslashes in them."""
    columns = []
    for column in table.columns:
        sql = defaults.get((table.name, column.name), "")
        is_text = sql.startswith("'") and not column.identity
        default = parse_default(_standard(sql)) if is_text else column.default
        columns.append(column.model_copy(update={"default": default}))
    return table.model_copy(update={"columns": tuple(columns)})


def _standard(sql: str) -> str:
    """Texts as standard SQL has them, without the backslashes in which these servers show some signs."""
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), sql)
