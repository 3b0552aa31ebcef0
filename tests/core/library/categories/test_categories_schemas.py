"""What a JSON Schema allows, in words, and where in it a path leads."""

from __future__ import annotations

from typing import Any

import pytest

from core.documents import said_path, said_value
from core.forms.schemas import allowed_words, keys_at, schema_at
from core.library.categories import category_named


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, ""),
        ({"const": "1.0"}, '"1.0"'),
        ({"enum": ["a", "b"]}, 'one of "a", "b"'),
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 1000}, "text of at most 1,000 characters"),
        ({"type": "string", "minLength": 1, "maxLength": 9}, "text of 1 to 9 characters"),
        ({"type": "string", "format": "uri"}, "an address that begins with http:// or https://"),
        ({"type": "integer"}, "a whole number"),
        ({"type": "number", "minimum": 0, "maximum": 10}, "a number from 0 to 10"),
        ({"type": "array"}, "a list"),
        ({"type": "boolean"}, "true or false"),
        ({"anyOf": [{"$ref": "#/$defs/X"}, {"type": "null"}]}, "an object, or null"),
    ],
)
def test_what_is_allowed_in_words(schema: dict[str, Any], words: str) -> None:
    assert allowed_words(schema) == words


def test_a_path_leads_to_the_description_of_a_field() -> None:
    schema = category_named("timeline").schema()
    assert "YYYY-MM-DD" in schema_at(schema, ("events", 3, "date"))["description"]
    assert keys_at(schema, ("events", 0)) == ("date", "title", "description", "category", "mediaUrl")
    assert schema_at(schema, ("events", 0, "nowhere", 7)) == {}
    assert keys_at(schema, ("nowhere",)) == ()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (10**30, "a number of more than 20 digits"),
        ([1], "a list of 1 item"),
        ({}, "an object"),
        ("x\x1b\n", '"x\\u001b\\n"'),
        ("\ud800", '"?"'),
        ("y" * 61, f'"{"y" * 60}..." (61 characters)'),
    ],
)
def test_a_value_is_shown_short_and_harmless(value: object, words: str) -> None:
    assert said_value(value) == words


def test_a_path_is_shown_as_people_write_it() -> None:
    assert said_path(("data", "events", 2, "date")) == "data.events[2].date"
    assert said_path(("data", "a b", "\x1b")) == 'data["a b"]["\\u001b"]'
    assert said_path(()) == ""
