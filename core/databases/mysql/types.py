"""The types of columns in MariaDB and MySQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from core.databases.creation.draft import NativeType
from core.databases.creation.literals import enum_literal
from core.databases.creation.native import told_as_plain
from core.databases.mysql import ENGINE
from core.databases.schema import ColumnType, Kind

BYTES_A_LETTER = 4
LONGEST_VARCHAR = 16_383
_MOST_DIGITS = 65
_MOST_SCALE = 30
_SECONDS_DIGITS = 6
_LONGEST_LABEL = 255
_INTEGERS = {8: "TINYINT", 16: "SMALLINT", 24: "MEDIUMINT", 32: "INT", 64: "BIGINT", None: "BIGINT"}
_OWN_TEXTS = re.compile(r"char\(\d{1,3}\)|tinytext|text|mediumtext|inet[46]", re.IGNORECASE)
_OWN_BYTES = re.compile(r"binary\(\d{1,3}\)|tinyblob|blob|mediumblob", re.IGNORECASE)
_OWN_INTEGERS = re.compile(
    r"year(?:\(4\))?|bit\(\d{1,2}\)|(?:tiny|small|medium|big)?int\(\d{1,3}\) unsigned zerofill", re.IGNORECASE
)
_SET = re.compile(r"set\((.*)\)", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"'((?:[^'\\]|'')*)'")
_COLLATION = re.compile(r"utf8mb4_[a-z0-9_]{1,50}|uca1400_[a-z0-9_]{1,50}")
_SHORTEST = {"tinytext": 255 // BYTES_A_LETTER, "tinyblob": 255}


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a column has: `key` bytes in the keys that it is part of, and in the row, or it goes beside it."""

    key: int | None = None
    in_row: bool = True


@dataclass(frozen=True, slots=True)
class Setting:
    """What else decides a column's type: where it comes from, its room, and which of the two servers it is for."""

    source: str
    room: Room
    mariadb: bool


def native_type(column: ColumnType, setting: Setting) -> NativeType:
    """Return the type that holds all values of a column, or as much as a key of InnoDB has room for.

    Text compares letter by letter, as it does in PostgreSQL and SQLite, and with its own collation where it comes from
    MariaDB or MySQL. A moment with its zone is a DATETIME in UTC, for TIMESTAMP ends in 2038.
    """
    if column.kind in _PLAIN:
        return _PLAIN[column.kind]
    return _MAKERS[column.kind](column, setting)


def default_collation(*, mariadb: bool) -> str:
    """The collation in which any two texts that differ are different, blanks at their end too."""
    return "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"


def _integer(column: ColumnType, setting: Setting) -> NativeType:
    if setting.source == ENGINE and _OWN_INTEGERS.fullmatch(column.native):
        return NativeType(column.native.upper())
    return NativeType(f"{_INTEGERS[column.bits]}{' UNSIGNED' if column.unsigned else ''}")


def _float(column: ColumnType, setting: Setting) -> NativeType:
    refuses = {"postgresql": ("cannot hold NaN and infinity",), "sqlite": ("cannot hold infinity",)}
    return NativeType("FLOAT" if column.bits == 32 else "DOUBLE", refuses=refuses.get(setting.source, ()))


def _decimal(column: ColumnType, _: Setting) -> NativeType:
    unsigned = " UNSIGNED" if column.unsigned else ""
    if column.precision is None:
        refuses = ("keeps 35 digits before the point and 30 behind it, the source any",)
        return NativeType("DECIMAL(65,30)", refuses=refuses)
    scale = column.scale or 0
    precision = max(column.precision - min(scale, 0), scale, 1)
    loss = () if scale >= 0 else (f"is not rounded to {-scale} digits before the point",)
    if precision <= _MOST_DIGITS and scale <= _MOST_SCALE:
        return NativeType(f"DECIMAL({precision},{max(scale, 0)}){unsigned}", loss)
    return NativeType(
        "DECIMAL(65,30)",
        refuses=(
            f"keeps 35 digits before the point and 30 behind it, the source {column.precision} with {scale} behind it",
        ),
    )


def _text(column: ColumnType, setting: Setting) -> NativeType:
    if setting.source != ENGINE:
        made = _letters(column.length, setting.room)
        told = told_as_plain(column, setting.source)
        return replace(made, losses=(*told, *made.losses))
    made = _own_text(column, setting.room)
    if made.sql.upper().startswith("INET"):
        return made
    collation, losses = _collation(column, mariadb=setting.mariadb)
    return replace(made, sql=f"{made.sql}{collation}", losses=(*made.losses, *losses))


def _own_text(column: ColumnType, room: Room) -> NativeType:
    listed = _SET.fullmatch(column.native)
    values = _VALUE.findall(listed[1]) if listed else []
    if listed and ",".join(f"'{value}'" for value in values) == listed[1] and values:
        said = ", ".join(enum_literal(ENGINE, value.replace("''", "'")) for value in values)
        return NativeType(f"SET({said})")
    fits = room.key is None or _fits_a_key(column, room.key, BYTES_A_LETTER)
    if _OWN_TEXTS.fullmatch(column.native) and fits:
        return NativeType(column.native.upper(), length=_SHORTEST.get(column.native.lower()))
    made = _letters(column.length, room)
    return replace(made, losses=(*told_as_plain(column, ENGINE), *made.losses))


