"""The published schema says yes to what is exported, and no to what an import refuses."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.library.transfer import library_schema
from tests.core.library.transfer.test_import_rules import FULL
from tests.core.library.transfer.transfer_support import Json, copied, exported, take_in

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_RULES: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda value, name: isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)),
    "enum": lambda value, allowed: value in allowed,
    "const": lambda value, allowed: value == allowed,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "minLength": lambda value, least: len(value) >= least,
    "maxLength": lambda value, most: len(value) <= most,
    "minimum": lambda value, least: value >= least,
    "maximum": lambda value, most: value <= most,
    "maxItems": lambda value, most: len(value) <= most,
    "required": lambda value, keys: set(keys) <= set(value),
    "additionalProperties": lambda _value, allowed: allowed is True,
}
_SAID = {"$schema", "$defs", "title", "description", "default"}


def fits(value: Any, schema: Json, root: Json) -> bool:
    """Whether a value is as a schema says, of the words of JSON Schema that ours uses; any other is a KeyError."""
    words = sorted(schema.keys() - _SAID, key=lambda word: word != "type")  # the others ask for nothing but that type
    return all(_holds(word, value, schema[word], root) for word in words)


def _holds(word: str, value: Any, told: Any, root: Json) -> bool:
    if word == "$ref":
        return fits(value, root["$defs"][told.removeprefix("#/$defs/")], root)
    if word == "anyOf":
        return any(fits(value, one, root) for one in told)
    if word == "items":
        return all(fits(one, told, root) for one in value)
    if word == "properties":
        return all(fits(value[key], one, root) for key, one in told.items() if key in value)
    return _RULES[word](value, told)


def test_exports_and_copies_are_as_the_schema_says(session: Session, tmp_path: Path) -> None:
    schema = library_schema()
    assert fits(exported(session), schema, schema)
    take_in(session, tmp_path, FULL)
    for data in (exported(session), copied(session)):
        assert fits(data, schema, schema)
        assert set(data) == set(schema["properties"])
        kinds = {"movies": "Movie", "people": "Person", "lists": "List", "rankings": "Ranking"}
        for kind, name in kinds.items():
            known = set(schema["$defs"][f"{name}Record"]["properties"])
            assert {key for record in data[kind] for key in record} <= known


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("movies", "imdb_id", "nonsense"),
        ("movies", "status", "nowhere"),
        ("movies", "media_type", "opera"),
        ("movies", "watch_history", {"date_watched": 1.0, "my_rating": 11}),
        ("movies", "recommendations", [{"vote_type": True}]),
        ("people", "name", ""),
        ("people", "is_trusted", "perhaps"),
        ("lists", "position", -1),
        ("lists", "id", "x" * 37),
        ("rankings", "imdb_id", None),
    ],
)
def test_what_an_import_refuses_is_not_as_the_schema_says(
    session: Session, tmp_path: Path, kind: str, key: str, value: object
) -> None:
    schema = library_schema()
    data = copy.deepcopy(FULL)
    data[kind][0][key] = value
    assert not fits(data, schema, schema)
    report = take_in(session, tmp_path, data)
    assert report.refused[kind] == 1
