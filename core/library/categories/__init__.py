"""The seven categories of a movie, as a person edits them: each is checked, read and written as JSON."""

from __future__ import annotations

from core.library.categories.category import Category
from core.library.categories.opening import open_envelope
from core.library.categories.registry import CATEGORIES, FILE_NAMES, NAMES, category_named, find_category
from core.library.categories.work import Known

__all__ = [
    "CATEGORIES",
    "FILE_NAMES",
    "NAMES",
    "Category",
    "Known",
    "category_named",
    "find_category",
    "open_envelope",
]
