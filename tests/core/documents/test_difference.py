"""Differences by item, the way back, and what two sides did to one base."""

from __future__ import annotations

import copy
from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import (
    KeyOf,
    Path,
    apply,
    by_value,
    conflicts,
    difference,
    merge,
    said_changes,
    said_meeting,
    same,
    three_way,
)
from tests.core.documents.samples import bounded, values


def by_id(path: Path, item: object) -> Hashable | None:
    del path
    return item.get("id") if isinstance(item, dict) and isinstance(item.get("id"), int) else None


_keyed = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(1, 6), "name": st.sampled_from("abc")}, optional={"roles": st.lists(st.sampled_from("xyz"))}
    ),
    max_size=7,
)
_shaped = st.fixed_dictionaries(
    {},
    optional={
        "cast": _keyed,
        "genres": st.lists(st.sampled_from("abcd"), max_size=5),
        "t": st.sampled_from([0, 1, True]),
    },
)
_any = _shaped | values
_ways = st.sampled_from([by_value, by_id])


@bounded
@given(_any, _any, _ways)
def test_applied_a_difference_gives_the_other_value(one: object, other: object, key_of: KeyOf) -> None:
    kept = copy.deepcopy(one)
    changes = difference(one, other, key_of)
    assert same(apply(one, changes, key_of), other)
    assert same(one, kept)
    assert bool(changes) != same(one, other)
    assert len(said_changes(changes)) == len(changes)
    for change in changes:
        if change.kind in {"added", "changed"}:
            assert same(_at(other, change.path), change.after)
        if change.kind == "removed":
            assert same(_at(one, change.path), change.before)


def _at(value: object, path: Path) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


@bounded
@given(_shaped, _shaped, _shaped, _ways)
def test_laws_of_three(base: object, mine: object, theirs: object, key_of: KeyOf) -> None:
    meetings = three_way(base, mine, theirs, key_of)
    mirrored = three_way(base, theirs, mine, key_of)
    mirror = {"mine": "theirs", "theirs": "mine"}
    assert {(each.steps, mirror.get(each.verdict, each.verdict)) for each in meetings} == {
        (each.steps, each.verdict) for each in mirrored
    }
    assert sum(len(each.mine) for each in meetings) == len(difference(base, mine, key_of))
    assert sum(len(each.theirs) for each in meetings) == len(difference(base, theirs, key_of))
    assert all(said_meeting(each) for each in meetings)
    merge(base, meetings, prefer="mine", key_of=key_of)


@bounded
@given(_any, _any, _ways)
def test_what_only_one_did_or_both_did_is_no_conflict(base: object, other: object, key_of: KeyOf) -> None:
    for mine, theirs in ((other, base), (base, other), (other, other)):
        meetings = three_way(base, mine, theirs, key_of)
        assert conflicts(meetings) == ()
        for prefer in ("mine", "theirs"):
            assert same(merge(base, meetings, prefer=prefer, key_of=key_of), other)  # type: ignore[arg-type]


_BASE = {
    "title": "Fight",
    "cast": [{"id": 1, "name": "A", "as": "x"}, {"id": 2, "name": "B"}, {"id": 3, "name": "C"}],
    "genres": ["drama", "crime"],
}
_MINE = {
    "title": "Fight Club",
    "cast": [{"id": 3, "name": "C"}, {"id": 1, "name": "A", "as": "y"}, {"id": 4, "name": "D"}],
    "genres": ["drama", "thriller"],
    "tagline": None,
}


def test_in_words() -> None:
    assert said_changes(difference(_BASE, _MINE, by_id)) == [
        'changed title: "Fight" -> "Fight Club"',
        'removed cast "B"',
        'moved cast "C": from place 3 to 1',
        'changed cast "A" as: "x" -> "y"',
        'added cast "D"',
        'removed genres "crime"',
        'added genres "thriller"',
        "added tagline: null",
    ]
    assert said_changes(difference([1], {"a": 1})) == ["changed all of it: a list of 1 item -> an object"]


def test_an_item_whose_id_is_another_is_another_item() -> None:
    def by_name(_path: Path, item: object) -> Hashable | None:
        return str(item["name"]) if isinstance(item, dict) else None

    base = [{"id": "a", "name": "Jane", "image": None}]
    mine = [{"id": "a", "name": "Jane", "image": "of a"}]
    theirs = [{"id": "b", "name": "Jane", "image": None}]
    assert said_changes(difference(base, theirs, by_name)) == ['changed "Jane" to another one: id "a" -> "b"']

    [meeting] = three_way(base, mine, theirs, by_name)
    assert meeting.verdict == "conflict"
    assert merge(base, [meeting], prefer="mine", key_of=by_name) == mine
    assert merge(base, [meeting], prefer="theirs", key_of=by_name) == theirs


def test_long_texts_are_shown_where_they_differ_and_obey_no_terminal() -> None:
    (line,) = said_changes(difference({"t": "x" * 500 + "old"}, {"t": "x" * 500 + "new\x1b[2J"}))
    assert line == f'changed t: "...{"x" * 20}old" -> "...{"x" * 20}new\\u001b[2J"'
    (line,) = said_changes(difference({}, {"\x1b[2J": 1}))
    assert line == 'added ["\\u001b[2J"]: 1'


def test_two_sides() -> None:
    theirs = {
        "title": "Fight!",
        "cast": [{"id": 1, "name": "A", "as": "x"}, {"id": 2, "name": "Bee"}, {"id": 3, "name": "C", "as": "z"}],
        "genres": ["drama", "thriller", "crime"],
    }
    meetings = three_way(_BASE, _MINE, theirs, by_id)
    assert [line for each in meetings for line in said_meeting(each)] == [
        "in conflict: title",
        '  yours: changed title: "Fight" -> "Fight Club"',
        '  live: changed title: "Fight" -> "Fight!"',
        'in conflict: cast "B"',
        '  yours: removed cast "B"',
        '  live: changed cast "Bee" name: "B" -> "Bee"',
        'only yours: moved cast "C": from place 3 to 1',
        'only yours: changed cast "A" as: "x" -> "y"',
        'only yours: added cast "D"',
        'only yours: removed genres "crime"',
        'the same on both sides: added genres "thriller"',
        "only yours: added tagline: null",
        'only live: added cast "C" as: "z"',
    ]
    assert merge(_BASE, meetings, prefer="mine", key_of=by_id) == {
        "title": "Fight Club",
        "cast": [{"id": 3, "name": "C", "as": "z"}, {"id": 1, "name": "A", "as": "y"}, {"id": 4, "name": "D"}],
        "genres": ["drama", "thriller"],
        "tagline": None,
    }
    assert merge(_BASE, meetings, prefer="theirs", key_of=by_id)["title"] == "Fight!"  # type: ignore[index]


@pytest.mark.parametrize(
    ("one", "other", "alike"), [(1, 1.0, True), (1, True, False), ("1", 1, False), ([1], [True], False)]
)
def test_what_is_the_same(one: object, other: object, alike: bool) -> None:
    assert same(one, other) is alike
    assert bool(difference({"a": one}, {"a": other})) is not alike
