"""What the tests of the category commands share: a library, and texts given to commands and got from them."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import sys
from contextlib import closing
from typing import Any

from tests.cli.conftest import House, Ran


def sums(library: House) -> dict[str, str]:
    """A sum of the rows of each table."""
    with closing(sqlite3.connect(library.root / "app.db")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: hashlib.sha256(repr(list(connection.execute(f'SELECT * FROM "{name}"'))).encode()).hexdigest()
            for name in names
        }


def given(library: House, text: str | bytes, *words: str) -> Ran:
    """Run a command with a text on its standard input."""
    before = sys.stdin
    data = text if isinstance(text, bytes) else text.encode()
    sys.stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    try:
        return library.greenroom(*words)
    finally:
        sys.stdin = before


def exported(library: House, name: str, movie: str = "tmdb-550") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(library.done("category", "export", movie, name).out)
    return found
