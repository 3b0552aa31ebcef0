"""Reading strictly: the values of the json module, the places of the text, and errors that a person can act on."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import MOST_CHARACTERS, MOST_LEVELS, MOST_VALUES, DocumentError, Path, parse
from tests.core.documents.samples import any_text_of, bounded, values


def problems(source: str | bytes) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse(source)
    return [str(problem) for problem in caught.value.problems]


def at(value: object, path: Path) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


def paths_of(value: object, path: Path = ()) -> set[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths_of(each, (*path, step)) for step, each in inner))


@bounded
@given(values, st.sampled_from([None, 0, 2]), st.booleans())
def test_reads_what_was_written_and_every_place_points_at_its_text(
    value: object, indent: int | None, ascii_only: bool
) -> None:
    text = any_text_of(value, indent=indent, ascii_only=ascii_only)
    document = parse(text)
    assert repr(document.value) == repr(json.loads(text)) == repr(parse(text.encode()).value)
    assert set(document.spots) == paths_of(value)
    lines = text.split("\n")
    for path in document.spots:
        span = document.value_span(path)
        assert json.loads(text[span.start.offset : span.end.offset]) == at(value, path)
        assert lines[span.start.line - 1][span.start.column - 1] == text[span.start.offset]
        assert len(document.path_at(span.start.line, span.start.column)) >= len(path)
        key = document.key_span(path)
        assert (key is None) == (not path or isinstance(path[-1], int))
        if key:
            assert json.loads(text[key.start.offset : key.end.offset]) == path[-1]
            assert document.path_at(key.start.line, key.start.column + 1) == path


def test_what_stands_under_the_cursor() -> None:
    document = parse('{\r\n  "data": {"cast": [{"name": "x"}, 7]}\r\n}')
    assert document.path_at(1, 1) == ()
    assert document.path_at(2, 5) == ("data",)
    assert document.path_at(2, 32) == ("data", "cast", 0, "name")
    assert document.path_at(2, 36) == ("data", "cast", 1)
    assert document.path_at(99, 99) == ()


_SEEDS = [
    '{"a": [1, -2.5e3, 0, true, false, null], "b": {"c": "d\\n\\u00e9\\"", "": []}}',
    '[{}, [], "", 0.1, 1E+2, "\\\\", [[["x"]]], {"k": {"k": null}}]',
]


@pytest.mark.parametrize("number", range(4))
def test_agrees_with_the_json_module_on_what_is_valid(number: int) -> None:
    chance = random.Random(number)
    accepted = 0
    for _ in range(2500):
        signs = list(chance.choice(_SEEDS))
        for _ in range(chance.randint(1, 2)):
            place = chance.randrange(len(signs))
            sign = chance.choice("{}[],:\"\\0123.-+eEutrfn \t\nxN/'\u00e9")
            signs[place : place + chance.randint(0, 1)] = chance.choice([[sign], [], [sign, sign]])
        text = "".join(signs)
        try:
            expected = json.loads(text, object_pairs_hook=_unique, parse_constant=_none, parse_float=_finite)
        except ValueError:
            assert problems(text), text
        else:
            accepted += 1
            assert parse(text).value == expected, text
    assert accepted > 200


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _finite(digits: str) -> float:
    if math.isinf(float(digits)):
        raise ValueError(digits)
    return float(digits)


def _none(name: str) -> object:
    raise ValueError(name)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{\n  "a": 1,\n  "t": "x"\n      "year": 2}', 'line 4, column 7: a comma is missing before "year"'),
        ('{"a": 1,}', "line 1, column 8: a comma too many before }"),
        ("[1,]", "line 1, column 3: a comma too many before ]"),
        ("[1,,2]", "line 1, column 4: a value is missing before ,"),
        ('{"a" 1}', "line 1, column 6: a colon is missing before 1"),
        ('{"a"}', "line 1, column 5: a colon is missing before }"),
        ("{a: 1}", "line 1, column 2: a is no key"),
        ('{"a": [1}', "line 1, column 9: } does not close the [ of line 1, column 7"),
        ('{"a": [1', "line 1, column 9: the text ends before the [ of line 1, column 7 is closed"),
        ('{"a": "x', "line 1, column 7: the text in quotes does not end"),
        ('{"a": "x\n"}', 'line 1, column 7: the closing " is missing on this line'),
        ('{"a": "\tx"}', "line 1, column 8: a tab stands in a text in quotes"),
        ('{"a": "\\d"}', "line 1, column 8: \\d is no escape"),
        ('{"a": "b\\u12"}', 'line 1, column 9: \\u12"} is no escape'),
        ('{"a": NaN}', "line 1, column 7: NaN is no JSON; allowed: null"),
        ("[-Infinity]", "line 1, column 2: -Infinity is no JSON; allowed: null"),
        ("[True]", "line 1, column 2: True is no JSON; allowed: true"),
        ("[01]", "line 1, column 2: 01 is no number in JSON"),
        ("[1] // x", "line 1, column 5: // stands after the end"),
        ("[1, // x\n2]", "line 1, column 5: a comment stands here"),
        ("['x']", "line 1, column 2: ' is no quote in JSON"),
        ("[x]", "line 1, column 2: x is no value"),
        ("[1:2]", "line 1, column 3: : stands where it may not"),
        ("", "line 1, column 1: the text is empty"),
        ("[1e999]", "line 1, column 2: the number is too large"),
        (f"[{'1' * 1001}]", "line 1, column 2: the number is too large"),
        ('["a\\ud83dx"]', "line 1, column 4: half of a surrogate pair"),
        ('["a\\\\ud83d", "\udead"]', "line 1, column 15: half of a surrogate pair"),
        ('["\\n\udead"]', "line 1, column 5: half of a surrogate pair"),
        (b'{\n "\xc3\xa9": "\xff"}', "line 2, column 8: the byte 0xff is not UTF-8"),
        (b"\xef\xbb\xbf\xff", "line 1, column 1: the byte 0xff is not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "line 1, column 1: the text is UTF-16"),
    ],
)
def test_says_what_is_wrong_and_where(source: str | bytes, said: str) -> None:
    (problem,) = problems(source)
    assert problem.startswith(said)


def test_a_key_twice_is_told_with_both_places_and_all_of_them_at_once() -> None:
    assert problems('{"b": [{"a": 1,\n "a": 2}],\n "b": 3}') == [
        'line 2, column 2, b[0].a: the key "a" stands twice, first at line 1, column 9; allowed: each key once',
        'line 3, column 2, b: the key "b" stands twice, first at line 1, column 2; allowed: each key once',
    ]


def test_whole_numbers_are_exact_and_a_byte_order_mark_is_no_column() -> None:
    assert parse(f"[{2**53 + 1}, -{10**998}]").value == [2**53 + 1, -(10**998)]
    for source in ("\ufeff[1]", "\ufeff[1]".encode()):
        assert parse(source).value_span((0,)).start.column == 2


def test_the_levels_that_are_allowed_are_read() -> None:
    assert parse("[" * MOST_LEVELS + "]" * MOST_LEVELS).value_span((0,)).start.column == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("[" * 100_000, f"deeper than {MOST_LEVELS}"),
        ('{"a":' * 100_000, f"deeper than {MOST_LEVELS}"),
        ("[" + "1," * 300_000 + "1]", f"more than {MOST_VALUES:,} values"),
        ("x" * (50 << 20), "50.0 MiB long"),
        (b"\xff" * (MOST_CHARACTERS + 1), "8.0 MiB long"),
        ('"' + "\\n" * 4_000_000, "does not end"),
        ('"' * 1_000_000, "stands after the end"),
        ("-" * 1_000_000, "is no value"),
        ("[" + '"\\udead",' * 10_000 + "1]", "half of a surrogate pair"),
        ("\x1b]0;x\x07", "\\u001b"),
    ],
    ids=["lists", "objects", "values", "long", "long bytes", "escapes", "quotes", "signs", "problems", "terminal"],
)
def test_hostile_texts_are_refused(source: str | bytes, said: str) -> None:
    found = problems(source)
    assert said in found[0] or said == "\\u001b"
    assert len(found) <= 100
    assert all(len(problem) < 400 and problem.isprintable() for problem in found)
