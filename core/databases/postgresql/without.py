"""A table of PostgreSQL without the foreign keys to and from it and without its triggers, which are put back later."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.databases.connect import run_as_it_is
from core.databases.target import ForeignKeyPlace

_KEYS = text("""
    SELECT k.conrelid::regclass::text, quote_ident(k.conname), pg_get_constraintdef(k.oid), c.relname,
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS one (number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = one.number ORDER BY one.place)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND to_regclass(:name) IN (k.conrelid, k.confrelid)
    ORDER BY 1, 2
""")
_TRIGGERS = text("""
    SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled::text FROM pg_trigger
    WHERE tgrelid = to_regclass(:name) AND NOT tgisinternal AND tgenabled IN ('O', 'A') ORDER BY 2
""")
_NOT_VALID = " NOT VALID"


@dataclass(frozen=True, slots=True)
class _Key:
    table: str
    name: str
    definition: str
    place: ForeignKeyPlace


@dataclass(frozen=True, slots=True)
class _Trigger:
    table: str
    name: str
    always: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken away from a table."""

    keys: tuple[_Key, ...]
    triggers: tuple[_Trigger, ...]

    def put_back(self, connection: Connection, unchecked: Collection[ForeignKeyPlace]) -> None:
        """Put it back; the rows are checked by the foreign keys, but by those in `unchecked` only new ones are."""
        for key in self.keys:
            definition = key.definition
            if key.place in unchecked and not definition.endswith(_NOT_VALID):
                definition += _NOT_VALID
            run_as_it_is(connection, f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {definition}")
        for trigger in self.triggers:
            how = "ENABLE ALWAYS" if trigger.always else "ENABLE"
            run_as_it_is(connection, f"ALTER TABLE {trigger.table} {how} TRIGGER {trigger.name}")


def take_away(connection: Connection, table: str) -> Removed:
    """Drop the foreign keys to and from a table and stop its triggers; all of that is part of the transaction."""
    escaped = table.replace('"', '""')
    name = {"name": f'"{escaped}"'}
    keys = tuple(
        _Key(where, called, definition, (referring, tuple(columns)))
        for where, called, definition, referring, columns in connection.execute(_KEYS, name)
    )
    triggers = tuple(
        _Trigger(where, called, kind == "A") for where, called, kind in connection.execute(_TRIGGERS, name)
    )
    for key in keys:
        run_as_it_is(connection, f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}")
    for trigger in triggers:
        run_as_it_is(connection, f"ALTER TABLE {trigger.table} DISABLE TRIGGER {trigger.name}")
    return Removed(keys, triggers)
