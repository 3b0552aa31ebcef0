"""The kinds of values in categories, with the limits of the columns.

A text that has none there gets what the TEXT of every engine holds: in MariaDB 65,535 bytes.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

LONGEST_TEXT = 16_000
MOST_ITEMS = 2_000
LARGEST_INT = 2**31 - 1
LARGEST_BIG_INT = 2**63 - 1

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _storable(text: str) -> str:
    """Refuse the one character that PostgreSQL stores in no text."""
    if "\0" in text:
        raise PydanticCustomError("nul", "a NUL character")
    return text


def _web_address(text: str) -> str:
    """Refuse what is no address of the web that a browser would open as it stands."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() or not c.isprintable() for c in text):
        raise PydanticCustomError("url", "no web address")
    return text


def _iso_date(value: object) -> dt.date:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("date", "no date")


_STORABLE = AfterValidator(_storable)
_WEB = AfterValidator(_web_address)
_URI: dict[str, Any] = {"format": "uri", "pattern": "^https?://"}

Text10 = Annotated[str, Field(max_length=10), _STORABLE]
Text20 = Annotated[str, Field(max_length=20), _STORABLE]
Text50 = Annotated[str, Field(max_length=50), _STORABLE]
Text80 = Annotated[str, Field(max_length=80), _STORABLE]
Text200 = Annotated[str, Field(max_length=200), _STORABLE]
Text255 = Annotated[str, Field(max_length=255), _STORABLE]
Text500 = Annotated[str, Field(max_length=500), _STORABLE]
LongText = Annotated[str, Field(max_length=LONGEST_TEXT), _STORABLE]

Name50 = Annotated[str, Field(min_length=1, max_length=50), _STORABLE]
Name100 = Annotated[str, Field(min_length=1, max_length=100), _STORABLE]
Name120 = Annotated[str, Field(min_length=1, max_length=120), _STORABLE]
Name200 = Annotated[str, Field(min_length=1, max_length=200), _STORABLE]
LongName = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), _STORABLE]

Url255 = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=_URI), _STORABLE, _WEB]
Url500 = Annotated[str, Field(min_length=1, max_length=500, json_schema_extra=_URI), _STORABLE, _WEB]
IsoDate = Annotated[dt.date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
Year = Annotated[str, Field(pattern="^[0-9]{4}$")]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Rating = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Money = Annotated[int, Field(ge=0, le=LARGEST_BIG_INT)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """A key that is absent keeps what is stored, so no default may be promised; titles only repeat the keys."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)
        field.pop("title", None)


class Item(BaseModel):
    """An object in a list of a category: strict about types, and no key that it does not know."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, json_schema_extra=_without_defaults)


class Data(Item):
    """The data of a category. `model_fields_set` are the keys that were present."""
