"""The sum of rows: of any order, of pieces as of the whole, and another one for other rows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.databases.sums import LONG_BYTES, TableSum, sum_pieces, sum_rows

_ROWS = st.lists(st.binary(max_size=20), max_size=30)


@settings(derandomize=True, max_examples=100)
@given(_ROWS, st.randoms(use_true_random=False))
def test_the_order_does_not_count(rows: list[bytes], random: object) -> None:
    other = list(rows)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert sum_rows(rows) == sum_rows(map(memoryview, other))
    assert sum_rows(rows).rows == len(rows)
    halves = sum_rows(rows[::2]), sum_rows(rows[1::2])
    assert halves[0] + halves[1] == sum_rows(rows)


@settings(derandomize=True, max_examples=100)
@given(_ROWS, _ROWS)
def test_other_rows_have_another_sum(one: list[bytes], other: list[bytes]) -> None:
    assert (sum_rows(one) == sum_rows(other)) == (sorted(one) == sorted(other))


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.integers(0, LONG_BYTES), max_size=4), st.sampled_from([0, 1, LONG_BYTES - 1, LONG_BYTES]))
def test_pieces_have_the_sum_of_the_whole(lengths: list[int], first: int) -> None:
    pieces = [bytes([number]) * length for number, length in enumerate([first, *lengths])]
    assert sum_pieces(pieces) == sum_rows([b"".join(pieces)])


def test_nothing_has_the_sum_of_nothing() -> None:
    assert sum_rows([]) == TableSum()
    assert sum_rows([b""]) != TableSum()
