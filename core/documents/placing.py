"""Problems of a value, given their places in the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.documents.document import Document
from core.documents.problems import Problem


def placed(problems: Iterable[Problem], document: Document) -> tuple[Problem, ...]:
    """Return problems with their places in the document, in the order of the text."""
    with_places = [
        problem if problem.span else replace(problem, span=document.mark(problem.path)) for problem in problems
    ]
    return tuple(sorted(with_places, key=_order))


def _order(problem: Problem) -> tuple[int, str]:
    return (problem.span.start.offset if problem.span else -1, str(problem))
