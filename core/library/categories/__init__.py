"""The seven categories of a movie, as a person edits them: each is checked, read and written as JSON."""

from __future__ import annotations

from core.library.categories.category import Category, Change, Checked, Written
from core.library.categories.envelope import (
    Envelope,
    Opened,
    encode_envelope,
    envelope_schema,
    make_envelope,
    open_envelope,
    revision_of,
)
from core.library.categories.parts import MOST_TOKENS, estimated_tokens, split_envelope
from core.library.categories.problems import InvalidDataError, Path, Problem
from core.library.categories.questions import AmbiguousError, Answers, Candidate, Question
from core.library.categories.registry import CATEGORIES, FILE_NAMES, NAMES, category_named, find_category
from core.library.categories.work import Known

__all__ = [
    "CATEGORIES",
    "FILE_NAMES",
    "MOST_TOKENS",
    "NAMES",
    "AmbiguousError",
    "Answers",
    "Candidate",
    "Category",
    "Change",
    "Checked",
    "Envelope",
    "InvalidDataError",
    "Known",
    "Opened",
    "Path",
    "Problem",
    "Question",
    "Written",
    "category_named",
    "encode_envelope",
    "envelope_schema",
    "estimated_tokens",
    "find_category",
    "make_envelope",
    "open_envelope",
    "revision_of",
    "split_envelope",
]
