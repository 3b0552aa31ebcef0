"""What is certain is mended and said, all else refused with its place."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import DocumentError, Mend, read, said_mends
from core.documents.mend import mend
from tests.core.documents.samples import any_text_of, bounded, objects, values


@bounded
@given(values, st.sampled_from([None, 2]))
def test_sound_json_is_left_as_it_is(value: object, indent: int | None) -> None:
    text = any_text_of(value, indent=indent, ascii_only=False)
    reading = read(text)
    assert (reading.text, reading.mends, reading.document.value) == (text, (), value)


@bounded
@given(objects, st.sampled_from([None, 2]))
def test_the_mender_finds_nothing_in_a_sound_object(value: object, indent: int | None) -> None:
    text = any_text_of(value, indent=indent, ascii_only=False)
    assert (mend(text).text, mend(text).mends) == (text, ())


@bounded
@given(objects)
def test_a_python_dict_is_read_with_its_texts_untouched(value: object) -> None:
    text = repr(value)
    try:
        assert read(text).document.value == value
    except DocumentError:
        # Python escapes what JSON does not know: \x07, \U0001f3ac.
        assert "\\x" in text or "\\U" in text or "\\'" in text or any(not sign.isprintable() for sign in text)


@bounded
@given(objects, st.sampled_from(["Here it is:\n```json\n", "```\n", "Sure {name}, don't worry:\n", "\n"]))
def test_fences_comments_and_commas_change_no_text(value: dict[str, object], before: str) -> None:
    members = "".join(f"  {json.dumps(key)}: {json.dumps(each)}, // it's {{so}}\n" for key, each in value.items())
    reading = read(f"{before}{{ /* , */\n{members}}}\n```\nHope it helps!")
    assert reading.document.value == value
    for path in reading.document.spots:
        span = reading.document.value_span(path)
        if path:
            found = reading.document.text[span.start.offset : span.end.offset]
            assert json.loads(found) == json.loads(json.dumps(_at(value, path)))


def _at(value: object, path: tuple[str | int, ...]) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ('```json\n{"a": 1}\n```', {"a": 1}, ["after the object: line 3", "before the object: line 1"]),
        ('{"a": 1}\n\nDone.', {"a": 1}, ["left out what stands after the object: line 3"]),
        ('{"a": 1, // one\n"b": 2 /* two */}', {"a": 1, "b": 2}, ["left out a comment: lines 1, 2"]),
        ('{"u": "https://x/*y*/"} #', {"u": "https://x/*y*/"}, ["after the object: line 1"]),
        ('{"a": [1, 2,\n],\n}', {"a": [1, 2]}, ["a comma before a closing bracket: lines 1, 2"]),
        ("{\u201ca\u201d: \u201eb\u201d}", {"a": "b"}, ["wrote double quotes around a text: line 1"]),
        ("{'a': 'say \"it\\'s\"'}", {"a": 'say "it\'s"'}, ["wrote double quotes around a text: line 1"]),
        ('{"a": [True, False, None]}', {"a": [True, False, None]}, ["Python's word: line 1"]),
        ('{"a": "True, None,]"}.', {"a": "True, None,]"}, ["after the object: line 1"]),
        ('{"a":\u00a01}', {"a": 1}, ["a plain space for another kind of space: line 1"]),
        ('[{"a": 1},]', [{"a": 1}], ["a comma before a closing bracket: line 1"]),
    ],
)
def test_mended_and_said(text: str, value: object, said: list[str]) -> None:
    reading = read(text)
    assert reading.document.value == value
    words = said_mends(reading.mends)
    assert len(words) == len(said)
    for found, expected in zip(words, said, strict=True):
        assert found.endswith(expected)


def test_a_mend_says_its_line() -> None:
    reading = read("{\n'a': 1,\n'b': 2}")
    assert [str(each) for each in reading.mends] == [f"line {n}: wrote double quotes around a text" for n in (2, 3)]
    assert isinstance(reading.mends[0], Mend)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}\n{"b": 2}', "line 2, column 1: the text holds more than one object: one begins at line 1, column 1"),
        ('I changed {"a": 1} to:\n```\n{"a": 2}\n```', "line 3, column 1: the text holds more than one object"),
        ("Sorry, I cannot.", "line 1, column 1: the text holds no JSON object"),
        ('Here:\n```json\n{"a": [1, 2', "line 3, column 12: the text ends before the [ of line 3, column 7"),
        ('```json\n{"a": "cut of', "line 2, column 7: the text in quotes does not end"),
        ('{"a": 1}}', "line 1, column 9: } stands after the end"),
        ('"data": {"a": 1}', "line 1, column 7: : stands after the end"),
        ('{"a": 1}, "b": 2}', "line 1, column 9: , stands after the end"),
        ('Here: [{"a": 1}]', "line 1, column 1: Here is no value"),
        ("{'a': 'it's'}", "line 1, column 7: ' is no quote in JSON"),
        ("{\u201ca\u201d: \u201csay \u201cb\u201d, c\u201d}", "line 1, column 7: \u201c is no quote"),
        ('{\u201ca\u201d: \u201csay "b" c\u201d}', "line 1, column 7: \u201c is no quote"),
        ("{'a': 1, // no\n'a': 2}", 'line 2, column 1, a: the key "a" stands twice, first at line 1, column 2'),
        ('{"a": [,]}', "line 1, column 8: a value is missing before ,"),
        ('{"a": 1,, }', "line 1, column 9: a key is missing before ,"),
        ('Look:\n{"a": 1, // x\n "b" 2,}', "line 3, column 6: a colon is missing before 2"),
        ("{'a': '\\x41'}", "line 1, column 8: \\x is no escape"),
        ('{"a": 1 /* no end', "line 1, column 9: a comment stands here"),
        ('{"a": ["x", #ff0000,\n"y"]}', "line 1, column 13: #"),
        ("{True: 1,}", "line 1, column 2: True is no key"),
    ],
)
def test_refused_with_the_place_in_the_text_as_it_came(text: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "text",
    [
        "{" * 500_000,
        "{'" * 200_000,
        '{"' * 200_000,
        "{}" * 200_000,
        "/*" * 200_000,
        "{/*" + "*" * 500_000,
        "['" + '"' * 500_000 + "']",
        "{" + "\u00a0 " * 200_000,
    ],
    ids=["braces", "quotes", "texts", "objects", "comments", "stars", "escapes", "spaces"],
)
def test_hostile_texts_end_soon(text: str) -> None:
    with pytest.raises(DocumentError):
        read(text)


_SLOPPY = (
    "Sure {it}:\n```json\n{'a': \"x\", // c\n \u201cb\u201d: "
    '[True, \'it\\\'s "q"\', {"c": None,},],\n /* d */}\n```\nBye'
)


@pytest.mark.parametrize("number", range(3))
def test_whatever_comes_is_read_or_refused_with_a_place_in_it(number: int) -> None:
    chance = random.Random(number)
    read_well = 0
    for _ in range(1000):
        signs = list(_SLOPPY)
        for _ in range(chance.randint(1, 3)):
            signs[chance.randrange(len(signs))] = chance.choice(["", *"{}[],:'\"\\/*# \n1x\u201c\u201d\u00a0"])
        text = "".join(signs)
        try:
            reading = read(text)
        except DocumentError as error:
            spans = [problem.span for problem in error.problems]
        else:
            read_well += 1
            spans = [reading.document.value_span(path) for path in reading.document.spots]
            # What it says stood in the text before: nothing was made up. The one with quotes has escapes.
            for said in _texts(reading.document.value):
                assert not {'"', "'", "\t"}.isdisjoint(said) or said in text
        for span in spans:
            assert span is not None
            assert 0 <= span.start.offset <= span.end.offset <= len(text)
    assert read_well > 50


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    for each in inner:
        yield from _texts(each)
