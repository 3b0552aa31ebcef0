"""The names of files that hold a category: what they are called going out, and what a name says coming in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from core.library.categories import Category, find_category
from core.library.exchange.shape import Wanted

_NAME = re.compile(
    r"(?:(?:.*/)?(?P<movie>[^/]+)/)?(?P<category>[a-z]+(?:[-_][a-z]+)*)(?:\.\d+-of-\d+)?\.json", re.DOTALL
)


def folder_name(movie_id: str) -> str:
    """Return an id as the name of one folder: what could climb out of it, or is not of plain letters, as %XX."""
    name = quote(movie_id, safe="")
    return name.replace(".", "%2E") if name.startswith(".") else name


def file_name(category: Category[Any], number: int = 1, of: int = 1) -> str:
    """Return the name of a category's file; of one of several parts with its number."""
    return f"{category.file_name}.json" if of == 1 else f"{category.file_name}.{number}-of-{of}.json"


def told_by(name: str, wanted: Wanted) -> Wanted:
    """Return what is certain, else what the name of a file says that it holds."""
    found = _NAME.fullmatch(name)
    category = find_category(found["category"]) if found else None
    if found is None or category is None or wanted.category is not None:
        return wanted
    return Wanted(category, wanted.movie_id or found["movie"], certain=False)
