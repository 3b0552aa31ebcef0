"""Numbers brought to what a column holds."""

from __future__ import annotations

import pytest

from core.databases.numbers import single


def test_a_number_of_64_bits_that_32_do_not_hold_is_refused() -> None:
    assert single(0.1) == 0.10000000149011612
    assert single(3.4e38) < float("inf")
    with pytest.raises(ValueError, match="too large"):
        single(1e300)
