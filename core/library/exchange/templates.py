"""Templates: envelopes with words to a language model, made from the schema of a category, which import as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.forms import VERSION, Form, Json, revision_of
from core.forms.schemas import allowed_words, keys_at, schema_at
from core.library.models import Movie

PLACEHOLDER: Final = "MOVIE-ID"

_LONGEST_EXAMPLE = 80
_TASK = (
    'Fill in "data" for the movie told in "context", and answer with this whole JSON object and nothing else: no words'
    " before or after it, no comments, no code fence."
)
_RULES = (
    "Use the keys named in fields and no others; text stands in double quotes.",
    "Write only what you know to be true. Leave out a key to keep the value that the movie has.",
    "null clears a value where null is allowed.",
    "A list that you write takes the place of the present one: repeat the items that shall stay, in their order.",
    'Leave "category", "movie_id", "version" and "metadata" as they are.',
)
_EXAMPLE_ONLY = (
    'The data below is an example of the form only: put the movie\'s own in its place, and its id into "movie_id".'
)
_SAMPLES = {"date": "2000-01-31", "uri": "https://example.org/", "date-time": "2000-01-31T12:00:00+00:00"}
_NUMBERS = {"integer": 1, "number": 1.5}


def template(category: Form[Movie], movie: Movie | None) -> Json:
    """Return a template of a category: an envelope that imports as it is.

    For a movie its data is what the movie has, so that nothing is lost by importing it; `context` has an example of
    what is empty there. Without one the data is the example, and the movie's id is to be filled in.
    """
    example = example_of(category.schema())
    instructions: Json = {"task": _TASK, "rules": list(_RULES), "fields": dict(_fields(category.schema()))}
    if movie is None:
        instructions["rules"].append(_EXAMPLE_ONLY)
        address, data, revision = _placeholder(category), example, None
        context: Json = {}
    else:
        address, data = category.address(movie), category.read(movie)
        revision = revision_of(data)
        context = _context(movie)
        empty = {key: example[key] for key, value in data.items() if value in (None, [])}
        if empty:
            context["example_of_what_is_empty"] = empty
    return {
        "instructions": instructions,
        "context": context,
        **address,
        "version": VERSION,
        "data": data,
        "metadata": {"source": "llm-generated", "revision": revision},
    }


def example_of(schema: Json) -> Any:
    """Return a value that a JSON Schema allows, with each text its own description."""
    return _example(schema, schema)


def _placeholder(category: Form[Movie]) -> Json:
    return {"category": category.name, "movie_id": PLACEHOLDER}


def _context(movie: Movie) -> Json:
    """Return what tells the movie from every other."""
    directors = [credit.person.name for credit in movie.credits if credit.role == "director"]
    told = {
        "title": movie.title,
        "year": movie.year,
        "media_type": movie.media_type,
        "directors": directors,
        "imdb_id": movie.imdb_id,
        "tmdb_id": movie.tmdb_id,
    }
    return {key: value for key, value in told.items() if value not in (None, [])}


def _fields(schema: Json, path: tuple[str | int, ...] = (), said: str = "") -> Iterator[tuple[str, str]]:
    """Yield for each key of the data, and of the items of its lists, what it means and allows."""
    for key in keys_at(schema, path):
        part = schema_at(schema, (*path, key))
        name = f"{said}.{key}" if said else key
        yield name, " ".join(filter(None, (part.get("description", ""), f"Allowed: {allowed_words(part)}.")))
        if keys_at(schema, (*path, key, 0)):
            yield from _fields(schema, (*path, key, 0), f"{name}[]")


def _example(root: Json, part: Mapping[str, Any]) -> Any:
    """Return an example of what a part of a schema allows; of alternatives the first."""
    described = part.get("description", "")
    while "$ref" in part or "anyOf" in part:
        part = part["anyOf"][0] if "anyOf" in part else root["$defs"][part["$ref"].rpartition("/")[2]]
    if "enum" in part or "const" in part:
        return part["const"] if "const" in part else part["enum"][0]
    kind = part.get("type")
    if kind == "object":
        # An id that is made up would become somebody's.
        return {
            key: None if key == "id" else _example(root, inner) for key, inner in part.get("properties", {}).items()
        }
    if kind == "array":
        return [_example(root, part["items"])]
    if kind == "string":
        return _text(part, described or "An example")
    if kind in _NUMBERS:
        return max(_NUMBERS[kind], part.get("minimum", 0))
    return False if kind == "boolean" else None


def _text(part: Mapping[str, Any], described: str) -> str:
    if part.get("pattern") == "^[0-9]{4}$":
        return "2000"
    if part.get("format") in _SAMPLES:
        return _SAMPLES[part["format"]]
    return described[: min(part.get("maxLength", _LONGEST_EXAMPLE), _LONGEST_EXAMPLE)]
