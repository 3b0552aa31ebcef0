"""Sizes as people write and read them: "20 GiB", "1.5 MB"."""

from __future__ import annotations

import re
from decimal import Decimal

UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_BINARY = ("TiB", "GiB", "MiB", "KiB")
_BY_LOWER_CASE = {name.lower(): factor for name, factor in UNITS.items()}
_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?) ?([A-Za-z]{0,3})")


def parse_size(text: str) -> int:
    """Given a size: "20 GiB", "1.5MB", "4096", return its bytes, rounded down; raise ValueError where it is none."""
    match = _SIZE.fullmatch(text.strip(" "))
    factor = _BY_LOWER_CASE.get((match[2] or "B").lower()) if match else None
    if match is None or factor is None:
        raise ValueError(f"not a size: write a number and a unit, such as 20 GiB (units: {', '.join(UNITS)})")
    return int(Decimal(match[1]) * factor)


def format_size(size: int) -> str:
    """Given bytes, return them in the largest binary unit that fits, with one decimal where it is not whole."""
    if size < 0:
        return f"-{format_size(-size)}"
    for unit in _BINARY:
        whole, rest = divmod(size, UNITS[unit])
        if whole:
            # Rounded down: what is free or still allowed never looks like more than it is.
            tenths = rest * 10 // UNITS[unit]
            return f"{whole}.{tenths} {unit}" if tenths else f"{whole} {unit}"
    return f"{size} B"


def exact_size(size: int) -> str:
    """Given bytes, return a text that `parse_size` reads back as the same number."""
    for unit in _BINARY:
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]} {unit}"
    return f"{size} B"
