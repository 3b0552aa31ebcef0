"""The default of a column, out of the SQL text in which its engine keeps it."""

from __future__ import annotations

import re

from core.databases.schema import Default

_CAST = re.compile(r"\s*::\s*[\w\s\"\[\].]+(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*\s*\Z")
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_INTEGER = re.compile(r"[-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_NOW = re.compile(
    r"(?:current_timestamp|current_date|current_time|localtimestamp|localtime)(?:\(\d*\))?|now\(\d*\)|curdate\(\)|"
    r"(?:transaction_timestamp|statement_timestamp)\(\)|utc_timestamp\(\d*\)|"
    r"\(?current_timestamp at time zone 'utc'(?:::text)?\)?",
    re.IGNORECASE,
)
_LONGEST_INTEGER = 40


def parse_default(sql: str | None) -> Default | None:
    """Given a default as SQL, return what it means: a literal, now, or SQL that only its own engine knows."""
    if sql is None:
        return None
    text = _unwrapped(sql.strip())
    if text.upper() == "NULL":
        return None
    if _NOW.fullmatch(text):
        return Default(kind="now")
    literal = _literal(text)
    return Default(kind="sql", value=text) if literal is None else Default(kind="literal", value=literal)


def _literal(text: str) -> str | int | bool | None:
    """Return the value of a literal, a number with a point as text so that its digits stay; None where it is none."""
    quoted = _TEXT.fullmatch(text)
    if quoted is not None:
        return quoted[1].replace("''", "'")
    if text.upper() in {"TRUE", "FALSE"}:
        return text.upper() == "TRUE"
    if _INTEGER.fullmatch(text) and len(text) <= _LONGEST_INTEGER:
        return int(text)
    return text if _DECIMAL.fullmatch(text) else None


def _unwrapped(text: str) -> str:
    """Without PostgreSQL's casts, and without parentheses around all of a literal."""
    while True:
        cast = _CAST.search(text)
        shorter = text[: cast.start()] if cast else text
        if shorter.startswith("(") and shorter.endswith(")") and not set("()") & set(shorter[1:-1]):
            shorter = shorter[1:-1].strip()
        if shorter == text:
            return text
        text = shorter
