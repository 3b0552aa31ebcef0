"""Sizes read and written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sizes import UNITS, exact_size, format_size, parse_size

SIZES = st.integers(min_value=0, max_value=2**63 - 1)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20 GiB", 20 * 2**30),
        ("20GiB", 20 * 2**30),
        ("20 gib", 20 * 2**30),
        ("1.5 KiB", 1536),
        ("0.3 KiB", 307),
        ("2 kB", 2000),
        ("500 MB", 500_000_000),
        ("1 TB", 10**12),
        ("1 TiB", 2**40),
        ("0", 0),
        (" 4096 ", 4096),
        ("7 B", 7),
    ],
)
def test_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "GiB", "-1 GiB", "1,5 GiB", "1 G", "1 PiB", "1e3", "٣ KB", "1  GiB", "1 GiB\n", "0x10", "1" * 20, "nan"],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 20 GiB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (2**20 - 1, "1023.9 KiB"),
        (20 * 2**30, "20 GiB"),
        (5000 * 2**40, "5000 TiB"),
        (-1536, "-1.5 KiB"),
    ],
)
def test_written(size: int, text: str) -> None:
    assert format_size(size) == text


@given(SIZES)
@settings(derandomize=True, max_examples=200)
def test_what_is_written_reads_back(size: int) -> None:
    """Exactly in the one form; in the other never as more than it is, nor less by a tenth of its unit."""
    assert parse_size(exact_size(size)) == size
    unit = UNITS[format_size(size).split(" ")[1]]
    assert 0 <= size - parse_size(format_size(size)) <= unit / 10 + 1
