"""Problems with their places, and the one way of writing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from core.documents import DocumentError, Problem, fingerprint, parse, placed, read, write
from tests.core.documents.samples import bounded, values


def test_any_problem_gets_the_nearest_place() -> None:
    document = parse('{"a": [1,\n 2]}')
    found = placed([Problem(("a", 1), "is even"), Problem(("a", 9, "x"), "is not there"), Problem((), "x")], document)
    assert [str(each) for each in found] == [
        "line 1, column 1: x",
        "line 1, column 2, a[9].x: is not there",
        "line 2, column 2, a[1]: is even",
    ]


def test_places_are_those_of_the_text_before_it_was_mended() -> None:
    document = read("Sure:\n```\n{'data': {'events': [ // none\n 7]}}\n```").document
    (found,) = placed([Problem(("data", "events", 0), "7", "an object")], document)
    assert str(found) == "line 4, column 2, data.events[0]: 7; allowed: an object"


def test_of_a_list_the_key_is_marked() -> None:
    (found,) = placed([Problem(("data", "events"), "none")], parse('{\n "data": {\n  "events": []}}'))
    assert str(found) == "line 3, column 3, data.events: none"


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
