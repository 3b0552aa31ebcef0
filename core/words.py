"""Text for people, the same in both faces."""

from __future__ import annotations


def plural(count: int, word: str) -> str:
    """Return a number with its word: 1 file, 2,000 files, 3 entries."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word[:-1]}ies" if word.endswith("ry") else f"{count:,} {word}s"


def printable(text: str) -> str:
    """Return text from outside on one line, with a question mark for each character that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
