"""The categories there are, in their order. A new one is a module, and its line here."""

from __future__ import annotations

from typing import Any

from core.documents import said_value
from core.errors import UsageError
from core.forms.problems import quoted_suggestion
from core.library.categories import awards, basic_info, cast_crew, media, streaming, timeline, trivia
from core.library.categories.category import Category

CATEGORIES: tuple[Category[Any], ...] = (
    basic_info.CATEGORY,
    cast_crew.CATEGORY,
    timeline.CATEGORY,
    trivia.CATEGORY,
    awards.CATEGORY,
    media.CATEGORY,
    streaming.CATEGORY,
)
NAMES = tuple(category.name for category in CATEGORIES)
FILE_NAMES = tuple(category.file_name for category in CATEGORIES)

_BY_NAME = {name: category for category in CATEGORIES for name in (category.name, category.file_name)}


def find_category(name: str) -> Category[Any] | None:
    """Return the category with this name, with underscores or with hyphens; None where there is none."""
    return _BY_NAME.get(name)


def category_named(name: str) -> Category[Any]:
    """Return the category with this name; raise UsageError, with a suggestion, where there is none."""
    found = find_category(name)
    if found is None:
        guess = quoted_suggestion(name, FILE_NAMES)
        hint = f"categories: {', '.join(FILE_NAMES)}"
        raise UsageError(f"there is no category {said_value(name)}", hint=f"{guess} {hint}" if guess else hint)
    return found
