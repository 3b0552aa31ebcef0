"""The kinds of values in categories, with the limits of the columns.

A text that has none there gets what the TEXT of every engine holds: in MariaDB 65,535 bytes.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.forms.strict import STORABLE, Item

LONGEST_TEXT = 16_000
MOST_ITEMS = 2_000
LARGEST_INT = 2**31 - 1
LARGEST_BIG_INT = 2**63 - 1

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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


_WEB = AfterValidator(_web_address)
_URI: dict[str, Any] = {"format": "uri", "pattern": "^https?://"}

Text10 = Annotated[str, Field(max_length=10), STORABLE]
Text20 = Annotated[str, Field(max_length=20), STORABLE]
Text50 = Annotated[str, Field(max_length=50), STORABLE]
Text80 = Annotated[str, Field(max_length=80), STORABLE]
Text200 = Annotated[str, Field(max_length=200), STORABLE]
Text255 = Annotated[str, Field(max_length=255), STORABLE]
Text500 = Annotated[str, Field(max_length=500), STORABLE]
LongText = Annotated[str, Field(max_length=LONGEST_TEXT), STORABLE]

Name50 = Annotated[str, Field(min_length=1, max_length=50), STORABLE]
Name100 = Annotated[str, Field(min_length=1, max_length=100), STORABLE]
Name120 = Annotated[str, Field(min_length=1, max_length=120), STORABLE]
Name200 = Annotated[str, Field(min_length=1, max_length=200), STORABLE]
LongName = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), STORABLE]

Url255 = Annotated[str, Field(min_length=1, max_length=255, json_schema_extra=_URI), STORABLE, _WEB]
Url500 = Annotated[str, Field(min_length=1, max_length=500, json_schema_extra=_URI), STORABLE, _WEB]
IsoDate = Annotated[dt.date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})]
Year = Annotated[str, Field(pattern="^[0-9]{4}$")]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Rating = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Money = Annotated[int, Field(ge=0, le=LARGEST_BIG_INT)]


class Data(Item):
    """The data of a category. `model_fields_set` are the keys that were present."""
