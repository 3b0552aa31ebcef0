"""The base of what is read from outside: strict about types, and no key that it does not know."""

from __future__ import annotations

from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


def _storable(text: str) -> str:
    """Refuse the one character that PostgreSQL stores in no text."""
    if "\0" in text:
        raise PydanticCustomError("nul", "a NUL character")
    return text


def _without_defaults(schema: dict[str, Any]) -> None:
    """A key that is absent keeps what is stored, so no default may be promised; titles only repeat the keys."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)
        field.pop("title", None)


STORABLE = AfterValidator(_storable)


class Item(BaseModel):
    """An object that comes from outside. `model_fields_set` are the keys that were present."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, json_schema_extra=_without_defaults)
