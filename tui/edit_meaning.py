"""What a text in the editor means: its data, whether it stands there alone or in an envelope, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from core.documents import Document, DocumentError, Path, Problem, placed, read, said_mends, said_value
from core.forms import Json, Source
from core.forms.envelope import unknown_version
from core.forms.schemas import keys_at
from tui.sheets import Sheet

_NO_OBJECT = "an object: the data in { }"


@dataclass(frozen=True, slots=True)
class Meant:
    """The data of a text, which stands in it below the path `before`; the rest is what its envelope says.

    Without `revision` the text does not say which state it was made from.
    """

    data: Json
    before: Path = ()
    merge_lists: bool = False
    source: Source | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """A text read: `document` where it is JSON, `meant` where that is an object, `problems` in the order of the text.

    `said` are lines: what was mended, what the text was taken for.
    """

    document: Document | None
    meant: Meant | None
    problems: tuple[Problem, ...]
    said: tuple[str, ...] = ()


def understand(sheet: Sheet, address: Mapping[str, Any], text: str) -> Understood:
    """Given the text and the keys that an envelope of the sheet begins with, return what it means."""
    try:
        reading = read(text)
    except DocumentError as error:
        return Understood(None, None, error.problems)
    document, said = reading.document, tuple(said_mends(reading.mends))
    value = document.value
    if not isinstance(value, dict):
        problem = Problem((), f"the text is {said_value(value)}", _NO_OBJECT)
        return Understood(document, None, placed([problem], document), said)
    unknown = None
    if is_envelope(sheet, address, value):
        unknown = unknown_version(value)
        meant = opened(value)
        problems = [unknown] if unknown else other_things(sheet, address, value)
        said = ("this is a whole envelope: its data counts", *said)
    else:
        meant, problems = Meant(value), []
    if unknown is None:
        problems += sheet.form.check(meant.data, meant.before).problems
    return Understood(document, meant, placed(problems, document), said)


def is_envelope(sheet: Sheet, address: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Whether an object is an envelope rather than data: `data` is no key of the data, or all of the frame is there."""
    if not isinstance(value.get("data"), dict):
        return False
    return "data" not in keys_at(sheet.form.schema(), ()) or set(address) <= set(value)


def opened(value: Mapping[str, Any]) -> Meant:
    """Return what an envelope says, as far as it says it."""
    about, part = value.get("metadata"), value.get("part")
    about = about if isinstance(about, dict) else {}
    source, revision = about.get("source"), about.get("revision")
    return Meant(
        data=value["data"],
        before=("data",),
        merge_lists=isinstance(part, dict) and isinstance(part.get("of"), int) and part["of"] > 1,
        source=source if source in get_args(Source) else None,
        revision=revision if isinstance(revision, str) else None,
    )


def other_things(sheet: Sheet, address: Mapping[str, Any], value: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of an envelope that says it is about something else."""
    known = sheet.form.envelope_schema().get("properties", {})
    problems = []
    for key, wanted in address.items():
        found = value.get(key, wanted)
        if found != wanted and found not in known.get(key, {}).get("enum", ()):
            problems.append(Problem((key,), f"{said_value(found)}: this is of something else", said_value(wanted)))
    return problems


def put_back(problems: tuple[Problem, ...], understood: Understood) -> tuple[Problem, ...]:
    """Given problems of the data alone, return them with their places in the text."""
    if understood.document is None or understood.meant is None:
        return problems
    before = understood.meant.before
    return placed((replace(each, path=before + each.path) for each in problems), understood.document)
