"""Words and figures on the screens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.progress import Progress
from tui.format import aligned, bar, count, plain_lines, progress_words, short_age, shorten, signed


def test_nothing_from_outside_steers_the_terminal() -> None:
    assert plain_lines("a\x1b[31mb\nc\u202e\udcff") == "a?[31mb\nc??"
    assert plain_lines("one\ntwo\x07") == "one\ntwo?"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=12), "12 days"),
        (timedelta(days=-1), "future"),
    ],
)
def test_ages_fit_a_narrow_column(age: timedelta, words: str) -> None:
    assert short_age(age) == words


def test_numbers() -> None:
    assert (count(None), count(0), count(1234567)) == ("-", "0", "1,234,567")
    assert (signed(-5), signed(0), signed(1200)) == ("-5", "0", "+1,200")
    assert (shorten("abcdef", 6), shorten("abcdefg", 6)) == ("abcdef", "abc...")


@pytest.mark.parametrize(("done", "shown"), [(0, "[....]"), (5, "[##..]"), (10, "[####]"), (99, "[####]")])
def test_a_bar_of_plain_letters(done: int, shown: str) -> None:
    assert bar(done, 10, 4) == shown


def test_progress_in_words() -> None:
    half = Progress("copying", 50 << 20, 100 << 20, "bytes")
    assert progress_words(half, 10.0, bar_width=4) == "[##..]  50 %  50 MiB  5 MiB/s  0:10 left"
    assert progress_words(half, 0.5, bar_width=4) == "[##..]  50 %  50 MiB"
    assert progress_words(Progress("checking", 0, None, "steps"), 65.0) == "for 1:05"
    assert progress_words(Progress("counting", 0, 0, "rows"), 0.0) == ""


def test_cells_are_aligned_by_the_columns_they_take() -> None:
    assert aligned([("a", "1"), ("\u6620\u753b", "100")], right=[1], indent=0) == ["a       1", "\u6620\u753b  100"]
    assert aligned([]) == []
