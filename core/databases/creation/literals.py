"""Values as SQL literals of an engine, whatever is in them and whatever mode its session is in."""

from __future__ import annotations

from collections.abc import Iterable


def text_literal(engine: str, value: str) -> str:
    """Return a text as SQL; raise ValueError where it has a NUL, which no literal takes.

    Whether MySQL takes a backslash as it is depends on the session, so that a text with one is said in hexadecimal.
    """
    if "\0" in value:
        raise ValueError("a text with NUL is no literal")
    if engine == "mysql" and "\\" in value:
        return f"_utf8mb4 x'{value.encode().hex()}'"
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def enum_literal(engine: str, value: str) -> str:
    """Return a value of an enum's list, where MySQL takes no character set before it."""
    return text_literal(engine, value).removeprefix("_utf8mb4 ")


def is_one_of(engine: str, values: Iterable[str]) -> str:
    """Return the condition, with {} for the column, that it is one of these texts."""
    return f"{{}} IN ({', '.join(text_literal(engine, value) for value in values)})"


def bytes_literal(engine: str, value: bytes) -> str:
    if engine == "postgresql":
        return rf"'\x{value.hex()}'"
    return f"UNHEX('{value.hex()}')" if engine == "mysql" else f"x'{value.hex()}'"
