"""JSON Schema of columns, and the same in words."""

from __future__ import annotations

from collections.abc import Collection

from core.databases.schema import Column, ColumnType, ForeignKey, Kind
from core.forms.form import Json
from core.forms.schemas import allowed_words
from core.records.raw import MOST_BYTES

KEPT: Json = {
    "type": "object",
    "properties": {
        "bytes": {"type": "integer", "description": "How many bytes it has."},
        "sha256": {"type": "string", "description": "Their SHA-256."},
    },
    "required": ["bytes", "sha256"],
    "additionalProperties": False,
    "description": "Stands for a value that cannot be shown; it stays as it is.",
}
_BASE64: Json = {
    "type": "object",
    "properties": {"base64": {"type": "string", "contentEncoding": "base64", "description": "The bytes as base64."}},
    "required": ["base64"],
    "additionalProperties": False,
}
_KEPT_KINDS = {"bytes", "text", "json", "array", "decimal"}


def schema_of(
    column: Column, type_: ColumnType, *, read_only: str, refers: ForeignKey | None, tags: Collection[str]
) -> Json:
    """Return the JSON Schema of a column."""
    options = [_plain(type_)]
    if tags and type_.kind != "json":
        options.append({"$ref": "#/$defs/other"})
    if type_.kind in _KEPT_KINDS or "base64" in tags:
        options.append({"$ref": "#/$defs/kept"})
    if column.nullable:
        options.append({"type": "null"})
    words = [column.type.native or type_.kind]
    if refers is not None:
        words.append(f"names a row of {refers.table} by {', '.join(refers.referred)}")
    if column.default is not None or column.identity:
        words.append("the database has a value for a new row")
    if read_only:
        words.append(f"cannot be changed: {read_only}")
    schema = options[0] if len(options) == 1 else {"anyOf": options} if {} not in options else {}
    return {**schema, "description": "; ".join(words) + ".", **({"readOnly": True} if read_only else {})}


def definitions(tags: Collection[str]) -> Json:
    """Return what the schemas of columns refer to."""
    return {"kept": KEPT, **({"other": {"anyOf": [_tag(tag) for tag in sorted(tags)]}} if tags else {})}


def _tag(tag: str) -> Json:
    inner: Json = {"$integer": {"type": "integer"}, "$real": {}, "$text": {"type": "string"}}.get(
        tag, {"type": "string", "contentEncoding": "base64"}
    )
    return {
        "type": "object",
        "properties": {tag: inner},
        "required": [tag],
        "additionalProperties": False,
        "description": "A value that is not of the column's type.",
    }


def _plain(type_: ColumnType) -> Json:
    match type_.kind:
        case "integer":
            bits = type_.bits or 64
            low, high = (0, (1 << bits) - 1) if type_.unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
            return {"type": "integer", "minimum": low, "maximum": high}
        case "enum" if type_.values:
            return {"enum": list(type_.values)}
        case kind if kind in _PLAIN:
            return _PLAIN[kind]
        case _:
            return {"type": "string", **({"maxLength": type_.length} if type_.length else {})}


_TEXT_OR_NUMBER: Json = {"anyOf": [{"type": "string"}, {"type": "number"}]}
_PLAIN: dict[Kind, Json] = {
    "boolean": {"type": "boolean"},
    "decimal": _TEXT_OR_NUMBER,
    "float": {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
    "bytes": _BASE64,
    "date": {"type": "string", "format": "date"},
    "array": {"anyOf": [{"type": "array"}, {"type": "string"}]},
    "json": {},
    "any": _TEXT_OR_NUMBER,
}


def words_of(type_: ColumnType, *, nullable: bool) -> str:
    """Return in words what a column allows."""
    words = _WORDS.get(type_.kind) or allowed_words(_plain(type_))
    match type_.kind:
        case "decimal" if type_.precision is not None:
            words = f"{words}, of at most {type_.precision} digits, {type_.scale or 0} of them behind the point"
        case "bytes":
            most = min(type_.length or MOST_BYTES, MOST_BYTES)
            words = f"{words}, at most {most:,} bytes"
        case "time" | "timestamp":
            words = _moment_words(type_)
        case _:
            pass
    return f"{words}, or null" if nullable else words


def _moment_words(type_: ColumnType) -> str:
    zone = "+00:00" if type_.zoned else ""
    has = "with its zone" if type_.zoned else "without a zone"
    if type_.kind == "time":
        return f"a time of day {has}, as 05:15:25{zone[:3]}"
    return f"a time {has}, as 2025-11-02T05:15:25{zone}"


_WORDS: dict[Kind, str] = {
    "decimal": 'digits as text, "12.50"',
    "float": "a number",
    "bytes": 'bytes as {"base64": "..."}',
    "uuid": "a UUID",
    "interval": "a length of time, as P1DT2H",
    "json": "any JSON",
    "array": "a list",
    "any": "text or a number",
}
