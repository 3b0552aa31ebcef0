"""Envelopes read from what a person or a language model gives: mended where that is certain, else every problem."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from core.documents import MOST_CHARACTERS, Path, Problem, Span, placed, read, said_mends, said_value
from core.forms import Envelope, InvalidDataError
from core.library.categories import open_envelope
from core.library.exchange.shape import ANYTHING, Shaped, Wanted, shaped

MOST_BYTES = MOST_CHARACTERS

_MOST_IN_A_LIST = 1_000
_QUICKLY = 1 << 20  # bytes; what is longer is read by the parser that counts values and levels
_MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """An envelope that was read, and in words what was mended for it: nothing where it was sound."""

    envelope: Envelope
    notes: tuple[str, ...]


def read_envelope(source: str | bytes, wanted: Wanted = ANYTHING) -> Taken:
    """Return the one envelope in a text; raise as `read_envelopes`, also where there are several."""
    taken = read_envelopes(source, wanted)
    if len(taken) > 1:
        raise InvalidDataError([Problem((), f"a list of {len(taken)} envelopes", "one")])
    return taken[0]


def read_envelopes(source: str | bytes, wanted: Wanted = ANYTHING) -> list[Taken]:
    """Return the envelope in a text, or those of a list of them; `wanted` is what the caller says it is about.

    Raise DocumentError where it is no JSON even after mending, InvalidDataError with all that is wrong, each with its
    path, line and column.
    """
    quick = _sound(source, wanted)
    if quick is not None:
        return [quick]
    reading = read(source)
    value = reading.document.value
    mends = tuple(said_mends(reading.mends))
    problems: list[Problem] = []
    taken: list[Taken] = []
    several = _is_list_of_envelopes(value)
    for number, one in enumerate(value if isinstance(value, list) and several else [value]):
        before = (number,) if several else ()
        shape = shaped(one, wanted)
        opened = open_envelope(shape.value)
        found = [*opened.problems, *_contradictions(shape, wanted)]
        if opened.envelope is None or found:
            problems += _in_the_text(found, shape, before, reading.document.mark)
        else:
            taken.append(Taken(opened.envelope, (*mends, *_few(shape.notes))))
    if problems:
        raise InvalidDataError(placed(problems, reading.document))
    return taken


def _sound(source: str | bytes, wanted: Wanted) -> Taken | None:
    """Return the envelope of a text that is nothing but a sound one, which costs a tenth; None for any other."""
    if len(source) > _QUICKLY:
        return None
    try:
        text = source.decode() if isinstance(source, bytes) else source
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not {"category", "movie_id", "data"} <= value.keys():
        return None
    opened = open_envelope(value)
    if opened.envelope is None or _contradictions(Shaped(value), wanted):
        return None
    return Taken(opened.envelope, ())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refused(_constant: str) -> NoReturn:
    raise ValueError


def _contradictions(shape: Shaped, wanted: Wanted) -> list[Problem]:
    """Return where an envelope is about something else than the caller says."""
    value = shape.value
    if not isinstance(value, dict) or not wanted.certain:
        return []
    found = []
    category, movie_id = value.get("category"), value.get("movie_id")
    if wanted.category is not None and isinstance(category, str):
        names = {wanted.category.name, wanted.category.file_name}
        if category not in names:
            found.append(
                Problem(("category",), said_value(category), f"{said_value(wanted.category.name)}, as was said")
            )
    if wanted.movie_id is not None and isinstance(movie_id, str) and movie_id != wanted.movie_id:
        found.append(Problem(("movie_id",), said_value(movie_id), f"{said_value(wanted.movie_id)}, as was said"))
    return found


def _in_the_text(
    problems: Iterable[Problem], shape: Shaped, before: tuple[int, ...], mark: Callable[[Path], Span]
) -> Iterable[Problem]:
    """Yield problems with the places that what they are about has in the text."""
    for problem in problems:
        yield replace(problem, path=before + problem.path, span=mark(before + shape.origin(problem.path)))


def _is_list_of_envelopes(value: object) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= _MOST_IN_A_LIST
        and all(isinstance(one, dict) and "data" in one for one in value)
    )


def _few(notes: list[str]) -> tuple[str, ...]:
    """Return the notes, without what would only repeat them for each item of a list."""
    shown = tuple(dict.fromkeys(notes))
    more = len(shown) - _MOST_NOTES
    return (*shown[:_MOST_NOTES], f"and {more} more of this kind") if more > 0 else shown
