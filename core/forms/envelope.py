"""The JSON object around the data of a form: what it is about, from when, from which source, of which revision."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from core.documents import Problem, said_value, write
from core.forms.form import Form, Json
from core.forms.problems import problem_of
from core.forms.strict import STORABLE, Item

VERSION: Final = "1.0"


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
EnvelopeSource = Literal["tmdb", "manual", "llm-generated"]
_Actor = Annotated[str, Field(max_length=255), STORABLE]


class Metadata(Item):
    """Where the data comes from. All of it may be missing, as in what a language model answers."""

    source: EnvelopeSource | None = Field(default=None, description="Where the data comes from, or null.")
    last_updated: _Moment | None = Field(default=None, description="When this data last changed, or null.")
    updated_by: _Actor | None = Field(default=None, description="Who changed it last, or null.")
    revision: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="Says what was exported, so that a change by somebody else is seen; leave it as it is.",
    )


class Part(Item):
    """One of several that a large export was split into. Its lists hold a part of the items, and are merged."""

    number: Annotated[int, Field(ge=1, le=10_000)] = Field(description="Which one, from 1.")
    of: Annotated[int, Field(ge=1, le=10_000)] = Field(description="How many there are.")


class Frame(Item):
    """What every envelope has; a form's own adds what it is about."""

    version: Literal["1.0"] = Field(default=VERSION, description="The version of this format.")
    exported_at: _Moment | None = Field(default=None, description="When it was exported, or null.")
    data: dict[str, Any] = Field(description="The data; a key that is left out keeps its value, null clears it.")
    metadata: Metadata | None = Field(default=None, description="Where the data comes from.")
    part: Part | None = Field(default=None, description="Which part of a large export this is.")
    instructions: Any = Field(default=None, description="Words of a template to a language model; not read.")
    context: Any = Field(default=None, description="What a template tells about the thing; not read.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that was read, with data that its form allows.

    Without `revision` nobody knows which state of the thing it was made from.
    """

    form: Form[Any]
    key: str
    data: Json
    exported_at: dt.datetime | None
    source: EnvelopeSource | None
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
    form: Form[Any],
    thing: Any,
    *,
    exported_at: dt.datetime,
    source: EnvelopeSource | None,
    last_updated: dt.datetime | None = None,
    updated_by: str | None = None,
) -> Json:
    """Return the envelope of a thing's data, ready to be encoded. Times are aware."""
    data = form.read(thing)
    return {
        **form.address(thing),
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
    """Return an envelope as it is exported: indented UTF-8 with a newline at its end, nothing that a terminal obeys."""
    return write(envelope).encode()


def revision_of(data: Mapping[str, Any]) -> str:
    """Return what tells this data from any other: 16 digits of a hash of its canonical JSON."""
    canonical = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(canonical.encode()).hexdigest()[:16]


def unknown_version(value: object) -> Problem | None:
    """Given decoded JSON, return the problem that its version is not known; then nothing else may be said of it."""
    if isinstance(value, dict) and value.get("version", VERSION) != VERSION:
        found = f"version {said_value(value['version'])}, which this greenroom does not know"
        return Problem(("version",), found, f'"{VERSION}"')
    return None


def frame_errors(frame: type[Frame], value: object) -> tuple[Frame | None, list[ErrorDetails]]:
    """Return the frame that a value is, or what pydantic finds wrong with it."""
    try:
        return frame.model_validate(value), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def frame_problems(frame: type[Frame], errors: Iterable[ErrorDetails]) -> list[Problem]:
    """Return what is wrong with a frame, in words."""
    found = list(errors)
    schema = frame.model_json_schema() if found else {}
    return [problem_of(details, schema) for details in found]


def opened(form: Form[Any], key: str, frame: Frame) -> Opened:
    """Given a frame that is sound and what it is about, return the envelope, or what is wrong with its data."""
    problems = form.check(frame.data, ("data",)).problems
    if problems:
        return Opened(None, problems)
    about = frame.metadata or Metadata()
    envelope = Envelope(
        form=form,
        key=key,
        data=frame.data,
        exported_at=frame.exported_at,
        source=about.source,
        last_updated=about.last_updated,
        updated_by=about.updated_by,
        revision=about.revision,
        part=frame.part,
    )
    return Opened(envelope, ())


def framed_schema(frame: type[Frame], title: str, data: Json, address: Json) -> Json:
    """Return the JSON Schema of an envelope: that of its frame, of its data, and of what says what it is about."""
    outer = frame.model_json_schema()
    inner = {key: value for key, value in data.items() if key != "$defs"}
    about = {key: outer["properties"][key] | words for key, words in address.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **outer,
        "title": title,
        "properties": about
        | {key: part for key, part in outer["properties"].items() if key not in about}
        | {"data": inner},
        "required": [*address, "data"],
        "$defs": outer["$defs"] | data.get("$defs", {}),
    }