def _fits_a_key(column: ColumnType, room: int, bytes_each: int) -> bool:
    is_fixed = column.native.lower().startswith(("char", "binary", "inet"))
    return is_fixed and (column.length or 0) * bytes_each <= room


def _collation(column: ColumnType, *, mariadb: bool) -> tuple[str, tuple[str, ...]]:
    """Return the clause for the collation that a text had in its source, and what is lost where it is unknown here."""
    name = column.collation
    if not name:
        return "", ()
    foreign = "0900" in name if mariadb else "nopad" in name or "uca1400" in name
    if _COLLATION.fullmatch(name) and not foreign:
        return f" CHARACTER SET utf8mb4 COLLATE {name}", ()
    near = default_collation(mariadb=mariadb) if "bin" in name else "utf8mb4_unicode_520_ci"
    return f" CHARACTER SET utf8mb4 COLLATE {near}", (f"compares by {near}, the source by {name}",)


def _letters(length: int | None, room: Room) -> NativeType:
    if room.key is not None:
        most = max(room.key // BYTES_A_LETTER, 1)
        if length is not None and 0 < length <= most:
            return NativeType(f"VARCHAR({length})", length=length)
        had = "any number" if length is None else f"{length}"
        refuses = (f"holds {most} letters in a key, the source {had}",)
        return NativeType(f"VARCHAR({most})", refuses=refuses, length=most)
    if length is None or length > LONGEST_VARCHAR or length == 0:
        return NativeType("LONGTEXT")
    if not room.in_row:
        return NativeType("LONGTEXT", (f"is not held to {length} letters: they are too many for a row",))
    return NativeType(f"VARCHAR({length})", length=length)


def _bytes(column: ColumnType, setting: Setting) -> NativeType:
    length, room = column.length, setting.room
    fits = room.key is None or _fits_a_key(column, room.key, 1)
    if setting.source == ENGINE and fits and _OWN_BYTES.fullmatch(column.native):
        return NativeType(column.native.upper(), length=_SHORTEST.get(column.native.lower()))
    if room.key is not None:
        if length is not None and 0 < length <= room.key:
            return NativeType(f"VARBINARY({length})", length=length)
        had = "any number" if length is None else f"{length}"
        refuses = (f"holds {room.key} bytes in a key, the source {had}",)
        return NativeType(f"VARBINARY({room.key})", refuses=refuses, length=room.key)
    if length is None or length > LONGEST_VARCHAR or length == 0:
        return NativeType("LONGBLOB")
    if not room.in_row:
        return NativeType("LONGBLOB", (f"is not held to {length} bytes: they are too many for a row",))
    return NativeType(f"VARBINARY({length})", length=length)


def _time(column: ColumnType, setting: Setting) -> NativeType:
    digits = 0 if setting.source == ENGINE else _SECONDS_DIGITS
    if column.precision is not None:
        digits = min(max(column.precision, 0), _SECONDS_DIGITS)
    said = f"({digits})" if digits else ""
    if column.kind == "time":
        if column.zoned:
            return NativeType("VARCHAR(32)", ("the time with its zone is kept as text",))
        return NativeType(f"TIME{said}")
    if column.zoned and setting.source == ENGINE:
        return NativeType(f"TIMESTAMP{said}")
    return NativeType(f"DATETIME{said}", ("is kept in UTC, without its zone",) if column.zoned else ())


def _enum(column: ColumnType, setting: Setting) -> NativeType:
    """Return ENUM where MariaDB keeps each of the values as it is: it takes the blanks from their ends."""
    values = column.values
    fits = all(value == value.rstrip(" ") and len(value) <= _LONGEST_LABEL and "\0" not in value for value in values)
    if values and fits:
        said = ", ".join(enum_literal(ENGINE, value) for value in dict.fromkeys(values))
        collation, losses = _collation(column, mariadb=setting.mariadb) if setting.source == ENGINE else ("", ())
        return NativeType(f"ENUM({said}){collation}", losses)
    longest = max((len(value) for value in values), default=_LONGEST_LABEL)
    made = _letters(max(longest, 1), setting.room)
    return replace(made, losses=("the enum becomes text, for its values are none that MySQL has", *made.losses))


def _any(_: ColumnType, setting: Setting) -> NativeType:
    made = _letters(None, setting.room)
    return replace(made, losses=("any value becomes text", *made.losses))


def _uuid(_: ColumnType, setting: Setting) -> NativeType:
    return NativeType("UUID" if setting.mariadb else "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin")


_PLAIN = {
    "boolean": NativeType("BOOLEAN"),
    "date": NativeType("DATE"),
    "json": NativeType("JSON"),
    "array": NativeType("JSON", ("the array becomes JSON",)),
    "interval": NativeType("VARCHAR(64)", ("the interval is kept as text, as P1DT2H",), length=64),
}
_MAKERS: dict[Kind, Callable[[ColumnType, Setting], NativeType]] = {
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "text": _text,
    "bytes": _bytes,
    "time": _time,
    "timestamp": _time,
    "uuid": _uuid,
    "enum": _enum,
    "any": _any,
}
