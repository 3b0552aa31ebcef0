"""Problems of a model with their places, and the one way of writing."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from core.documents import DocumentError, Path, Problem, fingerprint, model_problems, parse, placed, read, write
from tests.core.documents.samples import bounded, values


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    title: Annotated[str, Field(max_length=5)]
    kind: Literal["Premiere", "Award"]
    score: Annotated[int, Field(le=100)] | Literal["none"] | None = None
    date: str = ""

    @field_validator("date")
    @classmethod
    def _is_date(cls, date: str) -> str:
        if date == "soon":
            raise PydanticCustomError("greenroom", "no date", {"found": "is no date", "allowed": "YYYY-MM-DD"})
        if date == "never":
            raise ValueError("lies before the cinema")
        return date


class _Data(BaseModel):
    events: Annotated[list[_Event], Field(max_length=3)]


_TEXT = """{
  "data": {
    "events": [
      {"title": "too long", "kind": "Gala"},
      {"title": "ok", "kind": "Award", "score": 101, "scroe": 1},
      {"kind": "Award", "title": 7, "date": "soon"},
      {"kind": "Award", "date": "never"}
    ]
  }
}"""


def _problems(text: str) -> list[str]:
    document = read(text).document
    with pytest.raises(ValidationError) as caught:
        _Data.model_validate(document.value["data"])  # type: ignore[index]
    return [str(each) for each in model_problems(caught.value, document, within=("data",), known_keys=_keys)]


def _keys(path: Path) -> list[str]:
    return list(_Event.model_fields) if path[:-1] == ("data", "events") else []


def test_all_problems_in_the_order_of_the_text() -> None:
    assert _problems(_TEXT.replace(',\n      {"kind": "Award", "date": "never"}', "")) == [
        'line 4, column 17, data.events[0].title: is "too long"; allowed: up to 5 characters',
        "line 4, column 37, data.events[0].kind: is \"Gala\"; allowed: 'Premiere' or 'Award'",
        "line 5, column 49, data.events[1].score: is 101; allowed: 100 or less, or 'none'",
        (
            'line 5, column 54, data.events[1].scroe: unknown key "scroe" (did you mean "score"?);'
            " allowed: title, kind, score, date"
        ),
        "line 6, column 34, data.events[2].title: is 7; allowed: text in double quotes",
        "line 6, column 45, data.events[2].date: is no date; allowed: YYYY-MM-DD",
    ]


def test_of_a_list_the_key_is_marked_and_of_a_missing_key_the_object() -> None:
    assert _problems(_TEXT) == ["line 3, column 5, data.events: is a list of 4; allowed: up to 3 entries"]
    assert _problems('{"data": {"events": [{"kind": "Award", "date": "never"}]}}') == [
        'line 1, column 22, data.events[0]: "title" is missing',
        "line 1, column 48, data.events[0].date: lies before the cinema",
    ]
    assert _problems('{"data": {}}') == ['line 1, column 2, data: "events" is missing']


def test_places_are_those_of_the_text_before_it_was_mended() -> None:
    assert _problems("Sure:\n```\n{'data': {'events': [ // none\n 7]}}\n```") == [
        "line 4, column 2, data.events[0]: is 7; allowed: an object in { }"
    ]


def test_any_problem_gets_the_nearest_place() -> None:
    document = parse('{"a": [1,\n 2]}')
    found = placed([Problem(("a", 1), "is even"), Problem(("a", 9, "x"), "is not there"), Problem((), "x")], document)
    assert [str(each) for each in found] == [
        "line 1, column 1: x",
        "line 1, column 2, a[9].x: is not there",
        "line 2, column 2, a[1]: is even",
    ]


@bounded
@given(values)
def test_written_and_read_again_it_is_the_same_text(value: object) -> None:
    text = write(value)
    assert repr(parse(text).value) == repr(value)
    assert write(json.loads(text)) == text
    assert text.endswith("\n")
    # An editor takes other signs for line ends, too: none of them may stand in the text.
    assert text.splitlines() == text.removesuffix("\n").split("\n")


def test_how_it_is_written() -> None:
    assert write({"b": "\u00e9\U0001f3ac\u2028\u202e\x9b", "a": [1, {}]}) == (
        '{\n  "b": "\u00e9\U0001f3ac\\u2028\\u202e\\u009b",\n  "a": [\n    1,\n    {}\n  ]\n}\n'
    )
    assert fingerprint([]) == "37517e5f3dc66819f61f5a7bb8ace1921282415f10551d2defa5c3eb0985b570"
    for bad in ([float("nan")], ["\ud800"]):
        with pytest.raises(DocumentError):
            write(bad)
