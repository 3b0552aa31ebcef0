"""The seven categories of a movie, as a person edits them: each is checked, read and written as JSON."""

from __future__ import annotations

from core.library.categories.category import Category, Change, Checked, Written
from core.library.categories.problems import InvalidDataError, Path, Problem
from core.library.categories.questions import AmbiguousError, Answers, Candidate, Question
from core.library.categories.registry import CATEGORIES, FILE_NAMES, NAMES, category_named, find_category
from core.library.categories.work import Known

__all__ = [
    "CATEGORIES",
    "FILE_NAMES",
    "NAMES",
    "AmbiguousError",
    "Answers",
    "Candidate",
    "Category",
    "Change",
    "Checked",
    "InvalidDataError",
    "Known",
    "Path",
    "Problem",
    "Question",
    "Written",
    "category_named",
    "find_category",
]
