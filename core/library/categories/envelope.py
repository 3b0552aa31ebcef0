"""The JSON object around a category's data: which movie, from when, from which source, and of which revision."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.library.categories.category import Category, Json
from core.library.categories.fields import Item, Name50, Text255
from core.library.categories.problems import Problem, problem_of, quoted_suggestion, shown
from core.library.categories.registry import CATEGORIES, NAMES, find_category
from core.library.models import Movie

VERSION: Final = "1.0"
Source = Literal["tmdb", "manual", "llm-generated"]

_NAMES_BOTH_WAYS = [name for category in CATEGORIES for name in dict.fromkeys((category.name, category.file_name))]


def _category_name(value: object) -> str:
    found = find_category(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("category", "no category")
    return found.name


def _moment(value: object) -> dt.datetime:
    if isinstance(value, str):
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return moment
    raise PydanticCustomError("moment", "no time with a zone")


_Moment = Annotated[AwareDatetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
_CategoryName = Annotated[
    str, BeforeValidator(_category_name), WithJsonSchema({"type": "string", "enum": _NAMES_BOTH_WAYS})
]


class Metadata(Item):
    """Where the data comes from. All of it may be missing, as in what a language model answers."""

    source: Source | None = Field(default=None, description="Where the data comes from, or null.")
    last_updated: _Moment | None = Field(default=None, description="When this category last changed, or null.")
    updated_by: Text255 | None = Field(default=None, description="Who changed it last, or null.")
    revision: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Says what was exported, so that a change by somebody else is seen; leave it as it is.",
    )


class Part(Item):
    """One of several that a large export was split into. Its lists hold a part of the items, and are merged."""

    number: Annotated[int, Field(ge=1, le=10_000)] = Field(description="Which one, from 1.")
    of: Annotated[int, Field(ge=1, le=10_000)] = Field(description="How many there are.")


class _Frame(Item):
    """A category of a movie, to be edited and taken back."""

    category: _CategoryName = Field(description="Which category the data is.")
    movie_id: Name50 = Field(description='The id of the movie, "tmdb-550".')
    version: Literal["1.0"] = Field(default=VERSION, description="The version of this format.")
    exported_at: _Moment | None = Field(default=None, description="When it was exported, or null.")
    data: dict[str, Any] = Field(description="The data; a key that is left out keeps its value, null clears it.")
    metadata: Metadata | None = Field(default=None, description="Where the data comes from.")
    part: Part | None = Field(default=None, description="Which part of a large export this is.")
    instructions: Any = Field(default=None, description="Words of a template to a language model; not read.")
    context: Any = Field(default=None, description="What a template tells about the movie; not read.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that was read, with data that its category allows.

    Without `revision` nobody knows which state of the movie it was made from.
    """

    category: Category[Any]
    movie_id: str
    data: Json
    exported_at: dt.datetime | None
    source: Source | None
    last_updated: dt.datetime | None
    updated_by: str | None
    revision: str | None
    part: Part | None

    @property
    def merge_lists(self) -> bool:
        """Whether the lists are parts of lists, and must be merged."""
        return self.part is not None and self.part.of > 1


@dataclass(frozen=True, slots=True)
class Opened:
    """What reading gave: the envelope, or all that is wrong with it and its data."""

    envelope: Envelope | None
    problems: tuple[Problem, ...]


def make_envelope(
    category: Category[Any],
    movie: Movie,
    *,
    exported_at: dt.datetime,
    source: Source | None,
    last_updated: dt.datetime | None = None,
    updated_by: str | None = None,
) -> Json:
    """Return the envelope of a movie's category, ready to be encoded. Times are aware."""
    data = category.read(movie)
    return {
        "category": category.name,
        "movie_id": movie.external_id,
        "version": VERSION,
        "exported_at": exported_at.isoformat(),
        "data": data,
        "metadata": {
            "source": source,
            "last_updated": last_updated.isoformat() if last_updated else None,
            "updated_by": updated_by,
            "revision": revision_of(data),
        },
    }


def encode_envelope(envelope: Mapping[str, Any]) -> bytes:
    """Return an envelope as it is exported: UTF-8, indented, with a newline at its end."""
    return (json.dumps(envelope, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def open_envelope(value: object) -> Opened:
    """Given decoded JSON, return the envelope, or every problem of it and of its data at once.

    Of a version that is not known nothing else is said, for all else may mean something else there.
    """
    if isinstance(value, dict) and value.get("version", VERSION) != VERSION:
        found = f"version {shown(value['version'])}, which this greenroom does not know"
        return Opened(None, (Problem(("version",), found, f'"{VERSION}"'),))
    try:
        frame, problems = _Frame.model_validate(value), []
    except ValidationError as error:
        schema = _Frame.model_json_schema()
        frame, problems = None, [_problem(details, schema) for details in error.errors(include_url=False)]
    category, data = _category_and_data(value)
    if category is not None and data is not None:
        problems += category.check(data, ("data",)).problems
    if frame is None or problems or category is None or data is None:
        return Opened(None, tuple(dict.fromkeys(problems)))
    about = frame.metadata or Metadata()
    envelope = Envelope(
        category=category,
        movie_id=frame.movie_id,
        data=data,
        exported_at=frame.exported_at,
        source=about.source,
        last_updated=about.last_updated,
        updated_by=about.updated_by,
        revision=about.revision,
        part=frame.part,
    )
    return Opened(envelope, ())


def revision_of(data: Mapping[str, Any]) -> str:
    """Return what tells this data from any other: 16 digits of a hash of its canonical JSON."""
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(canonical.encode()).hexdigest()[:16]


def envelope_schema(category: Category[Any]) -> Json:
    """Return the JSON Schema of a category's envelope, with that of its data in it."""
    frame, data = _Frame.model_json_schema(), category.schema()
    inner = {key: value for key, value in data.items() if key != "$defs"}
    names = list(dict.fromkeys((category.name, category.file_name)))
    properties = frame["properties"] | {
        "category": frame["properties"]["category"] | {"enum": names},
        "data": inner,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **frame,
        "title": category.title,
        "properties": properties,
        "$defs": frame["$defs"] | data.get("$defs", {}),
    }


def _problem(details: Any, schema: Json) -> Problem:
    problem = problem_of(details, schema)
    if details["type"] != "category":
        return problem
    guess = quoted_suggestion(str(details["input"]), NAMES)
    return problem._replace(allowed=f"{guess} one of {', '.join(NAMES)}".strip())


def _category_and_data(value: object) -> tuple[Category[Any] | None, Json | None]:
    """Return what can be known of category and data where other keys of the envelope may be wrong."""
    if not isinstance(value, dict):
        return None, None
    name, data = value.get("category"), value.get("data")
    category = find_category(name) if isinstance(name, str) else None
    return category, data if isinstance(data, dict) else None
