"""An envelope taken back: which category it is, found from its content, and all that is wrong with it at once."""

from __future__ import annotations

from core.documents import Problem, said_value
from core.forms.envelope import Opened, frame_errors, frame_problems, opened, unknown_version
from core.forms.problems import quoted_suggestion
from core.library.categories.frame import CategoryFrame
from core.library.categories.registry import NAMES, find_category


def open_envelope(value: object) -> Opened:
    """Given decoded JSON, return the envelope, or every problem of it and of its data at once.

    Of a version that is not known nothing else is said, for all else may mean something else there.
    """
    unknown = unknown_version(value)
    if unknown is not None:
        return Opened(None, (unknown,))
    frame, errors = frame_errors(CategoryFrame, value)
    named = value.get("category") if isinstance(value, dict) else None
    category = find_category(named) if isinstance(named, str) else None
    if category is None and isinstance(value, dict) and "category" in value:
        errors = [details for details in errors if details["loc"] != ("category",)]
        problems = [_no_category(named), *frame_problems(CategoryFrame, errors)]
    else:
        problems = frame_problems(CategoryFrame, errors)
    if isinstance(frame, CategoryFrame) and category is not None and not problems:
        return opened(category, frame.movie_id, frame)
    data = value.get("data") if isinstance(value, dict) else None
    if category is not None and isinstance(data, dict):
        problems += category.check(data, ("data",)).problems
    return Opened(None, tuple(dict.fromkeys(problems)))


def _no_category(named: object) -> Problem:
    guess = quoted_suggestion(str(named), NAMES)
    return Problem(("category",), said_value(named), f"{guess} one of {', '.join(NAMES)}".strip())
