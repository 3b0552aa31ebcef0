"""The tables of edits.db, in which greenroom keeps what is being edited at a site, and how data rests in them."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, text
from sqlalchemy.types import TypeDecorator

from core.catalog.types import UtcDateTime
from core.forms import Json

VERSION: Final = 1
METADATA: Final = MetaData()

OPEN: Final = text("status = 'intended'")  # said so, and not with a parameter, it finds its index
_LEVEL = 1  # what is small gains little from more, and an export of everything has tens of thousands


class Packed(TypeDecorator[Json]):
    """A JSON object, compressed. Its keys stay in their order."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Json | None, _dialect: Any) -> bytes | None:
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, _dialect: Any) -> Json | None:
        return None if value is None else unpack(value)


class Small(TypeDecorator[Any]):
    """A small JSON value, as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, _dialect: Any) -> Any:
        return None if value is None else json.loads(value)


def pack(value: Json) -> bytes:
    """Return a JSON object as compressed bytes."""
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), _LEVEL)


def unpack(stored: bytes) -> Json:
    """Return the JSON object that was packed; raise ValueError where the bytes are none."""
    try:
        value = json.loads(zlib.decompress(stored))
    except zlib.error as error:
        raise ValueError(f"what was packed cannot be unpacked: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("what was packed is no object")  # noqa: TRY004 - one kind of error for a damaged file
    return value


def _subject() -> tuple[Column[str], Column[str]]:
    return Column("form", String, nullable=False), Column("key", String, nullable=False)


DRAFTS: Final = Table(
    "drafts",
    METADATA,
    Column("id", Integer, primary_key=True),
    *_subject(),
    Column("data", Packed, nullable=False),
    Column("merge_lists", Boolean, nullable=False),
    Column("source", String, nullable=False),
    Column("base_revision", String),
    Column("base", Packed),
    Column("answers", Small, nullable=False),
    Column("updated_by", String, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("drafts_subject", "form", "key", unique=True),
    sqlite_autoincrement=True,  # a number tells whether the draft is still the one that was read
)

ENTRIES: Final = Table(
    "entries",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("publication", String, nullable=False),
    Column("status", String, nullable=False),  # intended, done, uncertain
    *_subject(),
    Column("source", String, nullable=False),
    Column("sources", Small, nullable=False),  # what each changed key is from; null: whatever the site itself tells
    Column("sources_before", Small, nullable=False),  # what they were from before it
    Column("fields", Small, nullable=False),
    Column("notes", Small, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reverts", Integer),
    Column("reverted_by", Integer),
    Column("draft", Integer),
    Column("before_revision", String, nullable=False),
    Column("after_revision", String, nullable=False),
    Column("before", Packed, nullable=False),
    Column("after", Packed, nullable=False),
    Index("entries_subject", "form", "key", "id"),
    Index("entries_publication", "publication"),
    Index("entries_open", "id", sqlite_where=OPEN),
    sqlite_autoincrement=True,
)

ORIGINS: Final = Table(
    "origins",
    METADATA,
    *(Column(name, String, primary_key=True) for name in ("form", "key")),
    Column("fields", Small, nullable=False),  # key of the data -> [source, hash of the value]
    Column("updated_by", String, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

EXPORTS: Final = Table(
    "exports",
    METADATA,
    *(Column(name, String, primary_key=True) for name in ("form", "key", "revision")),
    Column("data", Packed, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("exports_at", "at"),
)

UNSAVED: Final = Table(
    "unsaved",
    METADATA,
    *(Column(name, String, primary_key=True) for name in ("form", "key")),
    Column("text", LargeBinary, nullable=False),
    Column("base_revision", String),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
